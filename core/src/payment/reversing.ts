/** From wanting the money back, or the order gone, to knowing that it is. */
import type { Instant } from "../units.ts";
import { type AttemptJob, type AttemptStep, attemptTimers } from "./events.ts";
import { refundRetryAt } from "./refundTimers.ts";
import type { Attempt, Paid, ReverseOutcome } from "./types.ts";

export const query = (at: Instant): AttemptJob => ({ job: "query", at });
export const same = (attempt: Attempt): AttemptStep => ({ attempt, jobs: [] });

/** The gateway refuses or loses earlier reverses; a prepay is closed, which has no such rule. */
export const earliestReverse = (a: Attempt): Instant =>
  (a.submittedAt ?? a.createdAt) + (a.kind === "prepay" ? 0 : attemptTimers.earliestReverseMs);
export const found = (a: Attempt): Attempt => ({ ...a, notFoundCount: 0, notFoundSince: null, notFoundLate: 0 });
export function notFoundAgain(a: Attempt, now: Instant): Attempt {
  const since = a.notFoundSince ?? now;
  const isLate = now - since >= attemptTimers.notFoundAgeMs;
  const notFoundLate = (a.notFoundLate ?? 0) + (isLate ? 1 : 0);
  return { ...a, notFoundCount: a.notFoundCount + 1, notFoundSince: since, notFoundLate };
}

export function beginReversal(a: Attempt, now: Instant): AttemptStep {
  return {
    attempt: { ...found(a), state: "reversing", reversingSince: now, reverseCalls: 0 },
    jobs: [{ job: "reverse", at: Math.max(now, earliestReverse(a)) }],
  };
}

export function reverseAnswered(a: Attempt, outcome: ReverseOutcome, now: Instant): AttemptStep {
  const called = { ...a, reverseCalls: a.reverseCalls + 1 };
  // Past the gateway's window for reversing: a paid order can still be refunded, an unpaid one no longer be paid.
  if (outcome.kind === "tooLate" && a.transactionId !== null)
    return a.oddFen === null ? lateSuccess(called, a.transactionId, now) : toManual(called, now);
  return { attempt: called, jobs: [query(now)] };
}

/** A reverse gives back whatever was paid; a refund is of the sum that was asked for, so another one is left to people. */
export function paidWhileReversing(a: Attempt, { transactionId, amountFen }: Paid, now: Instant): AttemptStep {
  if (a.lateSuccess !== null) return same(a);
  const oddFen = amountFen === a.amountFen ? null : amountFen;
  const seen = { ...found(a), transactionId, oddFen };
  // What was prepaid can't be reversed, only refunded.
  if (a.kind === "prepay") return oddFen === null ? lateSuccess(a, transactionId, now) : toManual(seen, now);
  return reverseAgain(seen, now);
}

/**
 * The pay call was sent before the first "not found", so when that one is old enough the call has landed or never will,
 * and only what is said from then on counts. One alone is not enough: a gateway's replica may lag behind what landed.
 */
export function notFoundWhileReversing(a: Attempt, now: Instant): AttemptStep {
  const seen = notFoundAgain(a, now);
  const late = seen.notFoundLate ?? 0;
  if (late >= attemptTimers.notFoundLate) return ended({ ...seen, state: "reversed" }, now);
  if (late === 0) return reverseAgain(seen, now);
  return { attempt: seen, jobs: [{ job: "reverse", at: now + attemptTimers.queryEveryMs }] };
}

/** The next reverse by the schedule, or `manual` when the gateway's window has passed. */
export function reverseAgain(a: Attempt, now: Instant): AttemptStep {
  if (a.lateSuccess !== null) return same(a);
  const since = a.reversingSince ?? now;
  const after = attemptTimers.reverseAfterMs[a.reverseCalls];
  const last = attemptTimers.reverseAfterMs[attemptTimers.reverseAfterMs.length - 1] ?? 0;
  const at =
    after !== undefined
      ? since + after
      : since + last + (a.reverseCalls - attemptTimers.reverseAfterMs.length + 1) * attemptTimers.reverseThenEveryMs;
  if (at - since > attemptTimers.reverseWindowMs[a.channel]) return toManual(a, now);
  // After a standstill of ours the schedule lies in the past: caught up with at once, it would be over in a second.
  const soonest = a.reverseCalls === 0 ? now : now + attemptTimers.queryEveryMs;
  return { attempt: a, jobs: [{ job: "reverse", at: Math.max(soonest, at, earliestReverse(a)) }] };
}

export const toManual = (a: Attempt, now: Instant): AttemptStep => ({
  attempt: { ...a, state: "manual" },
  jobs: [{ job: "staff", at: now }],
});

/** @param a already in its last state. */
export function ended(a: Attempt, now: Instant): AttemptStep {
  const nothingLeft = a.submittedAt === null || a.refusedCode === "notSent";
  return {
    attempt: { ...a, endedAt: now },
    jobs: nothingLeft ? [] : [{ job: "lateCheck", at: now + attemptTimers.lateChecksMs[0] }],
  };
}

/** The second late check, once the first was answered. */
export function lateCheckDone(a: Attempt, now: Instant): AttemptStep {
  const second = (a.endedAt ?? a.createdAt) + attemptTimers.lateChecksMs[1];
  return { attempt: a, jobs: now < second && a.lateSuccess === null ? [{ job: "lateCheck", at: second }] : [] };
}

/** Merchant order number of the automatic refund of a late success: fixed, so that a retry can't refund twice. */
export const lateRefundNo = (a: Pick<Attempt, "outTradeNo">): string => `R${a.outTradeNo}`;

export function lateSuccess(a: Attempt, transactionId: string, now: Instant): AttemptStep {
  return {
    attempt: {
      ...a,
      transactionId,
      lateSuccess: {
        transactionId,
        refundNo: lateRefundNo(a),
        refunded: false,
        failures: 0,
        stuck: false,
        why: null,
        paidOut: null,
      },
    },
    jobs: [
      { job: "lateRefund", at: now },
      { job: "staff", at: now },
    ],
  };
}

/** Refused this time: tried again under the same number, a few times. */
export function lateRefundFailed(a: Attempt, why: string, now: Instant): AttemptStep | null {
  const late = a.lateSuccess;
  if (late === null || late.refunded || late.stuck) return null;
  const failures = late.failures + 1;
  const at = refundRetryAt(failures, now);
  const failed = { ...a, lateSuccess: { ...late, failures, why } };
  return at === null ? lateRefundStuck(failed, why, now) : { attempt: failed, jobs: [{ job: "lateRefund", at }] };
}

/** From here its channel is asked no more, so that people can pay it out without paying twice. */
export function lateRefundStuck(a: Attempt, why: string, now: Instant): AttemptStep | null {
  const late = a.lateSuccess;
  if (late === null || late.refunded || late.stuck) return null;
  return { attempt: { ...a, lateSuccess: { ...late, stuck: true, why } }, jobs: [{ job: "staff", at: now }] };
}
