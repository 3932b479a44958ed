/**
 * The payment attempt: one scanned code, one prepay, or one payment at a counter; one merchant order number, never used
 * again. `attemptTable` is the whole machine; docs/payments.md draws it from this table.
 *
 * `submitted` is durable before the first byte leaves; the pay call is then sent once and never again, so a crash
 * between the two costs a query, never a second charge (I11). From there only a **verified** word of the gateway moves
 * money state: timeouts, 5xx, unsigned 4xx, bad signatures, "unknown" and "order does not exist" are not failures.
 * A refused code has failed once a query says "closed", or twice "not found", each asked for after the refusal was heard
 * (`answerOf`); an order that stands unpaid is taken away.
 * A scanned code is queried every 5 s. At the deadline, or when the purchase no longer wants the money, the last query
 * is followed at once by a reverse, but never before 15 s after the submit, because the gateway refuses or loses
 * earlier ones.
 *
 * `reversing` never returns to `paid`: the customer may already have been told to start anew. A reverse is believed only
 * when a query confirms it. A success that shows up after the attempt was given up is a late success: refunded
 * automatically, under one fixed refund number, or paid out by two people where its channel no longer can.
 *
 * A prepay is an order that the customer pays on a phone. Making it moves no money; it is closed instead of reversed,
 * and what was paid in spite of it is refunded. A reader that holds the card may want it gone (`closeWanted`): it stays
 * open until the gateway answered, and if the answer is "paid", the purchase goes on with that money.
 *
 * (purchase-protocol, "Payment attempt"; facts/payments.md §6–7, where each shortcut is shown to lose money.)
 */
import type { Instant, Result } from "../units.ts";
import { err, ok } from "../units.ts";
import { type AttemptEvent, type AttemptRefusal, type AttemptStep, attemptTimers } from "./events.ts";
import {
  type Call,
  cancelWanted,
  closeAnswered,
  closeWanted,
  misconfiguredWhileOpen,
  notFoundWhileOpen,
  notPaidWhileOpen,
  notSentWhileOpen,
  paidWhileOpen,
  prepareAnswered,
  refusedWhileOpen,
  waitOn,
} from "./open.ts";
import {
  beginReversal,
  ended,
  found,
  lateCheckDone,
  lateRefundFailed,
  lateRefundStuck,
  lateSuccess,
  notFoundWhileReversing,
  paidWhileReversing,
  query,
  reverseAgain,
  reverseAnswered,
  same,
  toManual,
} from "./reversing.ts";
import type { Attempt, AttemptState, Outcome, PayOut } from "./types.ts";

/** Events by name, an answer by what it says. */
export type AttemptEventKey = Exclude<AttemptEvent["type"], "created" | "answered"> | `answered.${Outcome["kind"]}`;
type EventOf<K extends AttemptEventKey> = K extends `answered.${infer O}`
  ? { type: "answered"; call: Call; outcome: Extract<Outcome, { kind: O }> }
  : Extract<AttemptEvent, { type: K }>;

export interface AttemptCell<K extends AttemptEventKey> {
  /** Every state this can lead to; a step that leads elsewhere is a broken invariant. */
  to: readonly AttemptState[];
  /** null: refused. */
  step(a: Attempt, event: EventOf<K>, now: Instant): AttemptStep | null;
}
type Row = { readonly [K in AttemptEventKey]?: AttemptCell<K> };

/** Nothing to learn from it any more. */
const nothing = (state: AttemptState): { to: readonly AttemptState[]; step(a: Attempt): AttemptStep } => ({
  to: [state],
  step: same,
});

/** `submitted` and `pending` differ for the customer's screen only: has the gateway said that it waits for somebody? */
const openRow = (state: "submitted" | "pending"): Row => ({
  prepareAnswered: {
    to: [state, "pending", "failed"],
    step: (a, e, now) => prepareAnswered(a, e.outcome, now),
  },
  "answered.paid": {
    to: ["paid", "pending", "reversing", "manual"],
    step: (a, e, now) => paidWhileOpen(a, e.call, e.outcome, now),
  },
  "answered.inProgress": {
    to: ["pending", "reversing"],
    step: (a, e, now) => waitOn({ ...found(a), state: "pending" }, e.call, now),
  },
  "answered.notPaid": { to: [state, "reversing"], step: (a, e, now) => notPaidWhileOpen(a, e.call, now) },
  "answered.notFound": { to: [state, "reversing", "failed"], step: (a, e, now) => notFoundWhileOpen(a, e.call, now) },
  "answered.closed": { to: ["failed"], step: (a, _e, now) => ended({ ...a, state: "failed" }, now) },
  "answered.payError": { to: ["reversing"], step: (a, _e, now) => beginReversal(a, now) },
  "answered.refused": {
    to: [state, "reversing"],
    step: (a, e, now) => refusedWhileOpen(a, e.call, e.outcome.text, now),
  },
  "answered.misconfigured": { to: [state, "reversing"], step: (a, e, now) => misconfiguredWhileOpen(a, e.call, now) },
  "answered.notSent": { to: [state, "reversing", "failed"], step: (a, e, now) => notSentWhileOpen(a, e.call, now) },
  "answered.unknown": { to: [state, "reversing"], step: (a, e, now) => waitOn(a, e.call, now) },
  cancelWanted: { to: [state], step: (a, _e, now) => cancelWanted(a, now) },
  closeWanted: { to: [state], step: (a, _e, now) => closeWanted(a, now) },
  closeAnswered: { to: [state], step: (a, e, now) => closeAnswered(a, e.outcome, now) },
});

