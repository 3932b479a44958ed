/**
 * The payment attempt: one scanned code or one prepay, one merchant order number, never used again.
 *
 *   created ──submit──▶ submitted ──in progress──▶ pending ──paid──▶ paid
 *      │                   │  │                       │
 *      │ not sent in 10 s  │  └───── deadline, cancel, pay error ─────▶ reversing ──closed──▶ reversed
 *      ▼                   ▼                                                │
 *    failed ◀── refused and confirmed, closed ──┘                           └── window over ──▶ manual
 *
 * `submitted` is durable before the first byte leaves; the pay call is then sent once and never again, so a crash
 * between the two costs a query, never a second charge (I11). From there only a **verified** word of the gateway moves
 * money state: timeouts, 5xx, unsigned 4xx, bad signatures, "unknown" and "order does not exist" are not failures.
 * Queries run every 5 s. At the deadline, or when the purchase no longer wants the money, the last query is followed at
 * once by a reverse, but never before 15 s after the submit, because the gateway refuses or loses earlier ones.
 *
 * `reversing` never returns to `paid`: the customer may already have been told to start anew. A reverse is believed only
 * when a query confirms it. A success that shows up after the attempt ended is a late success: refunded automatically,
 * under one fixed refund number. A prepay is closed instead of reversed, and while the close is out it may still turn
 * out paid (purchase-protocol, "Payment attempt"; facts/payments.md §6–7, where each shortcut is shown to lose money).
 */
import type { Fen, Id, Instant, Result } from "../units.ts";
import { err, never, ok } from "../units.ts";
import type { Attempt, AttemptState, ChannelName, Outcome, ReverseOutcome } from "./types.ts";

export const attemptTimers = {
  /** From scan to send; later the code may be another person's or expired. */
  notAfterMs: 10_000,
  queryEveryMs: 5_000,
  /** A refused code is confirmed by queries this far apart. */
  confirmEveryMs: 2_000,
  earliestReverseMs: 15_000,
  deadlineMs: { wechat: 45_000, alipay: 60_000, acquirer: 60_000, cash: 60_000, test: 60_000 } satisfies Record<
    ChannelName,
    number
  >,
  prepayMs: 15 * 60_000,
  /** Signed "not found" ends a reversal only when the pay call is this old … */
  notFoundAgeMs: 60_000,
  /** … and this many in a row, spread over `notFoundAgeMs`, agree. */
  notFoundCount: 3,
  reverseAfterMs: [0, 5_000, 10_000, 20_000, 40_000, 60_000, 120_000, 300_000, 600_000],
  reverseThenEveryMs: 3_600_000,
  reverseWindowMs: {
    wechat: 7 * 86_400_000,
    alipay: 86_400_000,
    acquirer: 86_400_000,
    cash: 86_400_000,
    test: 86_400_000,
  } satisfies Record<ChannelName, number>,
  lateChecksMs: [60_000, 600_000],
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
    }
  | { type: "submitted" }
  /** `notAfter` passed, or the code was lost with the process: nothing was ever sent. */
  | { type: "notSubmitted" }
  | { type: "answered"; call: "pay" | "query"; outcome: Outcome }
  | { type: "cancelWanted" }
  | { type: "reverseAnswered"; outcome: ReverseOutcome }
  | { type: "lateCheckDone" }
  | { type: "lateRefunded" }
  /** A person decided `manual`, with evidence; a second one confirmed. */
  | { type: "resolved"; to: "paid" | "reversed"; transactionId: string | null; by: [Id, Id] };

/** Work asked of the runner. Times are absolute. */
export type AttemptJob =
  | { job: "submit"; at: Instant }
  | { job: "query"; at: Instant }
  | { job: "reverse"; at: Instant }
  | { job: "lateCheck"; at: Instant }
  | { job: "lateRefund"; at: Instant }
  | { job: "staff"; at: Instant };

export interface AttemptStep {
  attempt: Attempt;
  jobs: AttemptJob[];
}
export type AttemptRefusal = { code: "wrongState"; state: AttemptState | "none"; event: AttemptEvent["type"] };

const finalAttempt: readonly AttemptState[] = ["paid", "reversed", "failed"];
/** Can this attempt still bring money in or out by itself? */
export const attemptIsFinal = (a: Attempt): boolean => finalAttempt.includes(a.state);

