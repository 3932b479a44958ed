/** What reconciliation (对账) speaks of: a day of a channel, what differs, and why (facts: payments §9). */
import type { AttemptState } from "../payment/types.ts";
import type { PurchaseState } from "../purchase/types.ts";
import type { Day, Fen, Instant } from "../units.ts";

/**
 * `gateway`: its bill × our payments and refunds. `delivery`: payments × card writes and meter commands. `ledger`: the
 * books × both. `payout`: fund bill and fees × the bank's statement.
 */
export const comparisons = ["gateway", "delivery", "ledger", "payout"] as const;
export type Comparison = (typeof comparisons)[number];

/** Matched is 平账 and makes no difference. `long` 长款: there is more out there than in our books; `short` 短款: less. */
export const differenceClasses = ["long", "short", "amount", "state", "duplicate"] as const;
export type DifferenceClass = (typeof differenceClasses)[number];

/** `waiting`: the other side may still come (cut-off, 日切). `assigned`: a person has it. */
export const differenceStates = ["waiting", "open", "assigned", "resolved"] as const;
export type DifferenceState = (typeof differenceStates)[number];

/** What is done about a difference without being asked. */
export type Handling =
  /** The other side may still come. */
  | "wait"
  /** The attempt asks its gateway once more; a success is refunded by the attempt's own machine. */
  | "askAttempt"
  /** The gateway is asked about this number, for the people who will decide. */
  | "askGateway"
  | "staff"
  | "none";

export const differenceReasons = [
  // the gateway's bill × our payments
  "unknownNumber",
  "ignoredNumber",
  "endedHere",
  "otherAttemptPaid",
  "inFlight",
  "notInBill",
  "paidTwice",
  "otherAmount",
  "reversedThere",
  "reversedBoth",
  "unknownRefund",
  "refundNotBooked",
  "refundNotInBill",
  "refundedTwice",
  "lateSuccess",
  "cutOff",
  "notBookedYet",
  "gone",
  // payments × card writes and meter commands
  "moneyWithoutGas",
  "gasWithoutMoney",
  "deliveredWithoutWrite",
  "deliveredSince",
  // the books × both
  "booksDiffer",
  "unexplained",
  // fund bill × bank
  "fundDiffers",
  "otherMove",
  "notAtBank",
  "notInFundBill",
  "paidOut",
] as const;
export type DifferenceReason = (typeof differenceReasons)[number];

export interface Judgement {
  class: DifferenceClass;
  /** `resolved`: the two sides explain each other after all. */
  state: "waiting" | "open" | "resolved";
  reason: DifferenceReason;
  handling: Handling;
  /** No refund may leave for this order before a person has decided. */
  blocksRefund: boolean;
}

/** One of the two sides, with nothing on the other. */
export interface Leftover {
  side: "theirs" | "ours";
  kind: "payment" | "refund" | "reversed";
  amountFen: Fen;
  refundNo: string | null;
}

/** What our books know about a leftover's order number. */
export interface OrderFacts {
  attempt: null | {
    state: AttemptState;
    amountFen: Fen;
    /** Day of `paidAt`, by the gateway's time, and when our books took it. */
    paidDay: Day | null;
    bookedAt: Instant | null;
    late: null | { refundNo: string; refunded: boolean; paidOut: boolean };
  };
  purchase: null | {
    state: PurchaseState;
    /** Another attempt's money pays this purchase. */
    paidByOther: boolean;
    refund: null | { no: string; amountFen: Fen; refundedDay: Day | null; paidOut: boolean };
  };
  /** The number begins with a prefix of other terminals on our merchant number. */
  ignored: boolean;
  /** Is there an opposite line of the same order and amount (a payment for a reversal, a reversal for a payment)? */
  reversalPair: boolean;
}