const again = {
  to: ["reversing", "manual"],
  step: (a: Attempt, _e: unknown, now: Instant) => reverseAgain(a, now),
} as const;
const foundAgain = {
  to: ["reversing", "manual"],
  step: (a: Attempt, _e: unknown, now: Instant) => reverseAgain(found(a), now),
} as const;

/** What a gateway says, and what the purchase wants, where neither changes anything any more. */
const answers = (state: "paid" | "manual" | "reversed" | "failed"): Row => ({
  "answered.paid": nothing(state),
  "answered.inProgress": nothing(state),
  "answered.notPaid": nothing(state),
  "answered.notFound": nothing(state),
  "answered.closed": nothing(state),
  "answered.payError": nothing(state),
  "answered.refused": nothing(state),
  "answered.misconfigured": nothing(state),
  "answered.notSent": nothing(state),
  "answered.unknown": nothing(state),
  cancelWanted: nothing(state),
  closeWanted: nothing(state),
  closeAnswered: nothing(state),
});

/** An ended attempt is never revived: money that shows up now goes back. */
const endedRow = (state: "reversed" | "failed"): Row => ({
  ...answers(state),
  "answered.paid": {
    to: [state, "manual"],
    step: (a, e, now) => {
      if (a.lateSuccess !== null) return same(a);
      const { transactionId, amountFen } = e.outcome;
      // Not the sum that was asked for: how much goes back to whom is for people to find out.
      if (amountFen !== a.amountFen) return toManual({ ...a, transactionId, oddFen: amountFen }, now);
      return lateSuccess(a, transactionId, now);
    },
  },
  prepareAnswered: nothing(state),
  notSubmitted: nothing(state),
  reverseAnswered: nothing(state),
  lateCheckDone: { to: [state], step: (a, _e, now) => lateCheckDone(a, now) },
  lateRefunded: { to: [state], step: (a) => refunded(a, null) },
  lateRefundFailed: { to: [state], step: (a, e, now) => lateRefundFailed(a, e.why, now) },
  lateRefundStuck: { to: [state], step: (a, e, now) => lateRefundStuck(a, e.why, now) },
  latePaidOut: { to: [state], step: (a, e) => refunded(a, e.payOut) },
});

/** State × event. A pair that is absent, or whose step gives null, is refused and changes nothing. */
export const attemptTable: { readonly [S in AttemptState]: Row } = {
  created: {
    submitted: { to: ["submitted"], step: (a, _e, now) => submit(a, now) },
    taken: {
      to: ["paid"],
      step: (a, e, now) =>
        a.kind === "counter" ? same({ ...a, state: "paid", paidAt: now, transactionId: e.reference }) : null,
    },
    notSubmitted: { to: ["failed"], step: (a, _e, now) => ended({ ...a, state: "failed" }, now) },
    cancelWanted: { to: ["failed"], step: (a, _e, now) => ended({ ...a, state: "failed" }, now) },
    closeWanted: {
      to: ["failed"],
      step: (a, _e, now) => (a.kind === "prepay" ? ended({ ...a, state: "failed" }, now) : null),
    },
  },
  submitted: openRow("submitted"),
  pending: openRow("pending"),
  // A later answer to the same question tells nothing. Wanting the money back is the purchase's refund.
  paid: answers("paid"),
  reversing: {
    reverseAnswered: { to: ["reversing", "manual"], step: (a, e, now) => reverseAnswered(a, e.outcome, now) },
    "answered.paid": {
      to: ["reversing", "manual"],
      step: (a, e, now) => paidWhileReversing(a, e.outcome, now),
    },
    "answered.closed": {
      to: ["reversed", "reversing"],
      step: (a, _e, now) => (a.lateSuccess === null ? ended({ ...a, state: "reversed" }, now) : same(a)),
    },
    "answered.notFound": {
      to: ["reversing", "reversed", "manual"],
      step: (a, _e, now) => (a.lateSuccess === null ? notFoundWhileReversing(a, now) : same(a)),
    },
    "answered.inProgress": foundAgain,
    "answered.notPaid": foundAgain,
    "answered.payError": foundAgain,
    "answered.refused": again,
    "answered.misconfigured": again,
    "answered.notSent": again,
    "answered.unknown": again,
    cancelWanted: { to: ["reversing"], step: (a) => same({ ...a, cancelRequested: true }) },
    closeWanted: nothing("reversing"),
    closeAnswered: { to: ["reversing"], step: (a, _e, now) => ({ attempt: a, jobs: [query(now)] }) },
    prepareAnswered: nothing("reversing"),
    lateRefunded: { to: ["reversed"], step: (a, _e, now) => endRefunded(a, null, now) },
    lateRefundFailed: { to: ["reversing"], step: (a, e, now) => lateRefundFailed(a, e.why, now) },
    lateRefundStuck: { to: ["reversing"], step: (a, e, now) => lateRefundStuck(a, e.why, now) },
    latePaidOut: { to: ["reversed"], step: (a, e, now) => endRefunded(a, e.payOut, now) },
  },
  reversed: endedRow("reversed"),
  failed: endedRow("failed"),
  manual: {
    ...answers("manual"),
    resolved: {
      to: ["paid", "reversed"],
      step: (a, e, now) => {
        if (e.by[0] === e.by[1]) return null;
        if (e.to === "reversed") return ended({ ...a, state: "reversed" }, now);
        return same({ ...a, state: "paid", paidAt: now, transactionId: e.transactionId ?? a.transactionId });
      },
    },
  },
};

