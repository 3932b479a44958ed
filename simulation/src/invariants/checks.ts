/**
 * I1–I12 while the world runs. Each check looks only at what the step touched, and compares what our books say with what
 * the world knows: the gateways' own ledgers, the bytes on the cards, what the meters credited, who put which card where.
 */
import { isDeepStrictEqual } from "node:util";
import type { CardAnswer } from "@citygas/api";
import {
  type Attempt,
  deliveredAmount,
  type Id,
  numberAfter,
  openStates,
  type Purchase,
  type PurchaseEvent,
  type Transition,
  versionInForce,
  type Write,
} from "@citygas/core";
import { type CardScript, fromHex } from "@citygas/gascard";
import { loggedEvent, type MeterCommand } from "@citygas/server";
import type { PhysicalCard } from "../world/card.ts";
import type { Gateway } from "../world/gateway.ts";
import type { Household } from "../world/household.ts";
import type { Kiosk } from "../world/kiosk.ts";
import { attemptIdOf, type Before } from "../world/store.ts";
import type { Visit } from "../world/visit.ts";
import type { World } from "../world/world.ts";
import { accountAgrees } from "./books.ts";
import type { Invariant } from "./violation.ts";

const isOpen = (p: Purchase): boolean => openStates.some((state) => state === p.state);
const isFinal = (p: Purchase): boolean => ["delivered", "refunded", "void"].includes(p.state);
const isOut = (state: Purchase["state"]): boolean => ["issued", "unknown", "manual"].includes(state);
/** Its number on its card, or at its meter over a link. */
const countOf = ({ cardId }: Purchase, countBefore: number): number =>
  cardId === null ? numberAfter(countBefore) : countBefore + 1;
/** Servers' clocks differ by some seconds at most, and a reader's command takes a moment. */
const clockToleranceMs = 10_000;

export class Checks {
  readonly #world: World;
  /** `meter count` → the purchase with that number, and what the meter credited for it. */
  readonly #numbers = new Map<string, Id>();
  readonly #credited = new Map<string, number>();
  /** Power-up → the card that was really in, and when its image was taken. */
  readonly #inserted = new Map<string, PhysicalCard>();
  readonly #imageAt = new Map<string, number>();
  /** Card → when its last script really left the centre, and the image before it. */
  readonly #scriptAt = new Map<Id, { at: number; powerUpId: string }>();
  readonly #before = new Map<Id, Uint8Array>();

  constructor(world: World) {
    this.#world = world;
  }

