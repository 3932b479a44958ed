/**
 * One customer at a kiosk, from the card that goes in to the card that comes out, in the order of the kiosk agent's flow.
 * The strand runs on the kiosk: it dies with it.
 */
import type { CardAnswer, PurchaseView } from "@citygas/api";
import type { ScriptReport } from "@citygas/gascard";
import {
  cancelPurchase,
  confirmPurchase,
  endSession,
  type KeyedRequest,
  openSession,
  putImage,
  quotePurchase,
  startAttempt,
  takeReport,
  viewOf,
  wantScript,
} from "@citygas/server";
import type { FaultAt } from "../faults/kinds.ts";
import type { Household, Wish } from "./household.ts";
import type { Answer, Kiosk } from "./kiosk.ts";
import type { HouseholdPlan } from "./plan.ts";
import { requestOf } from "./request.ts";
import type { Server } from "./server.ts";
import { payAtDesk } from "./till.ts";
import { payInWallet } from "./wallet.ts";
import type { World } from "./world.ts";

/** Somebody who buys at a terminal. */
export interface Buyer {
  world: World;
  kiosk: Kiosk;
  household: { readonly plan: HouseholdPlan };
  /** Its requests are named by it, so that other visits left out change no order's number. */
  stay: string;
  requests: number;
}

/** With a card. */
export interface Visit extends Buyer {
  household: Household;
  /** null: only what is open is wanted. */
  wish: Wish | null;
  sessionId: string;
  powerUpId: string;
  /** What the probe saw. */
  image: ScriptReport | null;
}

const roundsMax = 4;
/** A card whose order is open on a phone wins over it: its image is put again until that order is closed. */
const yieldRoundsMax = 40;
const askMs = 20_000;
/** The desk makes a new card: by its own fault, or because the replacement was booked and never handed out. */
const unusable = ["card.countMismatch", "card.secretCounter", "card.badChecksum", "card.lost", "card.replaced"];

export const keyed = (visit: Buyer, what: string): KeyedRequest => {
  visit.requests += 1;
  return requestOf(`${visit.stay} ${visit.requests} ${what}`);
};

/** The card is in. Ends when the card may be taken out. */
export async function atKiosk(world: World, kiosk: Kiosk, household: Household, wish: Wish | null): Promise<void> {
  const { slot } = kiosk;
  if (slot === null) return;
  const { powerUpId } = slot;
  await kiosk.sendReports();
  const opened = await kiosk.ask("session", askMs, async (server) => ({
    ok: true,
    value: await openSession(server.sale, kiosk.terminal, { reader: "r", atr: slot.card.chip.atr, powerUpId }),
  }));
  if (!opened.ok) return;
  const { id: sessionId } = opened.value;
  const stay = world.scheduler.fiber().name;
  const visit: Visit = { world, kiosk, household, wish, sessionId, powerUpId, stay, image: null, requests: 0 };
  if (kiosk.slot?.powerUpId === powerUpId) kiosk.slot.sessionId = visit.sessionId;
  const report = world.seam.image(await kiosk.run(opened.value.script, visit.sessionId, powerUpId), household);
  visit.image = report;
  world.checks.imageTaken(visit.sessionId, powerUpId);
  const answer = await kiosk.ask("image", askMs, (server) =>
    putImage(server.sale, kiosk.terminal, visit.sessionId, report),
  );
  if (answer.ok) await take(visit, world.seam.answer(answer.value, visit.household), 1);
  await end(visit);
}

async function end({ kiosk, sessionId }: Visit): Promise<void> {
  await kiosk.ask("end", 5_000, (server) => endSession(server.sale, kiosk.terminal, sessionId));
}

/** What follows from the centre's answer. */
async function take(visit: Visit, answer: CardAnswer, round: number): Promise<void> {
  const { world, kiosk, household, wish } = visit;
  world.say(() => `${kiosk.name} hears: ${answer.kind}${answer.kind === "refused" ? ` ${answer.code}` : ""}`);
  world.checks.answered(visit, answer);
  switch (answer.kind) {
    case "account":
      household.needsCard = false;
      household.unsettled = false;
      if (wish !== null) await buy(visit, wish, answer.maximum?.value ?? Number.MAX_SAFE_INTEGER);
      return;
    case "script":
      household.unsettled = true;
      if (round <= roundsMax) await write(visit, answer, round);
      return;
    case "delivered":
    case "refunding":
      household.unsettled = false;
      return;
    case "gasOnCard":
      household.unsettled = false;
      household.gasOnCard = true;
      return;
    case "writeFailed":
      household.needsDesk = answer.hall;
      return;
    case "refused":
      if (answer.code === "purchase.onPhone" && round <= yieldRoundsMax) return await askAgain(visit, round);
      if (answer.code === "purchase.manual") household.needsDesk = true;
      if (unusable.includes(answer.code)) household.needsCard = true;
      return;
  }
}

