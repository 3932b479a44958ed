/**
 * Purchases of the demo that stopped on their way, made through the same machine and store as every other, so that
 * books, log and card agree. Paid from the balance: the demo's gateway knows nothing of yesterday.
 */
import {
  compose,
  dayOf,
  emptyTierUse,
  type Id,
  type Instant,
  type LoggedEvent,
  type PurchaseBundle,
  type PurchaseEvent,
  quote,
  versionInForce,
} from "@citygas/core";
import { toHex } from "@citygas/gascard";
import { sqlCardRows } from "../cards/cardRows.ts";
import type { Customer, ServerContext } from "../context.ts";
import { loadBundle, must } from "../purchases/bundle.ts";
import { derivedId } from "../purchases/derivedId.ts";
import { tierIdOf } from "../purchases/pricing.ts";
import { purchaseNumber, purchaseToken } from "../purchases/purchaseNumber.ts";
import { adjustBalance } from "../registration/accountMoney.ts";
import { amountOf } from "../registration/replacement.ts";
import { cardImage, driverOf, tornImage } from "./images.ts";
import type { DemoCard, DemoCustomer, DemoStory } from "./types.ts";

export interface StoryPlace {
  accountId: Id;
  cardId: Id;
  meterId: Id;
  terminalId: Id;
  /** When it happened. */
  at: Instant;
}

const writeMs = 60_000;
const dayMs = 86_400_000;

/** Plays the customer's story as far as it goes. @returns the card's image where it stands then. */
export async function playStory(
  ctx: ServerContext,
  customer: DemoCustomer,
  card: DemoCard,
  story: DemoStory,
  place: StoryPlace,
): Promise<Uint8Array> {
  const driver = driverOf(customer);
  const before = cardImage(customer, card, 0);
  const value = story.entry.kind === "volume" ? story.entry.volumeL : story.entry.amountFen;
  const after = driver.purchaseImage(before, {
    countBefore: card.count,
    amount: amountOf(driver, value),
    totalBefore: card.totalCredited,
    boughtOn: dayOf(place.at),
  });
  const events = await eventsOf(ctx, customer, card, story, place, { before: toHex(before), after: toHex(after) });
  await play(ctx, derivedId("demo", "purchase", customer.number), events, place);
  switch (story.stands) {
    case "gasOnCard":
      return after;
    case "torn":
      return tornImage(driver, before, after);
    case "manual":
    case "unwritten":
    case "later":
      return before;
  }
}

async function eventsOf(
  ctx: ServerContext,
  customer: DemoCustomer,
  card: DemoCard,
  story: DemoStory,
  place: StoryPlace,
  images: { before: string; after: string },
): Promise<PurchaseEvent[]> {
  const facts = await ctx.registry.customer(place.accountId);
  if (facts === undefined) throw new Error(`demo account ${customer.number} is not registered`);
  const quoted = await quotedEvent(ctx, facts, customer, story, place);
  const script = {
    id: derivedId("demo", "script", customer.number),
    kind: "sale" as const,
    terminalId: place.terminalId,
    powerUpId: `demo-${card.id}`,
    seq: 1,
    ...images,
    issuedAt: place.at,
    deadlineAt: place.at + writeMs,
  };
  const issued: PurchaseEvent = {
    type: "scriptIssued",
    script,
    countBefore: card.count,
    totalBefore: card.totalCredited,
    toPhone: false,
  };
  if (story.stands !== "later") {
    const { id, kind, terminalId, before, after, issuedAt } = script;
    const purchaseId = derivedId("demo", "purchase", customer.number);
    const { cardId } = place;
    await sqlCardRows(ctx.db).addWrite({ id, purchaseId, cardId, terminalId, kind, before, after, issuedAt });
  }
  const paid: PurchaseEvent[] = [quoted, { type: "confirmed" }];
  switch (story.stands) {
    case "later":
      return paid;
    case "gasOnCard":
      return [...paid, issued, { type: "cardSettled", as: "written", scriptId: script.id }];
    case "torn":
    case "unwritten":
      return [...paid, issued, { type: "scriptEnded", scriptId: script.id }];
    case "manual":
      return [...paid, issued, { type: "cardDisagrees", scriptId: script.id, image: images.before }];
  }
}