/** Merchant order number of the automatic refund of a late success: fixed, so that a retry can't refund twice. */
export const lateRefundNo = (a: Pick<Attempt, "outTradeNo">): string => `R${a.outTradeNo}`;

/** The attempt after `event` at `now`, with the work that follows; or `wrongState`, which changes nothing. */
export function attemptStep(
  attempt: Attempt | null,
  event: AttemptEvent,
  now: Instant,
): Result<AttemptStep, AttemptRefusal> {
  if (attempt === null) return event.type === "created" ? ok(create(event, now)) : refuse("none", event);
  switch (attempt.state) {
    case "created":
      return fromCreated(attempt, event, now);
    case "submitted":
    case "pending":
      return fromOpen(attempt, event, now);
    case "reversing":
      return fromReversing(attempt, event, now);
    case "reversed":
    case "failed":
      return fromEnded(attempt, event, now);
    case "paid":
      // A later answer to the same question: nothing to learn. Wanting the money back is the purchase's refund.
      return event.type === "answered" || event.type === "cancelWanted"
        ? ok({ attempt, jobs: [] })
        : refuse(attempt.state, event);
    case "manual":
      return fromManual(attempt, event, now);
    default:
      return never(attempt.state, "attempt state");
  }
}

function refuse(state: AttemptState | "none", event: AttemptEvent): Result<AttemptStep, AttemptRefusal> {
  return err({ code: "wrongState", state, event: event.type });
}

function create(e: Extract<AttemptEvent, { type: "created" }>, now: Instant): AttemptStep {
  const attempt: Attempt = {
    id: e.id,
    purchaseId: e.purchaseId,
    kind: e.kind,
    channel: e.channel,
    outTradeNo: e.outTradeNo,
    amountFen: e.amountFen,
    state: "created",
    createdAt: now,
    submittedAt: null,
    deadlineAt: now + (e.kind === "prepay" ? attemptTimers.prepayMs : attemptTimers.notAfterMs),
    cancelRequested: false,
    reversingSince: null,
    reverseCalls: 0,
    notFoundCount: 0,
    notFoundSince: null,
    refusedCode: null,
    transactionId: null,
    paidAt: null,
    codeMask: e.codeMask,
    lateSuccess: null,
  };
  return { attempt, jobs: [{ job: "submit", at: now }] };
}

function fromCreated(a: Attempt, event: AttemptEvent, now: Instant): Result<AttemptStep, AttemptRefusal> {
  switch (event.type) {
    case "submitted": {
      if (now > a.createdAt + attemptTimers.notAfterMs && a.kind === "code") return refuse(a.state, event);
      const deadlineAt = a.kind === "prepay" ? a.deadlineAt : now + attemptTimers.deadlineMs[a.channel];
      return ok({
        attempt: { ...a, state: "submitted", submittedAt: now, deadlineAt },
        jobs: [query(now + attemptTimers.queryEveryMs)],
      });
    }
    case "notSubmitted":
    case "cancelWanted":
      return ok({ attempt: { ...a, state: "failed" }, jobs: [] });
    default:
      return refuse(a.state, event);
  }
}

function fromOpen(a: Attempt, event: AttemptEvent, now: Instant): Result<AttemptStep, AttemptRefusal> {
  switch (event.type) {
    case "answered":
      return ok(answeredWhileOpen(a, event.call, event.outcome, now));
    case "cancelWanted":
      return ok({ attempt: { ...a, cancelRequested: true }, jobs: [query(Math.max(now, earliestReverse(a)))] });
    default:
      return refuse(a.state, event);
  }
}

function answeredWhileOpen(a: Attempt, call: "pay" | "query", outcome: Outcome, now: Instant): AttemptStep {
  switch (outcome.kind) {
    case "paid":
      return paidWhileOpen(a, call, outcome, now);
    case "closed":
      return ended({ ...a, state: "failed" }, now);
    case "payError":
      return beginReversal(a, now);
    case "notSent":
      // Only the pay call can say so, and only when no byte left: there is nothing at the gateway to wait for.
      return call === "pay" ? ended({ ...a, state: "failed", refusedCode: "notSent" }, now) : waitOn(a, call, now);
    case "refused":
      return waitOn({ ...a, refusedCode: outcome.text, notFoundCount: 0, notFoundSince: null }, call, now);
    case "notFound": {
      const seen = notFoundAgain(a, now);
      // After a refusal nothing is in flight, so two signed "not found" are enough.
      if (a.refusedCode !== null && seen.notFoundCount >= 2) return ended({ ...seen, state: "failed" }, now);
      return waitOn(seen, call, now);
    }
    case "notPaid":
      // The order stands at the gateway unpaid although the code was refused: take it away.
      return a.refusedCode !== null ? beginReversal(a, now) : waitOn(found(a), call, now);
    case "inProgress":
      return waitOn({ ...found(a), state: "pending" }, call, now);
    case "misconfigured": {
      const next = waitOn(a, call, now);
      return { ...next, jobs: [...next.jobs, { job: "staff", at: now }] };
    }
    case "unknown":
      return waitOn(a, call, now);
    default:
      return never(outcome, "outcome");
  }
}

