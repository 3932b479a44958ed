/**
 * A meter on a link prices by itself and is recharged by a command (CJ/T 188 A013) that names a purchase number. It takes the
 * number after its last one and no other, so the same command may reach it twice, or days late, and credits once. What it
 * took it says in one record (8105): its last number, that amount, and all that it was ever credited with.
 * (purchase-protocol, "Meters"; facts/domain.md §2.2 and §3.)
 *
 *   paid ─▶ queue ─first in it, record read─▶ sent ─record: took it─▶ delivered
 *                            ▲                  │ deadline
 *                            └─record: did not─ unknown
 *
 * - The queue is ours; a link only carries. Its first is sent, the others wait for it: one command in flight per meter.
 * - Nothing but the record tells what the meter took: no echo, no silence, no time.
 * - Of two records the one with less credited is the older one, and says nothing: a meter's total only grows.
 * - A recharge that was sent keeps its number until the record shows it. None is given back while its number could still be
 *   taken: a command that is under way cannot be called back.
 */
import type { Id, Instant } from "../units.ts";

/** What a meter says in 8105; amounts in litres or fen, as it counts. */
export interface MeterRecord {
  /** One byte; after 255 comes 0. */
  purchaseNo: number;
  amount: number;
  totalCredited: number;
}
/** As far as a meter has counted. */
export type Counted = Pick<MeterRecord, "purchaseNo" | "totalCredited">;

/** What the books know of a meter on a link. */
export interface LinkState {
  /** null: its record was never read. */
  counted: Counted | null;
  /** Paid recharges in the order in which they were paid. */
  queue: readonly Id[];
  /** Two people have said that it is off the wall for good: until it is replaced nothing is sent to it, nor bought for it. */
  gone?: true;
}

/** The command that is out for a purchase; its number is the one after the purchase's `countBefore`. */
export interface SentRecharge {
  id: Id;
  sentAt: Instant;
  /** Unanswered by then it is unknown, and sent again only when the record says that the meter has not taken it. */
  deadlineAt: Instant;
}

/** More than so many are not taken for one meter that does not wake. */
export const rechargeQueueMax = 8;
const numbers = 256;

export const numberAfter = (purchaseNo: number): number => (purchaseNo + 1) % numbers;

export type RecordSays = "took" | "notTaken" | "older" | "disagrees";

/** What a record says of the recharge with the number after `before`. */
export function recordSays(record: MeterRecord, before: Counted, amount: number): RecordSays {
  const { purchaseNo, totalCredited } = record;
  if (totalCredited < before.totalCredited) return "older";
  if (purchaseNo === before.purchaseNo && totalCredited === before.totalCredited) return "notTaken";
  const took = purchaseNo === numberAfter(before.purchaseNo) && totalCredited === before.totalCredited + amount;
  return took ? "took" : "disagrees";
}