  #fail(invariant: Invariant, text: string): void {
    this.#world.violate(invariant, text);
  }

  // --- what terminals do

  inserted(powerUpId: string, card: PhysicalCard): void {
    this.#inserted.set(powerUpId, card);
  }

  imageTaken(_sessionId: string, powerUpId: string): void {
    this.#imageAt.set(powerUpId, this.#world.scheduler.now);
  }

  /** I6, I10: what a terminal is told belongs to the card that is in, and shows no full name. */
  answered(visit: Visit, answer: CardAnswer): void {
    if (!("customer" in answer)) return;
    const { customer } = answer;
    const card = this.#inserted.get(visit.powerUpId);
    const owner = this.#world.everybody().find((each) => each.plan.name === card?.household);
    if (owner === undefined) return;
    if (customer.accountNumber !== owner.customer.accountNumber)
      this.#fail("I6", `${visit.kiosk.name} shows account ${customer.accountNumber} to the ${card?.label}`);
    if (customer.name === owner.customer.holderName || customer.address === owner.customer.address)
      this.#fail("I10", `${visit.kiosk.name} shows a full name or address`);
  }

  /** I5: the kiosk's journal says so before the first byte is written, and the power-up is the script's. */
  cardWritten(kiosk: Kiosk, card: PhysicalCard): void {
    const powerUpId = kiosk.slot?.powerUpId;
    const start = kiosk.disk.durable.unreportedScripts.find((each) => each.powerUpId === powerUpId);
    if (start === undefined) {
      this.#fail("I5", `${kiosk.name} writes the ${card.label}, and its journal does not say that it would`);
      return;
    }
    const script = this.#scripts.get(start.scriptId);
    if (script === undefined) {
      this.#fail("I5", `${kiosk.name} writes by a script that the centre never issued`);
      return;
    }
    if (this.#world.scheduler.now > script.deadlineAt + clockToleranceMs)
      this.#fail("I5", `${kiosk.name} writes the ${card.label} after its script's deadline`);
  }

  readonly #scripts = new Map<Id, { deadlineAt: number; powerUpId: string }>();

  scriptStarts(kiosk: Kiosk, script: CardScript): void {
    const known = this.#scripts.get(script.id);
    const powerUpId = kiosk.slot?.powerUpId;
    if (known !== undefined && powerUpId !== undefined && known.powerUpId !== powerUpId)
      this.#fail("I5", `${kiosk.name} runs a script that was made for another power-up`);
  }

  journalReopened(_kiosk: Kiosk, _state: unknown): void {
    // What the journal's own code read back is what the kiosk goes on with; a damaged line would have thrown.
  }

  // --- money

  /** I5, I11: `submitted` is durable, this number was never sent before, nor this code for the same purchase. */
  payLeaves(gateway: Gateway, no: string, amountFen: number, code: string): void {
    const calls = (gateway.sent.get(no) ?? 0) + 1;
    gateway.sent.set(no, calls);
    if (calls > 1) this.#fail("I11", `payment ${no.slice(-6)} is sent ${calls} times`);
    const attempt = this.#attemptBy(no);
    if (attempt === undefined || attempt.state === "created")
      this.#fail("I5", `payment ${no.slice(-6)} over ${amountFen} leaves, and no row says that it would`);
    const intent = `${attempt?.purchaseId} ${code}`;
    const before = this.#sentFor.get(intent) ?? no;
    this.#sentFor.set(intent, no);
    if (before !== no) this.#fail("I11", `one code is sent as payment ${before.slice(-6)} and as ${no.slice(-6)}`);
  }

  /** Purchase and code → the order number that the code was sent under. */
  readonly #sentFor = new Map<string, string>();

  /** I5: an order that is paid later is in the books before the gateway hears of it. */
  orderLeaves(no: string): void {
    const attempt = this.#attemptBy(no);
    if (attempt === undefined || attempt.state === "created")
      this.#fail("I5", `order ${no.slice(-6)} leaves, and no row says that it would`);
  }

  #attemptBy(no: string): Attempt | undefined {
    return this.#world.store.peek("attempt", attemptIdOf(no))?.state;
  }

  /** I2 from the gateway's side: gas that a meter has taken is not paid back. */
  refundLands(no: string): void {
    const attempt = this.#attemptBy(no);
    const p = attempt && this.#world.store.peek("purchase", attempt.purchaseId)?.state;
    if (p === undefined || p.paidAttemptId !== attempt?.id || p.countBefore === null) return;
    const key = this.#numberOf(p.meterId, countOf(p, p.countBefore));
    if ((this.#credited.get(key) ?? 0) > 0 && this.#numbers.get(key) === p.id)
      this.#fail("I2", `${p.number} is paid back and its gas is in the meter`);
  }

  // --- gas

  /** A purchase's number on its card. */
  #numberOf(meterId: Id, count: number): string {
    // On a link each meter counts for itself.
    const id = this.#world.meterNet.isOnLink(meterId) ? meterId : this.#world.queries.firstMeterId(meterId);
    return `${id} ${count}`;
  }

  /** I2: a meter credits what one purchase paid for, once. */
  credited(meterId: Id, count: number, amount: number): void {
    if (amount === 0) return;
    const key = this.#numberOf(meterId, count);
    if (this.#credited.has(key)) {
      this.#fail("I2", `${meterId} credits number ${count} a second time`);
      return;
    }
    this.#credited.set(key, amount);
    const id = this.#numbers.get(key);
    const p = id === undefined ? undefined : this.#world.store.peek("purchase", id)?.state;
    if (p === undefined) {
      this.#fail("I2", `${meterId} credits ${amount} as number ${count}, which nobody bought`);
      return;
    }
    if (["refunding", "refunded", "void"].includes(p.state)) {
      this.#fail("I2", `${meterId} credits ${p.number}, which was paid back`);
      return;
    }
    const wanted = deliveredAmount(p);
    if (wanted !== amount) this.#fail("I2", `${meterId} credits ${amount} for ${p.number}, which paid for ${wanted}`);
  }

  wasCredited(meterId: Id, count: number): boolean {
    return (this.#credited.get(this.#numberOf(meterId, count)) ?? 0) > 0;
  }

  /** What the household's card held before its last script; null: there was none. */
  lastBefore({ cardId }: Household): Uint8Array | null {
    return this.#before.get(cardId) ?? null;
  }

  // --- commits

  committed(transition: Transition, before: Before): void {
    for (const [index, write] of transition.writes.entries()) {
      const row = before[index];
      if (write.kind === "purchase") this.#purchase(write, transition, row?.state as Purchase | undefined);
      if (write.kind !== "attempt") continue;
      const old = row?.state as Attempt | undefined;
      this.#attempt(write.state, old);
      if (write.state.drawerId !== null && write.state.state === "paid" && old?.state !== "paid")
        this.#drawerTakes(write.state.drawerId, transition, before);
    }
  }

  /** I7: what was counted stays as it was counted. */
  #drawerTakes(drawerId: Id, { writes }: Transition, before: Before): void {
    const claim = writes.findIndex(({ id }) => id === drawerId);
    const row = claim < 0 ? this.#world.store.peek("account", drawerId) : before[claim];
    if (row !== undefined && "block" in row.state && row.state.block !== null)
      this.#fail("I7", "notes go into a drawer that is closed and counted");
  }

  #purchase(write: Extract<Write, { kind: "purchase" }>, transition: Transition, old: Purchase | undefined): void {
    const { world, p } = { world: this.#world, p: write.state };
    if (old === undefined) world.rows.quoted(p.cardId, p.id);
    if (old?.state === "quoted" && p.confirmedAt !== null) {
      world.purchases += 1;
      this.#priceHolds(p, transition.at);
    }
    if (
      old !== undefined &&
      old.confirmedAt !== null &&
      old.breakdown !== p.breakdown &&
      !isDeepStrictEqual(old.breakdown, p.breakdown)
    )
      this.#fail("I9", `the amounts of ${p.number} change after they were confirmed`);
    if (isOpen(p)) this.#onlyOne(p);
    if (!isFinal(p) && (p.dueAt === null || !world.store.hasTask("purchaseDue", p.id)))
      this.#fail("I12", `${p.number} is ${p.state} and nothing is due`);
    const logged = loggedEvent(transition.event);
    world.say(() => {
      const event = logged.type === "attempt" ? `payment ${logged.event.type}` : logged.event.type;
      const what = logged.event.type === "answered" ? `${event} ${logged.event.outcome.kind}` : event;
      return `  books: ${p.number} ${old?.state ?? "new"} → ${p.state} (${what})`;
    });
    if (logged.type === "purchase") this.#event(p, logged.event, old);
    if (old?.state === p.state) return;
    const wrong = accountAgrees(world.store, p.accountId);
    if (wrong !== null) this.#fail("I7", wrong);
  }

  /** I9: the version that was in force when the customer said yes. */
  #priceHolds(p: Purchase, at: number): void {
    const customer = this.#world.customerFacts(p.accountId);
    const version = customer && versionInForce(customer.tariff, at);
    if (version && version.id !== p.breakdown.tariffVersionId)
      this.#fail("I9", `${p.number} is confirmed at ${p.breakdown.tariffVersionId}, in force is ${version.id}`);
  }

  #onlyOne(p: Purchase): void {
    const others = this.#world.store.purchasesOf(p.accountId);
    const other = others.find((each) => each.id !== p.id && isOpen(each) && each.cardId === p.cardId);
    if (p.cardId !== null && other !== undefined)
      this.#fail("I4", `${p.number} and ${other.number} are open on one card`);
    if (p.cardId === null) this.#oneInFlight(p, others);
  }

  /** Over a link several may wait that are paid; one is paid for at a time, and one is out. */
  #oneInFlight(p: Purchase, others: readonly Purchase[]): void {
    const slotOf = ({ state }: Purchase): string => (isOut(state) ? "out" : state);
    const other = others.find(
      (each) => each.id !== p.id && each.meterId === p.meterId && isOpen(each) && slotOf(each) === slotOf(p),
    );
    if (other !== undefined && p.state !== "paid")
      this.#fail("I4", `${p.number} and ${other.number} are both ${slotOf(p)} for one meter`);
    if (!this.#world.store.hasTask("meterAsk", p.meterId) && p.state !== "paying" && p.state !== "manual")
      this.#fail("I12", `${p.number} is ${p.state}, and nobody asks its meter`);
  }

  /** I5: a recharge is in the books, with its number, before it leaves. */
  commandLeaves(meterId: Id, command: MeterCommand): void {
    if (command.kind !== "recharge") return;
    const id = this.#numbers.get(this.#numberOf(meterId, command.purchaseNo));
    const p = id === undefined ? undefined : this.#world.store.peek("purchase", id)?.state;
    if (p?.command === undefined || deliveredAmount(p) !== command.amount)
      this.#fail("I5", `recharge ${command.purchaseNo} leaves for ${meterId}, and no row says that it would`);
  }

  #event(p: Purchase, event: PurchaseEvent, old: Purchase | undefined): void {
    const { script, countBefore } = p;
    const isIssued = script !== null || p.command !== undefined;
    switch (event.type) {
      case "scriptIssued":
        this.#issued(p, event.script);
        return;
      case "rechargeSent":
        if (countBefore !== null) this.#numbered(p, countOf(p, countBefore));
        return;
      case "rechargeTaken":
        if (countBefore !== null && !this.wasCredited(p.meterId, countOf(p, countBefore)))
          this.#fail("I3", `${p.number} counts as delivered, and its meter has not taken it`);
        return;
      case "recordDisagrees":
        this.#fail("I1", `${p.number} is given to people, and nobody touched its meter but we`);
        return;
      case "cardSettled":
        if (countBefore !== null && !this.#reallyThere(p, countBefore + 1))
          this.#fail("I3", `${p.number} is settled as ${event.as}, and its gas is nowhere`);
        return;
      case "refundProven":
        if (countBefore !== null && !this.#reallyEmpty(p, countBefore + 1))
          this.#fail("I3", `${p.number} is paid back, and its card does not hold the refund image`);
        return;
      case "cardDisagrees": {
        const household = this.#householdOf(p);
        // A plain card can't be finished by a reader: people decide each write of it that failed.
        if (household === undefined || household.driver.cardClass === "C") return;
        if (!household.tampered && !household.wasTorn && !household.liedAbout)
          this.#fail("I1", `${p.number} is sent to the hall, and nobody touched its card but we`);
        return;
      }
      case "meterReplaced":
        this.#meterReplaced(p);
        return;
      case "gaveUp":
      case "due":
        if (event.type === "gaveUp" && event.reason === "terminalGone") this.#kioskIsGone(p);
        if (p.state === "refunding" && old !== undefined && old.state !== "refunding" && isIssued)
          this.#fail("I3", `${p.number} is paid back without proof after its script or recharge went out`);
        return;
      default:
    }
  }

  /** By the old meter's word: what it took is delivered, what it took for nothing is paid back, the rest goes on. */
  #meterReplaced(p: Purchase): void {
    if (p.countBefore === null || (p.script === null && p.command === undefined)) return;
    const taken = this.wasCredited(p.meterId, countOf(p, p.countBefore));
    if (p.state === "delivered" ? !taken : taken)
      this.#fail("I3", `${p.number} is ${p.state} by a meter that has ${taken ? "" : "not "}credited it`);
    const before = fromHex(p.script?.before ?? "");
    if (before !== null && p.cardId !== null) this.#before.set(p.cardId, before);
  }

  /** Who is given up for gone has been silent. */
  #kioskIsGone(p: Purchase): void {
    const { world, kiosk } = {
      world: this.#world,
      kiosk: this.#world.kiosks.find(({ name }) => name === p.terminalId),
    };
    world.faults.hit("kioskGivenUp");
    if (kiosk !== undefined && !kiosk.wasSilentLately())
      this.#fail("I12", `${p.number} is given up, and ${kiosk.name} is there`);
  }

  /**
   * A card is in one reader at a time: once it is in a later one, no script can run that is for an earlier power-up, not
   * even one that a request which came late has just asked for.
   */
  #isOver(earlier: string, later: string): boolean {
    if (this.#inserted.get(earlier) !== this.#inserted.get(later)) return false;
    const order = [...this.#inserted.keys()];
    return order.includes(earlier) && order.indexOf(earlier) < order.indexOf(later);
  }

  #issued(p: Purchase, script: NonNullable<Purchase["script"]>): void {
    const { cardId, countBefore } = p;
    if (cardId === null || countBefore === null) return;
    const { now } = this.#world.scheduler;
    const last = this.#scriptAt.get(cardId);
    const imageAt = this.#imageAt.get(script.powerUpId);
    // Of the same power-up the second script expects what the first one did: one of the two can run.
    const mayBeOlder = last !== undefined && imageAt !== undefined && imageAt < last.at;
    if (mayBeOlder && last.powerUpId !== script.powerUpId && !this.#isOver(last.powerUpId, script.powerUpId))
      this.#fail("I3", `${p.number} is written by an image that is older than the card's last script`);
    this.#scriptAt.set(cardId, { at: now, powerUpId: script.powerUpId });
    this.#scripts.set(script.id, { deadlineAt: script.deadlineAt, powerUpId: script.powerUpId });
    const before = fromHex(script.before);
    if (before !== null) this.#before.set(cardId, before);
    this.#numbered(p, countBefore + 1);
  }

  /** I2: a number is one purchase's. */
  #numbered(p: Purchase, count: number): void {
    const key = this.#numberOf(p.meterId, count);
    const other = this.#numbers.get(key);
    const taken = other === undefined ? undefined : this.#world.store.peek("purchase", other)?.state;
    // Taken back by people without a refund image, a purchase leaves its number to the next one.
    if (taken !== undefined && taken.id !== p.id && taken.state !== "refunded" && taken.state !== "refunding")
      this.#fail("I2", `${p.number} has the number of ${taken.number}`);
    this.#numbers.set(key, p.id);
  }

  #householdOf(p: Purchase): Household | undefined {
    return this.#world.everybody().find((each) => each.cardId === p.cardId);
  }

  #reallyThere(p: Purchase, count: number): boolean {
    const household = this.#householdOf(p);
    if (household === undefined || household.tampered || this.wasCredited(p.meterId, count)) return true;
    const area = household.driver.purchaseArea(household.card.chip.image());
    return area?.count === count && area.amount > 0;
  }

  #reallyEmpty(p: Purchase, count: number): boolean {
    const household = this.#householdOf(p);
    if (household === undefined || household.tampered) return true;
    const area = household.driver.purchaseArea(household.card.chip.image());
    return area?.count === count && area.amount === 0 && !this.wasCredited(p.meterId, count);
  }

  /** Late money that its channel never gives back has people for its owner: the task that calls them, or theirs. */
  #isWithStaff({ id, lateSuccess }: Attempt): boolean {
    if (lateSuccess?.stuck !== true) return false;
    const { store, rows } = this.#world;
    return store.hasTask("staff", id) || [...rows.staff.values()].some(({ ref }) => ref === id);
  }

  /** I1 for money: an attempt that ended without money left none at the gateway, and none can come; I12: it has a task. */
  #attempt(attempt: Attempt, old: Attempt | undefined): void {
    const { state, outTradeNo: no } = attempt;
    const live = ["created", "submitted", "pending", "reversing"].includes(state);
    const kinds = ["attemptSubmit", "attemptQuery", "attemptReverse", "attemptClose", "lateRefund"] as const;
    if (live && !kinds.some((kind) => this.#world.store.hasTask(kind, attempt.id)) && !this.#isWithStaff(attempt))
      this.#fail("I12", `payment ${no.slice(-6)} is ${state} and nothing is due`);
    if (old?.state === state || (state !== "failed" && state !== "reversed")) return;
    if (attempt.lateSuccess !== null || this.#world.lateByGateway.has(no)) return;
    for (const gateway of this.#world.gateways) {
      const trade = gateway.trades.get(no);
      if (gateway.holdsFen(no) > 0)
        this.#fail("I1", `payment ${no.slice(-6)} counts as ${state}, and the gateway has the money`);
      if (gateway.onTheWay.has(no) || (trade?.state === "open" && trade.inHand))
        this.#fail("I1", `payment ${no.slice(-6)} counts as ${state}, and money can still be taken`);
    }
  }
}
