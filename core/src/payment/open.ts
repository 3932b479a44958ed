/** While the gateway may still say anything: what each answer means for a submitted attempt. */
import type { Instant } from "../units.ts";
import { type AttemptEvent, type AttemptStep, attemptTimers } from "./events.ts";
import {
  beginReversal,
  earliestReverse,
  ended,
  found,
  lateSuccess,
  notFoundAgain,
  query,
  same,
  toManual,
} from "./reversing.ts";
import type { Attempt, CloseOutcome, Outcome, Paid, PrepayOutcome } from "./types.ts";

export type Call = "pay" | "query";

export function paidWhileOpen(a: Attempt, call: Call, outcome: Paid, now: Instant): AttemptStep {
  const { transactionId, amountFen } = outcome;
  if (amountFen !== a.amountFen) return toManual({ ...a, transactionId, oddFen: amountFen }, now);
  // Alipay says that an answered success may be rolled back: one query makes it sure (facts/payments.md §2.3).
  if (call === "pay" && a.channel === "alipay")
    return { attempt: { ...found(a), state: "pending" }, jobs: [query(now)] };
  if (a.cancelRequested) return unwantedMoney({ ...a, transactionId }, transactionId, now);
  return same({ ...a, state: "paid", transactionId, paidAt: outcome.paidAt ?? now });
}

/** A scanned code's payment can be reversed; a prepaid one is refunded. */
function unwantedMoney(a: Attempt, transactionId: string, now: Instant): AttemptStep {
  if (a.kind !== "prepay") return beginReversal(a, now);
  return lateSuccess({ ...found(a), state: "reversing", reversingSince: now }, transactionId, now);
}

export function refusedWhileOpen(a: Attempt, call: Call, text: string, now: Instant): AttemptStep {
  return waitOn({ ...found(a), refusedCode: text }, call, now);
}

/** Only the pay call can say so, and only when no byte left: there is nothing at the gateway to wait for. */
export function notSentWhileOpen(a: Attempt, call: Call, now: Instant): AttemptStep {
  return call === "pay" ? ended({ ...a, state: "failed", refusedCode: "notSent" }, now) : waitOn(a, call, now);
}

/**
 * The event of an answer. A query that left before the refusal was heard may have overtaken the pay call: its "not found"
 * is of an order that was not made yet, and says nothing of what the refused call left behind.
 * @param asked the attempt as it was when it was asked.
 * @param a the attempt as it is now.
 */
export function answerOf(asked: Attempt, a: Attempt, call: Call, outcome: Outcome): AttemptEvent {
  const overtook = outcome.kind === "notFound" && asked.refusedCode === null && a.refusedCode !== null;
  return { type: "answered", call, outcome: overtook ? { kind: "unknown", why: "asked before the refusal" } : outcome };
}

export function notFoundWhileOpen(a: Attempt, call: Call, now: Instant): AttemptStep {
  const seen = notFoundAgain(a, now);
  // After a refusal nothing is in flight, and an order whose id nobody holds can't be paid: two "not found" are enough.
  const nothingToPay = a.refusedCode !== null || (a.kind === "prepay" && a.prepayId === null);
  return nothingToPay && seen.notFoundCount >= 2 ? ended({ ...seen, state: "failed" }, now) : waitOn(seen, call, now);
}

export function notPaidWhileOpen(a: Attempt, call: Call, now: Instant): AttemptStep {
  // The order stands at the gateway unpaid although the code was refused: take it away.
  return a.refusedCode !== null ? beginReversal(a, now) : waitOn(found(a), call, now);
}

export function misconfiguredWhileOpen(a: Attempt, call: Call, now: Instant): AttemptStep {
  const next = waitOn(a, call, now);
  return { ...next, jobs: [...next.jobs, { job: "staff", at: now }] };
}

/** Not known yet: ask again, or give up when the deadline has come and this was the last query. */
export function waitOn(a: Attempt, call: Call, now: Instant): AttemptStep {
  const over = now >= a.deadlineAt || (a.cancelRequested && now >= earliestReverse(a));
  if (over && call === "query") return beginReversal(a, now);
  if (over) return { attempt: a, jobs: [query(now)] };
  if (a.closeWanted && call === "query") {
    const at = a.closeCalls === 0 ? now : now + attemptTimers.closeEveryMs;
    return { attempt: a, jobs: [{ job: "close", at }] };
  }
  return { attempt: a, jobs: [query(Math.min(nextQuery(a, call, now), a.deadlineAt))] };
}

function nextQuery(a: Attempt, call: Call, now: Instant): Instant {
  if (a.kind === "prepay") {
    const age = now - (a.submittedAt ?? a.createdAt);
    const next = attemptTimers.prepayQueryAfterMs.find((afterMs) => afterMs > age);
    return next === undefined ? a.deadlineAt : now - age + next;
  }
  if (a.refusedCode === null) return now + attemptTimers.queryEveryMs;
  return call === "pay" ? now : now + attemptTimers.confirmEveryMs;
}

/** What came of making the order. Nobody can pay an order whose id never reached us. */
export function prepareAnswered(a: Attempt, outcome: PrepayOutcome, now: Instant): AttemptStep | null {
  if (a.kind !== "prepay") return null;
  switch (outcome.kind) {
    case "prepared":
      return waitOn({ ...a, state: "pending", prepayId: outcome.prepayId }, "pay", now);
    case "refused":
      return a.prepayId === null ? ended({ ...a, state: "failed", refusedCode: "other" }, now) : same(a);
    case "notSent":
      return a.prepayId === null ? ended({ ...a, state: "failed", refusedCode: "notSent" }, now) : same(a);
    case "misconfigured":
      return misconfiguredWhileOpen(a, "pay", now);
    case "unknown":
      return waitOn(a, "pay", now);
  }
}

export function cancelWanted(a: Attempt, now: Instant): AttemptStep {
  return { attempt: { ...a, cancelRequested: true }, jobs: [query(Math.max(now, earliestReverse(a)))] };
}

/** Asked once more before the close, so that money which is already there is not fought for. */
export function closeWanted(a: Attempt, now: Instant): AttemptStep | null {
  if (a.kind !== "prepay") return null;
  return a.closeWanted ? same(a) : { attempt: { ...a, closeWanted: true }, jobs: [query(now)] };
}

/** Whatever the gateway says of the close, a query has the last word. */
export function closeAnswered(a: Attempt, _outcome: CloseOutcome, now: Instant): AttemptStep | null {
  return a.closeWanted ? { attempt: { ...a, closeCalls: a.closeCalls + 1 }, jobs: [query(now)] } : null;
}