/** Until when something that was only announced may be sent or laid down. */
export const submitBy = (a: Pick<Attempt, "kind" | "createdAt">): Instant =>
  a.createdAt + (a.kind === "counter" ? attemptTimers.counterMs : attemptTimers.notAfterMs);

function submit(a: Attempt, now: Instant): AttemptStep | null {
  if (a.kind === "counter" || now > submitBy(a)) return null;
  const deadlineAt = a.kind === "prepay" ? a.deadlineAt : now + attemptTimers.deadlineMs[a.channel];
  return {
    attempt: { ...a, state: "submitted", submittedAt: now, deadlineAt },
    jobs: [query(now + attemptTimers.queryEveryMs)],
  };
}

/** By hand only what its channel has given up, or the customer gets it twice; two people, and once. */
function refunded(a: Attempt, paidOut: PayOut | null): AttemptStep | null {
  if (a.lateSuccess === null) return null;
  if (paidOut !== null && (!a.lateSuccess.stuck || paidOut.by[0] === paidOut.by[1])) return null;
  if (a.lateSuccess.refunded) return paidOut === null ? same(a) : null;
  return same({ ...a, lateSuccess: { ...a.lateSuccess, refunded: true, paidOut } });
}

function endRefunded(a: Attempt, paidOut: PayOut | null, now: Instant): AttemptStep | null {
  const step = refunded(a, paidOut);
  return step === null ? null : ended({ ...step.attempt, state: "reversed" }, now);
}

/** Over, unless money shows up that nobody wants any more. */
export const finalAttemptStates: readonly AttemptState[] = ["paid", "reversed", "failed"];
/** Can this attempt still bring money in or out by itself? */
export const attemptIsFinal = (a: Attempt): boolean => finalAttemptStates.includes(a.state);

/** The attempt after `event` at `now`, with the work that follows; or `wrongState`, which changes nothing. */
export function attemptStep(
  attempt: Attempt | null,
  event: AttemptEvent,
  now: Instant,
): Result<AttemptStep, AttemptRefusal> {
  if (attempt === null) return event.type === "created" ? ok(create(event, now)) : refuse("none", event);
  if (event.type === "created") return refuse(attempt.state, event);
  const key: AttemptEventKey = event.type === "answered" ? `answered.${event.outcome.kind}` : event.type;
  // The row is indexed by the event's own name, so the cell is the one for this event; TypeScript loses that link.
  const cell = attemptTable[attempt.state][key] as
    | { to: readonly AttemptState[]; step(a: Attempt, e: typeof event, now: Instant): AttemptStep | null }
    | undefined;
  const step = cell?.step(attempt, event, now) ?? null;
  if (cell === undefined || step === null) return refuse(attempt.state, event);
  if (!cell.to.includes(step.attempt.state))
    throw new Error(`attempt: ${attempt.state} × ${key} led to ${step.attempt.state}`);
  return ok(step);
}

function refuse(state: AttemptState | "none", event: AttemptEvent): Result<AttemptStep, AttemptRefusal> {
  return err({ code: "wrongState", state, event: event.type });
}

function create(e: Extract<AttemptEvent, { type: "created" }>, now: Instant): AttemptStep {
  const notAfter = submitBy({ kind: e.kind, createdAt: now });
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
    deadlineAt: e.kind === "prepay" ? now + attemptTimers.prepayMs : notAfter,
    payer: e.payer ?? null,
    prepayId: null,
    closeWanted: false,
    closeCalls: 0,
    drawerId: e.drawerId ?? null,
    cancelRequested: false,
    reversingSince: null,
    endedAt: null,
    reverseCalls: 0,
    notFoundCount: 0,
    notFoundSince: null,
    refusedCode: null,
    transactionId: null,
    paidAt: null,
    oddFen: null,
    codeMask: e.codeMask,
    lateSuccess: null,
  };
  // Whoever made it submits it, or takes the money; the task only ends what was never sent.
  return { attempt, jobs: [{ job: "submit", at: e.kind === "counter" ? notAfter : now }] };
}
