/** What can happen to a payment attempt, what follows from it, and when (facts/payments.md §6, "Timers"). */
import type { Fen, Id, Instant } from "../units.ts";
import type {
  Attempt,
  AttemptState,
  ChannelName,
  CloseOutcome,
  Outcome,
  Payer,
  PayOut,
  PrepayOutcome,
  ReverseOutcome,
} from "./types.ts";

const minuteMs = 60_000;
const dayMs = 86_400_000;

export const attemptTimers = {
  /** From scan to send; later the code may be another person's or expired. */
  notAfterMs: 10_000,
  queryEveryMs: 5_000,
  /** A refused code is confirmed by queries this far apart. */
  confirmEveryMs: 2_000,
  earliestReverseMs: 15_000,
  deadlineMs: {
    wechat: 45_000,
    alipay: minuteMs,
    acquirer: minuteMs,
    cash: minuteMs,
    pos: minuteMs,
    test: minuteMs,
  } satisfies Record<ChannelName, number>,
  prepayMs: 15 * minuteMs,
  /** While a prepay is open it is asked about at these ages, in case its callback is lost. */
  prepayQueryAfterMs: [5_000, 10_000, 20_000, 40_000, minuteMs, 2 * minuteMs, 5 * minuteMs, 10 * minuteMs],
  closeEveryMs: 5_000,
  /** At a counter: from the amount that was named to the money in the drawer. */
  counterMs: 10 * minuteMs,
  /** Signed "not found" ends a reversal only when, so long after the first of them in a row … */
  notFoundAgeMs: minuteMs,
  /** … so many more have come: none that was given before tells of a pay call that landed late. */
  notFoundLate: 2,
  reverseAfterMs: [0, 5_000, 10_000, 20_000, 40_000, minuteMs, 2 * minuteMs, 5 * minuteMs, 10 * minuteMs],
  reverseThenEveryMs: 60 * minuteMs,
  reverseWindowMs: {
    wechat: 7 * dayMs,
    alipay: dayMs,
    acquirer: dayMs,
    cash: dayMs,
    pos: dayMs,
    test: dayMs,
  } satisfies Record<ChannelName, number>,
  /** After the end, in case the money was only late. The daily bill stands behind them. */
  lateChecksMs: [minuteMs, 10 * minuteMs],
} as const;

export type AttemptEvent =
  | {
      type: "created";
      id: Id;
      purchaseId: Id;
      kind: Attempt["kind"];
      channel: ChannelName;
      outTradeNo: string;
      amountFen: Fen;
      codeMask: string;
      /** Counter only. */
      drawerId?: Id;
      /** Prepay only. */
      payer?: Payer;
    }
  | { type: "submitted" }
  /** `notAfter` passed, or the code was lost with the process: nothing was ever sent, or no money was laid down. */
  | { type: "notSubmitted" }
  /** Counter: a cashier says that the money is in the drawer, or that the bank's terminal printed its slip. */
  | { type: "taken"; by: Id; reference: string | null }
  /** Prepay: what came of making the order. */
  | { type: "prepareAnswered"; outcome: PrepayOutcome }
  /** `call`: what was asked. A notification that the gateway sent by itself counts as a query's answer. */
  | { type: "answered"; call: "pay" | "query"; outcome: Outcome }
  | { type: "cancelWanted" }
  /** Prepay: a reader holds the card. Paid in spite of it, the purchase goes on. */
  | { type: "closeWanted" }
  | { type: "closeAnswered"; outcome: CloseOutcome }
  | { type: "reverseAnswered"; outcome: ReverseOutcome }
  | { type: "lateCheckDone" }
  | { type: "lateRefunded" }
  /** Its channel refused the refund; it is tried again a few times. */
  | { type: "lateRefundFailed"; why: string }
  /** Its channel will never do it. */
  | { type: "lateRefundStuck"; why: string }
  /** The late success's own channel can't give it back: two people paid it out another way. */
  | { type: "latePaidOut"; payOut: PayOut }
  /** A person decided `manual`, with evidence; a second one confirmed. */
  | { type: "resolved"; to: "paid" | "reversed"; transactionId: string | null; by: [Id, Id] };

/** Work asked of the runner. Times are absolute. */
export type AttemptJob =
  | { job: "submit"; at: Instant }
  | { job: "query"; at: Instant }
  | { job: "close"; at: Instant }
  | { job: "reverse"; at: Instant }
  | { job: "lateCheck"; at: Instant }
  | { job: "lateRefund"; at: Instant }
  | { job: "staff"; at: Instant };

export interface AttemptStep {
  attempt: Attempt;
  jobs: AttemptJob[];
}
export type AttemptRefusal = { code: "wrongState"; state: AttemptState | "none"; event: AttemptEvent["type"] };