function paidWhileOpen(
  a: Attempt,
  call: "pay" | "query",
  outcome: Extract<Outcome, { kind: "paid" }>,
  now: Instant,
): AttemptStep {
  if (outcome.amountFen !== a.amountFen) {
    return {
      attempt: { ...a, state: "manual", transactionId: outcome.transactionId },
      jobs: [{ job: "staff", at: now }],
    };
  }
  // Alipay says that an answered success may be rolled back: one query makes it sure (facts/payments.md §2.3).
  if (call === "pay" && a.channel === "alipay")
    return { attempt: { ...found(a), state: "pending" }, jobs: [query(now)] };
  if (a.cancelRequested) return beginReversal({ ...a, transactionId: outcome.transactionId }, now);
  return {
    attempt: { ...a, state: "paid", transactionId: outcome.transactionId, paidAt: outcome.paidAt ?? now },
    jobs: [],
  };
}

/** Not known yet: ask again, or give up when the deadline has come and this was the last query. */
function waitOn(a: Attempt, call: "pay" | "query", now: Instant): AttemptStep {
  const over = now >= a.deadlineAt || (a.cancelRequested && now >= earliestReverse(a));
  if (over && call === "query") return beginReversal(a, now);
  const soon =
    a.refusedCode !== null ? (call === "pay" ? 0 : attemptTimers.confirmEveryMs) : attemptTimers.queryEveryMs;
  return { attempt: a, jobs: [query(over ? now : Math.min(now + soon, Math.max(now, a.deadlineAt)))] };
}

const earliestReverse = (a: Attempt): Instant => (a.submittedAt ?? a.createdAt) + attemptTimers.earliestReverseMs;
const query = (at: Instant): AttemptJob => ({ job: "query", at });
const found = (a: Attempt): Attempt => ({ ...a, notFoundCount: 0, notFoundSince: null });
const notFoundAgain = (a: Attempt, now: Instant): Attempt => ({
  ...a,
  notFoundCount: a.notFoundCount + 1,
  notFoundSince: a.notFoundSince ?? now,
});

function beginReversal(a: Attempt, now: Instant): AttemptStep {
  const at = Math.max(now, earliestReverse(a));
  return {
    attempt: { ...a, state: "reversing", reversingSince: now, reverseCalls: 0, notFoundCount: 0, notFoundSince: null },
    jobs: [{ job: "reverse", at }],
  };
}

function fromReversing(a: Attempt, event: AttemptEvent, now: Instant): Result<AttemptStep, AttemptRefusal> {
  switch (event.type) {
    case "cancelWanted":
      return ok({ attempt: { ...a, cancelRequested: true }, jobs: [] });
    case "reverseAnswered": {
      const called = { ...a, reverseCalls: a.reverseCalls + 1 };
      // Past the gateway's window for reversing: a paid order can still be refunded, an unpaid one no longer be paid.
      if (event.outcome.kind === "tooLate" && a.transactionId !== null)
        return ok(lateSuccess(called, a.transactionId, now));
      return ok({ attempt: called, jobs: [query(now)] });
    }
    case "answered":
      return ok(answeredWhileReversing(a, event.outcome, now));
    case "lateRefunded":
      if (a.lateSuccess === null) return refuse(a.state, event);
      return ok(ended({ ...a, state: "reversed", lateSuccess: { ...a.lateSuccess, refunded: true } }, now));
    default:
      return refuse(a.state, event);
  }
}

