/**
 * What a leftover means: a line of the bill without a payment of ours, or the other way round (facts: payments §9).
 *
 * | on the bill | here | |
 * |---|---|---|
 * | payment | unknown number | ignored by its prefix, else long: staff, suspense |
 * | payment | reversed, failed | long: the attempt asks its gateway, and gives back what it finds; another attempt paid the purchase: duplicate, the same way |
 * | payment | paid, and matched before | duplicate |
 * | payment | still open | waits, then state |
 * | payment and reversal | not paid | they explain each other |
 * | reversal | paid | state: the gateway is right about money, the card decides the rest |
 * | refund | unknown, or not booked | waits where we know of it, then state |
 * | – | paid | waits, then short: the gateway is asked, then staff |
 * | – | refunded | waits, then state |
 *
 * Amounts that differ are always for people, and stop refunds.
 */
import type { Day, Instant } from "../units.ts";
import { never } from "../units.ts";
import type { DifferenceClass, DifferenceReason, Handling, Judgement, Leftover, OrderFacts } from "./types.ts";

export interface JudgeContext {
  /** All has been seen that could explain it (`windowOver`). */
  windowOver: boolean;
  /**
   * When this day of ours was last compared; null: not yet. What was in the books by then was matched with another
   * line, or stands among the leftovers.
   */
  comparedAt(day: Day): Instant | null;
}

const open = (cls: DifferenceClass, reason: DifferenceReason, handling: Handling = "staff"): Judgement => ({
  class: cls,
  state: "open",
  reason,
  handling,
  blocksRefund: cls === "amount",
});
const resolved = (cls: DifferenceClass, reason: DifferenceReason): Judgement => ({
  class: cls,
  state: "resolved",
  reason,
  handling: "none",
  blocksRefund: false,
});

/** Waits while the other side may still come; then it is what it looks like. */
function unlessLater(context: JudgeContext, then: Judgement): Judgement {
  return context.windowOver ? then : { ...then, state: "waiting", handling: "wait" };
}

export function judge(leftover: Leftover, facts: OrderFacts, context: JudgeContext): Judgement {
  return leftover.side === "ours" ? judgeOurs(leftover, facts, context) : judgeTheirs(leftover, facts, context);
}

function judgeOurs({ kind }: Leftover, _facts: OrderFacts, context: JudgeContext): Judgement {
  if (kind === "payment") return unlessLater(context, open("short", "notInBill", "askGateway"));
  return unlessLater(context, open("state", "refundNotInBill", "askGateway"));
}

function judgeTheirs(leftover: Leftover, facts: OrderFacts, context: JudgeContext): Judgement {
  if (facts.attempt === null) return facts.ignored ? resolved("long", "ignoredNumber") : open("long", "unknownNumber");
  switch (leftover.kind) {
    case "payment":
      return judgePayment(leftover, facts.attempt, facts, context);
    case "reversed":
      return judgeReversal(facts.attempt, facts, context);
    case "refund":
      return judgeRefund(leftover, facts, context);
    default:
      return never(leftover.kind, "leftover");
  }
}

type Known = NonNullable<OrderFacts["attempt"]>;

function judgePayment(leftover: Leftover, attempt: Known, facts: OrderFacts, context: JudgeContext): Judgement {
  if (leftover.amountFen !== attempt.amountFen) return open("amount", "otherAmount");
  switch (attempt.state) {
    case "paid":
      return judgePaid(attempt, context);
    case "reversed":
    case "failed":
      if (facts.reversalPair) return resolved("state", "reversedBoth");
      if (attempt.late !== null) return resolved("long", "lateSuccess");
      return facts.purchase?.paidByOther === true
        ? open("duplicate", "otherAttemptPaid", "askAttempt")
        : open("long", "endedHere", "askAttempt");
    case "created":
    case "submitted":
    case "pending":
    case "reversing":
    case "manual":
      if (attempt.late !== null) return resolved("long", "lateSuccess");
      return unlessLater(context, open("state", "inFlight"));
    default:
      return never(attempt.state, "attempt state");
  }
}

/** Paid here as well: matched with another line before, known only since, or still to be matched on its own day. */
function judgePaid({ paidDay, bookedAt }: Known, context: JudgeContext): Judgement {
  const comparedAt = paidDay === null ? null : context.comparedAt(paidDay);
  if (comparedAt === null) return unlessLater(context, open("state", "notBookedYet"));
  return bookedAt !== null && bookedAt >= comparedAt ? resolved("state", "cutOff") : open("duplicate", "paidTwice");
}

function judgeReversal(attempt: Known, facts: OrderFacts, context: JudgeContext): Judgement {
  if (attempt.state === "paid") return open("state", "reversedThere");
  if (facts.reversalPair) return resolved("state", "reversedBoth");
  return unlessLater(context, open("state", attempt.state === "reversed" ? "reversedThere" : "inFlight"));
}

function judgeRefund({ refundNo, amountFen }: Leftover, facts: OrderFacts, context: JudgeContext): Judgement {
  const late = facts.attempt?.late ?? null;
  if (late !== null && late.refundNo === refundNo) {
    if (facts.attempt?.amountFen !== amountFen) return open("amount", "otherAmount");
    if (late.paidOut) return open("duplicate", "refundedTwice");
    return late.refunded ? resolved("state", "cutOff") : unlessLater(context, open("state", "refundNotBooked"));
  }
  const refund = facts.purchase?.refund ?? null;
  if (refund === null || refund.no !== refundNo) return open("state", "unknownRefund");
  if (refund.amountFen !== amountFen) return open("amount", "otherAmount");
  if (refund.paidOut) return open("duplicate", "refundedTwice");
  if (refund.refundedDay !== null && context.comparedAt(refund.refundedDay) !== null)
    return open("duplicate", "refundedTwice");
  return unlessLater(context, open("state", "refundNotBooked"));
}