/** The bill, with just as much put on the balance as it needs. */
async function quotedEvent(
  ctx: ServerContext,
  facts: Customer,
  customer: DemoCustomer,
  story: DemoStory,
  place: StoryPlace,
): Promise<PurchaseEvent> {
  const version = versionInForce(facts.tariff, place.at);
  if (version === null) throw new Error(`demo account ${customer.number} has no price`);
  const priced = (balanceFen: number) => {
    const bill = quote({
      version,
      household: facts.household,
      tierUse: null,
      at: place.at,
      entry: story.entry,
      limits: { meterRoom: null, boughtBeforeChangeL: 0 },
      balanceFen,
      deductionRules: facts.deductions,
      debts: [],
      debtSetting: "rows",
    });
    if (!bill.ok) throw new Error(`the demo purchase of ${customer.number} is refused: ${bill.error.kind}`);
    return bill.value;
  };
  const dueFen = priced(0).payableFen;
  const key = derivedId("demo", "balance", customer.number);
  await adjustBalance(ctx, place.accountId, { amountFen: dueFen, reason: "样例预存" }, { key, fingerprint: key });
  const breakdown = priced(dueFen);
  return {
    type: "quoted",
    facts: {
      id: derivedId("demo", "purchase", customer.number),
      number: purchaseNumber(ctx.random),
      token: purchaseToken(ctx.random),
      accountId: place.accountId,
      unitId: facts.unit.id,
      meterId: place.meterId,
      cardId: place.cardId,
      tierId: breakdown.tier === null ? null : tierIdOf(place.accountId, version, place.at),
      channel: "kiosk",
      terminalId: place.terminalId,
      later: story.stands === "later",
      breakdown,
    },
  };
}

/** One commit per event. A seeding that was cut short goes on where the log ends. */
async function play(ctx: ServerContext, purchaseId: Id, events: PurchaseEvent[], place: StoryPlace): Promise<void> {
  for (const [index, event] of events.entries()) {
    const found = await loadBundle(ctx.store, purchaseId);
    if ((found?.purchase.version ?? 0) > index) continue;
    const logged: LoggedEvent = { type: "purchase", event };
    const composed = compose({
      bundle: found ?? (await newBundle(ctx, event, place)),
      event: logged,
      eventId: derivedId("demo", "event", purchaseId, String(index)),
      now: place.at + index * 1_000,
      settings: { finishMs: dayMs },
    });
    if (!composed.ok) throw new Error(`demo purchase: ${event.type} is refused: ${composed.error.code}`);
    const committed = await ctx.store.commit(composed.value.transition);
    if (committed.kind === "stale") throw new Error("demo purchase: someone else changes the demo's rows");
  }
}

async function newBundle(ctx: ServerContext, event: PurchaseEvent, place: StoryPlace): Promise<PurchaseBundle> {
  if (event.type !== "quoted") throw new Error(`a purchase can't begin with ${event.type}`);
  const { tierId, breakdown } = event.facts;
  const loaded = await ctx.store.load([
    { kind: "account", id: place.accountId },
    { kind: "card", id: place.cardId },
    { kind: "meter", id: place.meterId },
  ]);
  const cycle = breakdown.tier?.cycleKey;
  return {
    purchase: null,
    attempts: [],
    account: must(loaded, "account", place.accountId),
    card: must(loaded, "card", place.cardId),
    meter: must(loaded, "meter", place.meterId),
    tier:
      tierId === null || cycle === undefined
        ? null
        : { version: 0, state: { id: tierId, accountId: place.accountId, ...emptyTierUse(cycle) } },
  };
}