async function askAgain(visit: Visit, round: number): Promise<void> {
  const { world, kiosk, image, sessionId, powerUpId } = visit;
  await world.scheduler.pause(1_000);
  if (image === null || kiosk.slot?.powerUpId !== powerUpId) return;
  if (round === 1) world.faults.hit("readerWinsOverPhone");
  const answer = await kiosk.ask("image", askMs, (server) => putImage(server.sale, kiosk.terminal, sessionId, image));
  if (answer.ok) await take(visit, world.seam.answer(answer.value, visit.household), round + 1);
}

async function write(visit: Visit, answer: Extract<CardAnswer, { kind: "script" }>, round: number): Promise<void> {
  const { kiosk, sessionId, powerUpId } = visit;
  const report = await kiosk.run(answer.script, sessionId, powerUpId);
  const heard = await kiosk.ask("report", 30_000, (server) => takeReport(server.sale, kiosk.terminal, report));
  if (!heard.ok && heard.kind === "unreachable") return;
  await kiosk.journal({ kind: "reportSent", at: visit.world.scheduler.now, scriptId: report.scriptId });
  if (heard.ok) await take(visit, heard.value, round + 1);
}

async function buy(visit: Visit, wish: Wish, most: number): Promise<void> {
  const { world, kiosk, household, sessionId } = visit;
  const { scheduler, faults } = world;
  const fiber = scheduler.fiber();
  await scheduler.pause(fiber.rng.int(3_000, 20_000));
  const entry = household.entry(Math.min(wish.value, most));
  if (entry === null) return;
  const request = keyed(visit, "quote");
  const quoted = await kiosk.ask("quote", askMs, (server) =>
    quotePurchase(server.sale, kiosk.terminal, { cardSessionId: sessionId, entry }, request),
  );
  if (!quoted.ok) return;
  const fault = faults.draw<FaultAt<"atPrice">>("atPrice", fiber);
  if (fault !== null) faults.hit(fault);
  switch (fault) {
    case "goesBack":
      await cancel(visit, quoted.value.id);
      return;
    case "cardGoneAtPrice":
      kiosk.takeCardOut();
      return;
    case "dawdles":
      await scheduler.pause(fiber.rng.int(60_000, 400_000));
      break;
    default:
      await scheduler.pause(fiber.rng.int(1_000, 8_000));
  }
  const confirmed = await confirm(visit, quoted.value, fault === "tapsTwice");
  if (confirmed === null) return;
  household.unsettled = true;
  if (confirmed.state === "paying") await payAt(visit, confirmed, wish);
  else if (confirmed.state === "paid") await afterPaid(visit, confirmed.id);
}

/** Asked again where amounts moved; null: it came to nothing. */
export async function confirm(visit: Buyer, quote: PurchaseView, twice: boolean): Promise<PurchaseView | null> {
  const { kiosk } = visit;
  for (let tries = 1; tries <= 3; tries++) {
    const request = keyed(visit, "confirm");
    const send = (server: Server) => confirmPurchase(server.sale, kiosk.terminal, quote.id, request);
    const confirmed = await kiosk.ask("confirm", askMs, send);
    if (twice) await kiosk.ask("confirm", askMs, send);
    if (confirmed.ok) return confirmed.value;
    if (confirmed.kind === "unreachable" || confirmed.error.code !== "purchase.quoteStale") return null;
  }
  return null;
}

export const cancel = (visit: Buyer, id: string): Promise<Answer<PurchaseView>> => {
  const request = keyed(visit, "cancel");
  return visit.kiosk.ask("cancel", askMs, (server) => cancelPurchase(server.sale, visit.kiosk.terminal, id, request));
};