function answeredWhileReversing(a: Attempt, outcome: Outcome, now: Instant): AttemptStep {
  switch (outcome.kind) {
    case "closed":
      return ended({ ...a, state: "reversed" }, now);
    case "notFound": {
      const seen = notFoundAgain(a, now);
      const old = now - (a.submittedAt ?? a.createdAt) >= attemptTimers.notFoundAgeMs;
      const agree =
        seen.notFoundCount >= attemptTimers.notFoundCount &&
        now - (seen.notFoundSince ?? now) >= attemptTimers.notFoundAgeMs;
      return old && agree ? ended({ ...seen, state: "reversed" }, now) : reverseAgain(seen, now);
    }
    case "paid":
      return reverseAgain({ ...found(a), transactionId: outcome.transactionId }, now);
    case "inProgress":
    case "notPaid":
    case "payError":
      return reverseAgain(found(a), now);
    case "refused":
    case "misconfigured":
    case "notSent":
    case "unknown":
      return reverseAgain(a, now);
    default:
      return never(outcome, "outcome");
  }
}

/** The next reverse by the schedule, or `manual` when the gateway's window has passed. */
function reverseAgain(a: Attempt, now: Instant): AttemptStep {
  const since = a.reversingSince ?? now;
  const after = attemptTimers.reverseAfterMs[a.reverseCalls];
  const last = attemptTimers.reverseAfterMs[attemptTimers.reverseAfterMs.length - 1] ?? 0;
  const at =
    after !== undefined
      ? since + after
      : since + last + (a.reverseCalls - attemptTimers.reverseAfterMs.length + 1) * attemptTimers.reverseThenEveryMs;
  if (at - since > attemptTimers.reverseWindowMs[a.channel])
    return { attempt: { ...a, state: "manual" }, jobs: [{ job: "staff", at: now }] };
  // After a standstill of ours the schedule lies in the past: caught up with at once, it would be over in a second.
  const soonest = a.reverseCalls === 0 ? now : now + attemptTimers.queryEveryMs;
  return { attempt: a, jobs: [{ job: "reverse", at: Math.max(soonest, at, earliestReverse(a)) }] };
}

function ended(a: Attempt, now: Instant): AttemptStep {
  const first = attemptTimers.lateChecksMs[0];
  return {
    attempt: a,
    jobs: a.submittedAt === null || a.refusedCode === "notSent" ? [] : [{ job: "lateCheck", at: now + first }],
  };
}

function lateSuccess(a: Attempt, transactionId: string, now: Instant): AttemptStep {
  return {
    attempt: {
      ...a,
      transactionId,
      lateSuccess: a.lateSuccess ?? { transactionId, refundNo: lateRefundNo(a), refunded: false },
    },
    jobs: [
      { job: "lateRefund", at: now },
      { job: "staff", at: now },
    ],
  };
}

function fromEnded(a: Attempt, event: AttemptEvent, now: Instant): Result<AttemptStep, AttemptRefusal> {
  switch (event.type) {
    case "answered":
      // An ended attempt is never revived: money that shows up now goes back.
      if (event.outcome.kind === "paid")
        return ok(a.lateSuccess ? { attempt: a, jobs: [] } : lateSuccess(a, event.outcome.transactionId, now));
      return ok({ attempt: a, jobs: [] });
    case "lateCheckDone": {
      const endedFor = now - (a.reversingSince ?? a.submittedAt ?? a.createdAt);
      const next = attemptTimers.lateChecksMs[1];
      return ok({
        attempt: a,
        jobs: endedFor < next && a.lateSuccess === null ? [{ job: "lateCheck", at: now + next }] : [],
      });
    }
    case "lateRefunded":
      return a.lateSuccess
        ? ok({ attempt: { ...a, lateSuccess: { ...a.lateSuccess, refunded: true } }, jobs: [] })
        : refuse(a.state, event);
    case "cancelWanted":
    case "reverseAnswered":
    case "notSubmitted":
      return ok({ attempt: a, jobs: [] });
    default:
      return refuse(a.state, event);
  }
}

function fromManual(a: Attempt, event: AttemptEvent, now: Instant): Result<AttemptStep, AttemptRefusal> {
  switch (event.type) {
    case "resolved":
      if (event.by[0] === event.by[1]) return refuse(a.state, event);
      if (event.to === "paid")
        return ok({
          attempt: { ...a, state: "paid", paidAt: now, transactionId: event.transactionId ?? a.transactionId },
          jobs: [],
        });
      return ok(ended({ ...a, state: "reversed" }, now));
    case "answered":
    case "cancelWanted":
      return ok({ attempt: a, jobs: [] });
    default:
      return refuse(a.state, event);
  }
}
