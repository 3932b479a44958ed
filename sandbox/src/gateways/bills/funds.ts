import type { Book } from "../book.ts";
import type { FaultTaker } from "../faults.ts";
import { beijingDay, dayStart } from "../http.ts";
import type { Gateway } from "../names.ts";
import { linesOf } from "./lines.ts";

/** The merchant's account at a gateway: what trades bring in, what fees cost, what is paid out to the bank. */
export interface FundMove {
  at: number;
  kind: "pay" | "fee" | "refund" | "feeBack" | "payout";
  /** Signed: plus is in. */
  amountFen: number;
  /** After it. */
  balanceFen: number;
  outTradeNo: string | null;
  tradeNo: string | null;
  refundNo: string | null;
}

const DAY_MS = 24 * 3600_000;
/** The morning after, the gateway pays out what the account holds. */
const PAYOUT_HOUR_MS = 9 * 3600_000;

/** The days on which something moved, and the mornings after them, in order. */
function daysOf(book: Book, gateway: Gateway): string[] {
  const days = new Set<string>();
  for (const row of book.ledger) {
    if (row.gateway !== gateway) continue;
    days.add(beijingDay(row.at));
    days.add(beijingDay(row.at + DAY_MS));
  }
  return [...days].sort();
}

/** All moves of the account from its first day to the end of `day`. A negative balance waits for the next payments. */
export function fundsUntil(book: Book, gateway: Gateway, day: string): FundMove[] {
  const moves: FundMove[] = [];
  let balanceFen = 0;
  const none = { outTradeNo: null, tradeNo: null, refundNo: null };
  const add = (move: Omit<FundMove, "balanceFen">): void => {
    balanceFen += move.amountFen;
    moves.push({ ...move, balanceFen });
  };
  for (const each of daysOf(book, gateway)) {
    if (each > day) break;
    const lines = linesOf(book, gateway, each);
    const payoutAt = dayStart(each) + PAYOUT_HOUR_MS;
    // What the account held at midnight is paid out; what came before nine stays for tomorrow.
    if (balanceFen > 0) add({ at: payoutAt, kind: "payout", amountFen: -balanceFen, ...none });
    for (const { kind, at, amountFen, feeFen, outTradeNo, tradeNo, refundNo } of lines) {
      const of = { at, outTradeNo, tradeNo, refundNo };
      add({ ...of, kind: kind === "pay" ? "pay" : "refund", amountFen: kind === "pay" ? amountFen : -amountFen });
      if (feeFen !== 0) add({ ...of, kind: feeFen > 0 ? "fee" : "feeBack", amountFen: -feeFen });
    }
  }
  return moves;
}

/** The moves of one day, in the order of the account. */
export function fundsOf(book: Book, gateway: Gateway, day: string): FundMove[] {
  return fundsUntil(book, gateway, day).filter(({ at }) => beijingDay(at) === day);
}

/** `seq`: its number on that day, whatever place it has in the file. */
export type FundLine = FundMove & { seq: number };

export interface FundContent {
  moves: FundLine[];
  /** Fault: by how much the sums at the foot are off. */
  offFen: number;
  /** Fault: the other encoding than the published one. */
  wrongEncoding: boolean;
}

/** The day's fund bill as the switches want it. */
export function fundBillOf(book: Book, faults: FaultTaker, gateway: Gateway, day: string): FundContent {
  let moves = fundsOf(book, gateway, day).map((move, index): FundLine => ({ ...move, seq: index + 1 }));
  if (faults.take("fundLineDoubled", gateway))
    moves = moves.flatMap((move, index) => (index === 0 ? [move, move] : [move]));
  if (faults.take("fundReordered", gateway)) moves = moves.toReversed();
  const offFen = faults.take("fundWrongSums", gateway) ? 1 : 0;
  return { moves, offFen, wrongEncoding: faults.take("fundWrongEncoding", gateway) };
}