async function payAt(visit: Visit, purchase: PurchaseView, wish: Wish): Promise<void> {
  switch (visit.kiosk.terminal.kind) {
    case "kiosk":
      return await pay(visit, purchase, wish);
    case "phone":
      return await payInWallet(visit, purchase);
    case "desk":
      return await payAtDesk(visit, purchase);
  }
}

async function pay(visit: Visit, purchase: PurchaseView, wish: Wish): Promise<void> {
  const { world, kiosk } = visit;
  const { scheduler, faults } = world;
  const fiber = scheduler.fiber();
  const fault = faults.draw<FaultAt<"atPayment">>("atPayment", fiber);
  await scheduler.pause(fiber.rng.int(2_000, 15_000));
  if (fault === "walksAwayUnpaid") {
    faults.hit(fault);
    kiosk.takeCardOut();
    return;
  }
  if (fault === "cancelsUnpaid") {
    faults.hit(fault);
    await cancel(visit, purchase.id);
    return;
  }
  let code = wish.code;
  for (let codes = 1; codes <= 2; codes++) {
    const sent = await presentCode(visit, purchase.id, code);
    if (!sent) {
      await cancel(visit, purchase.id);
      return;
    }
    if (codes === 1 && fault === "kioskDiesWhilePaying") {
      await scheduler.pause(fiber.rng.int(100, 4_000));
      faults.hit(fault);
      kiosk.powerCut(fiber.rng.int(25_000, 900_000));
      return await scheduler.halt();
    }
    if (codes === 1 && (fault === "cancelsWhilePaying" || fault === "pullsCardWhilePaying")) {
      await scheduler.pause(fiber.rng.int(100, 4_000));
      faults.hit(fault);
      if (fault === "pullsCardWhilePaying") kiosk.takeCardOut();
      await cancel(visit, purchase.id);
      return;
    }
    const known = await waitForMoney(visit, purchase.id);
    if (known === null) return;
    if (known.state === "paid") {
      if (fault === "pullsCardWhenPaid") {
        faults.hit(fault);
        kiosk.takeCardOut();
      }
      await afterPaid(visit, purchase.id);
      return;
    }
    if (!known.acceptsCode || fault !== "presentsAnotherCode") break;
    faults.hit(fault);
    code = wish.otherCode;
  }
  await cancel(visit, purchase.id);
}

/** @returns false: refused, nothing was sent to a wallet. */
async function presentCode(visit: Visit, purchaseId: string, code: string): Promise<boolean> {
  const { kiosk, world } = visit;
  const request = keyed(visit, "code");
  await kiosk.journal({ kind: "codeSending", at: world.scheduler.now, purchaseId, key: request.key });
  const answer = await kiosk.ask("code", askMs, (server) =>
    startAttempt(server.sale, server.payments, kiosk.terminal, purchaseId, code, request),
  );
  return answer.ok || answer.kind === "unreachable" || answer.error.code === "payment.inProgress";
}

/** Looks again and again until it is paid, can take another code, or came to nothing; null: nobody knows yet. */
export async function waitForMoney(visit: Visit, purchaseId: string): Promise<PurchaseView | null> {
  const { kiosk, world } = visit;
  const { scheduler } = world;
  const until = scheduler.now + 100_000;
  for (let waitMs = 700; scheduler.now < until; waitMs = Math.min(waitMs * 2, 6_000)) {
    await scheduler.pause(waitMs);
    const found = await kiosk.ask<PurchaseView | null>("purchase", 10_000, async (server) => {
      const row = (await server.sale.store.load([{ kind: "purchase", id: purchaseId }])).get("purchase", purchaseId);
      if (row === undefined) return { ok: true, value: null };
      const source = { purchase: row.state, version: row.version, attempts: new Map() };
      return { ok: true, value: await viewOf(server.sale, source) };
    });
    if (!found.ok || found.value === null) continue;
    if (found.value.state !== "paying" || found.value.acceptsCode) return found.value;
    if (kiosk.slot?.powerUpId !== visit.powerUpId) return null;
  }
  return null;
}

export async function afterPaid(visit: Visit, purchaseId: string): Promise<void> {
  const { kiosk, sessionId } = visit;
  const answer = await kiosk.ask("script", askMs, (server) =>
    wantScript(server.sale, kiosk.terminal, purchaseId, sessionId),
  );
  if (answer.ok) await take(visit, answer.value, 1);
}
