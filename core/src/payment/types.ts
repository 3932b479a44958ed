import type { Fen, Id, Instant } from "../units.ts";

export type AttemptState =
  | "created"
  | "submitted"
  | "pending"
  | "paid"
  | "reversing"
  | "reversed"
  | "failed"
  | "manual";
export type ChannelName = "wechat" | "alipay" | "acquirer" | "cash" | "test";

/** One scanned code or one prepay = one attempt = one never-reused merchant order number. */
export interface Attempt {
  id: Id;
  purchaseId: Id;
  kind: "code" | "prepay";
  channel: ChannelName;
  /** `[0-9A-Za-z_]{6,32}`, unique for ever at the gateway. */
  outTradeNo: string;
  amountFen: Fen;
  state: AttemptState;
  createdAt: Instant;
  /** When the pay call was made durable as "about to be sent" (never before, never twice). */
  submittedAt: Instant | null;
  /** 45 s for WeChat, 60 s for Alipay after `submittedAt`; prepay 15 min after `createdAt`. */
  deadlineAt: Instant;
  /** The purchase no longer wants it: reverse as soon as the rules allow. */
  cancelRequested: boolean;
  reversingSince: Instant | null;
  reverseCalls: number;
  /** Signed "not found" answers in a row since the last other answer, and when the first of them was. */
  notFoundCount: number;
  notFoundSince: Instant | null;
  /** The payment code was refused by a code of class F; waits for one confirming query. */
  refusedCode: string | null;
  transactionId: string | null;
  paidAt: Instant | null;
  /** Only digits prefix2 + last4, for the staff timeline; the code itself is never stored. */
  codeMask: string;
  /** A success that came after the attempt was given up: refunded automatically. */
  lateSuccess: { transactionId: string; refundNo: string; refunded: boolean } | null;
}

/** What a gateway adapter says. Only `verified` outcomes may move money state. */
export type Outcome =
  | { kind: "paid"; verified: true; transactionId: string; amountFen: Fen; paidAt: Instant | null }
  | { kind: "inProgress"; verified: boolean }
  | { kind: "notPaid"; verified: true }
  | { kind: "notFound"; verified: true }
  | { kind: "closed"; verified: true }
  | { kind: "payError"; verified: true }
  | { kind: "refused"; verified: boolean; code: string; text: "balance" | "code" | "risk" | "other" }
  /** Our own setup is wrong (signature, rights, merchant number): alarm, stop the channel. */
  | { kind: "misconfigured"; code: string }
  /** Nothing left this machine (connection refused before a byte was sent). */
  | { kind: "notSent" }
  | { kind: "unknown"; why: string };
export type ReverseOutcome =
  | { kind: "accepted" }
  | { kind: "again"; why: string }
  | { kind: "tooLate"; code: string }
  | { kind: "unknown"; why: string };
export type RefundOutcome =
  | { kind: "done"; verified: true }
  | { kind: "processing" }
  | { kind: "failed"; code: string }
  | { kind: "notFound" }
  | { kind: "unknown"; why: string };
