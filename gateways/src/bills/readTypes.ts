/** What a bill says, whichever gateway made it, and why one is not believed. */
import type { Fen, Instant } from "@citygas/core";

/**
 * `payment`, `refund`, `reversed` (paid, then taken back whole under the payment's own number): money of one order.
 * `fee`, `payout`, `other` stand in fund bills and bank statements only.
 */
export type BillLineKind = "payment" | "refund" | "reversed" | "fee" | "payout" | "other";
export const billLineKinds = [
  "payment",
  "refund",
  "reversed",
  "fee",
  "payout",
  "other",
] as const satisfies BillLineKind[];

export interface BillLine {
  kind: BillLineKind;
  /** The merchant order number; null where the line belongs to no order. */
  outTradeNo: string | null;
  refundNo: string | null;
  /** The gateway's number for this move; the bank's reference. */
  transactionId: string;
  /** Positive for all kinds but `other`, which is negative for what left the account. A fee given back is negative. */
  amountFen: Fen;
  /** What the gateway keeps of this line; negative where it gives back. Always 0 in fund bills: there it is a line. */
  feeFen: Fen;
  at: Instant;
  /** Bank statements: whose account the other side is. */
  party: string | null;
  /**
   * A line of the same kind has named this order, and for a refund this refund, before. Told by fingerprints: among
   * millions of lines it may be said of one of which it isn't true, and is never missing.
   */
  repeated?: true;
}

export type BillSums = Readonly<Record<BillLineKind, { count: number; amountFen: Fen }>>;

export interface BillSummary {
  lines: number;
  sums: BillSums;
  /** Of the `feeFen` of all lines. */
  feeFen: Fen;
  /** Columns that are new to us and were passed over: gateways add some without notice. */
  unknownColumns: string[];
}

/** Why a file is not imported. `line` counts from 1 in the file, or in the archive's detail. */
export type BillProblem =
  | { kind: "unreadable"; why: string }
  | { kind: "archive"; why: string }
  | { kind: "encoding"; line: number }
  /** It ends before its summary. */
  | { kind: "truncated"; line: number }
  /** Something stands behind its end: two files in one. */
  | { kind: "afterEnd"; line: number }
  | { kind: "tooLarge"; what: "file" | "line" | "lines" }
  | { kind: "columns"; missing: string[]; doubled: string[]; unknown: string[] }
  | { kind: "fields"; line: number; expected: number; found: number }
  | { kind: "value"; line: number; column: string }
  | { kind: "lineTwice"; line: number }
  /** A payment of another day: the gateway sent another bill than the one asked for. */
  | { kind: "otherDay"; line: number }
  /** What the file says of itself is not what stands in it. */
  | { kind: "sum"; of: string; said: string; counted: string };

export const readLimits = {
  lineBytes: 65_536,
  /** Unpacked. */
  fileBytes: 4_000_000_000,
  lines: 5_000_000,
  columns: 128,
  batchLines: 4_000,
  chunkBytes: 262_144,
  /** A gateway's day may begin and end a little beside ours (日切). */
  dayToleranceMs: 2 * 3_600_000,
} as const;

/** Reads one layout line by line. */
export interface BillReader {
  encoding: "utf-8" | "gb18030";
  /** One line: `bytes` from `from` to `to`, without its end. Valid until it returns. */
  onLine(bytes: Buffer, from: number, to: number, line: number): BillProblem | null;
  /** Has its end been seen? Without it the file was cut off. */
  ended(): boolean;
  unknownColumns(): string[];
}
