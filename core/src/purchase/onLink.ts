/** The part of the purchase that is about a meter on a link: its recharge is sent, and the meter's record settles it. */
import { strongerProof } from "../card/replacement.ts";
import { type Counted, type LinkState, type MeterRecord, type RecordSays, recordSays } from "../meter/recharge.ts";
import type { LastWord } from "../meter/replacement.ts";
import type { Instant } from "../units.ts";
import type { PurchaseEvent, PurchaseStep } from "./machine.ts";
import { deliver, toManual } from "./onCard.ts";
import { deliveredAmount, dueAt, isOverLink, withTask } from "./steps.ts";
import type { Purchase } from "./types.ts";

type Of<T extends PurchaseEvent["type"]> = Extract<PurchaseEvent, { type: T }>;

/** Where the meter stood when its recharge was first sent; null: it never was. */
const before = ({ command, countBefore, totalBefore }: Purchase): Counted | null =>
  command === undefined || countBefore === null || totalBefore === null
    ? null
    : { purchaseNo: countBefore, totalCredited: totalBefore };

/**
 * What its meter's record makes of the first in the queue. `disagrees`: the record is none that the books know; where nothing
 * was sent, nothing will be.
 */
export type RechargeTodo = "send" | "taken" | "disagrees" | "wait";

export function rechargeTodo(p: Purchase, { counted }: LinkState, record: MeterRecord): RechargeTodo {
  const { state } = p;
  if (state !== "paid" && state !== "issued" && state !== "unknown") return "wait";
  const stood = before(p) ?? counted ?? record;
  switch (recordSays(record, stood, deliveredAmount(p))) {
    case "took":
      return state === "paid" ? "disagrees" : "taken";
    case "notTaken":
      // One in flight may still arrive.
      return state === "issued" ? "wait" : "send";
    case "disagrees":
      return "disagrees";
    case "older":
      return "wait";
  }
}

/** Again only under the number it has, and only when the meter says that it has not taken it. */
export function send(p: Purchase, { command, record }: Of<"rechargeSent">): PurchaseStep | null {
  if (!isOverLink(p)) return null;
  const stood = before(p);
  if (stood !== null && recordSays(record, stood, deliveredAmount(p)) !== "notTaken") return null;
  const { purchaseNo, totalCredited } = record;
  const sent: Purchase = {
    ...p,
    state: "issued",
    command,
    countBefore: purchaseNo,
    totalBefore: totalCredited,
    refundNeeds: strongerProof(p.refundNeeds, "index"),
  };
  const step = dueAt(sent, command.deadlineAt);
  return {
    purchase: step.purchase,
    effects: [{ effect: "sendToMeter", counted: { purchaseNo, totalCredited } }, ...step.effects],
  };
}

export function taken(p: Purchase, { record }: Of<"rechargeTaken">, now: Instant): PurchaseStep | null {
  const stood = before(p);
  return stood !== null && recordSays(record, stood, deliveredAmount(p)) === "took" ? deliver(p, now, null) : null;
}

/** Where nothing was sent nothing is, until people have seen to the meter: what is paid may still be cancelled. */
export function disagreesUnsent(p: Purchase, { record }: Of<"recordDisagrees">, now: Instant): PurchaseStep | null {
  const { purchaseNo, totalCredited } = p.atOdds ?? {};
  if (!isOverLink(p) || (purchaseNo === record.purchaseNo && totalCredited === record.totalCredited)) return null;
  return withTask({ purchase: { ...p, atOdds: record }, effects: [] }, { kind: "staff", ref: p.id, dueAt: now });
}

export function disagrees(p: Purchase, { record }: Of<"recordDisagrees">, now: Instant): PurchaseStep | null {
  const stood = before(p);
  if (stood === null || recordSays(record, stood, deliveredAmount(p)) !== "disagrees") return null;
  return toManual({ ...p, atOdds: record }, now);
}

/** Off the wall, it says nothing of this purchase: people decide. */
export function meterGone(p: Purchase, now: Instant): PurchaseStep {
  const step = toManual({ ...p, meterGone: true }, now);
  return { purchase: step.purchase, effects: [{ effect: "meterGone" }, ...step.effects] };
}

/** A command that is under way may still be taken, unless the meter is gone or has gone past its number. */
export const mayStillBeTaken = ({ command, countBefore, atOdds, meterGone }: Purchase): boolean =>
  command !== undefined && meterGone !== true && (atOdds === undefined || atOdds.purchaseNo === countBefore);

/** What a meter that is off the wall says of a recharge that was sent to it; null: nothing was, or it says nothing. */
export function wordOnRecharge(p: Purchase, word: LastWord | null): RecordSays | null {
  const stood = before(p);
  if (word === null || stood === null) return null;
  const { acceptedCount: purchaseNo, totalCredited } = word;
  return recordSays({ purchaseNo, totalCredited, amount: 0 }, stood, deliveredAmount(p));
}
