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
/** `cash` and `pos` are taken at a counter, by hand; the money is in the cashier's drawer or the bank's terminal. */
export type ChannelName = "wechat" | "alipay" | "acquirer" | "cash" | "pos" | "test";
/** How money goes back when its own channel can't: ordered by one person, confirmed by a second. */
export type PayOutWay = "bank" | "cash" | "balance";
/** Who pays on a phone, and in which of our apps: an order belongs to one payer. */
export interface Payer {
  app: "h5" | "mini";
  /** The payer's id in that app; names nobody outside of it. */
  openid: string;
}
export interface PayOut {
  way: PayOutWay;
  /** The drawer the cash is taken from; null for the other ways. */
  drawerId: Id | null;
  /** Who ordered it and who confirmed it: two people. */
  by: [Id, Id];
  /** The bank's reference, the signed receipt's number … */
  evidence: string;
}

/** One scanned code, one prepay or one payment at a counter = one attempt = one never-reused merchant order number. */
export interface Attempt {
  id: Id;
  purchaseId: Id;
  kind: "code" | "prepay" | "counter";
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
  /** Prepay only. */
  payer: Payer | null;
  /** Prepay: the order's id at the gateway, once it is made. */
  prepayId: string | null;
  /** Prepay: a reader holds the card and wants the purchase out of its way. Paid in spite of it, it goes on. */
  closeWanted: boolean;
  closeCalls: number;
  /** Counter: whose drawer the money is in. */
  drawerId: Id | null;
  /** The purchase no longer wants it: reverse as soon as the rules allow. */
  cancelRequested: boolean;
  reversingSince: Instant | null;
  /** When it became reversed or failed: late checks count from here. */
  endedAt: Instant | null;
  reverseCalls: number;
  /** Signed "not found" answers in a row since the last other answer, and when the first of them was. */
  notFoundCount: number;
  notFoundSince: Instant | null;
  /** Those of them that came when the first was old enough (`notFoundAgeMs`); absent: none. */
  notFoundLate?: number;
  /** The payment code was refused by a code of class F; waits for one confirming query. */
  refusedCode: string | null;
  transactionId: string | null;
  paidAt: Instant | null;
  /** What the gateway says was paid where that is not `amountFen`: such money is given back by people only. */
  oddFen: Fen | null;
  /** Only digits prefix2 + last4, for the staff timeline; the code itself is never stored. */
  codeMask: string;
  /** A success that came after the attempt was given up: refunded automatically. */
  lateSuccess: LateSuccess | null;
}

export interface LateSuccess {
  transactionId: string;
  refundNo: string;
  refunded: boolean;
  /** How often its channel refused; `stuck`: it can't, and `why`. */
  failures: number;
  stuck: boolean;
  why: string | null;
  paidOut: PayOut | null;
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
export type Paid = Extract<Outcome, { kind: "paid" }>;
export type ReverseOutcome =
  | { kind: "accepted" }
  | { kind: "again"; why: string }
  | { kind: "tooLate"; code: string }
  | { kind: "unknown"; why: string };
/** What came of closing an unpaid order. A hint in either case: a query confirms it. */
export type CloseOutcome =
  | { kind: "accepted" }
  /** The gateway says that it was paid. */
  | { kind: "alreadyPaid" }
  | { kind: "again"; why: string }
  | { kind: "unknown"; why: string };
/** What came of making an order to be paid later. No money moves by it. */
export type PrepayOutcome =
  | { kind: "prepared"; prepayId: string }
  | { kind: "refused"; code: string }
  | { kind: "misconfigured"; code: string }
  | { kind: "notSent" }
  | { kind: "unknown"; why: string };
export type RefundOutcome =
  | { kind: "done"; verified: true }
  | { kind: "processing" }
  /** The gateway will not do it by itself. `never`: not later either (window over, payer's account closed). */
  | { kind: "failed"; code: string; never: boolean }
  | { kind: "notFound" }
  | { kind: "unknown"; why: string };
