/** What the bills of different gateways have in common once their lines are split: a header's reader of rows, and moves. */
import type { Fields } from "./readFields.ts";
import type { BillLineKind, BillProblem } from "./readTypes.ts";

/** Reads one row into the tally, or says why it can't be. */
export type Row = (fields: Fields, bytes: Buffer, line: number) => BillProblem | null;
export type Header = { ok: true; row: Row; unknown: string[] } | { ok: false; problem: BillProblem };

/** A move of the merchant account by `signedFen` (in positive), with the sign its kind has in a bill line. */
export function fundMove(kind: BillLineKind | undefined, signedFen: number): { kind: BillLineKind; amountFen: number } {
  // A "payment" that leaves or a "refund" that comes in is none: shown as it is, for people.
  if (kind === "payment" && signedFen >= 0) return { kind, amountFen: signedFen };
  if ((kind === "refund" || kind === "payout") && signedFen <= 0) return { kind, amountFen: 0 - signedFen };
  if (kind === "fee") return { kind, amountFen: 0 - signedFen };
  return { kind: "other", amountFen: signedFen };
}
