/** The table's own words are kept: every `to` it declares is reached by some schedule, and nothing else ever is. */
import fc from "fast-check";
import { expect, it } from "vitest";
import type { AttemptEvent } from "./events.ts";
import { type AttemptEventKey, attemptStep, attemptTable } from "./machine.ts";
import type { Attempt, AttemptState, Outcome } from "./types.ts";

const paid: Outcome = { kind: "paid", verified: true, transactionId: "4200", amountFen: 100, paidAt: null };
const outcomes: Outcome[] = [
  paid,
  { ...paid, amountFen: 99 },
  { kind: "inProgress", verified: true },
  { kind: "notPaid", verified: true },
  { kind: "notFound", verified: true },
  { kind: "closed", verified: true },
  { kind: "payError", verified: true },
  { kind: "refused", verified: false, code: "X", text: "other" },
  { kind: "misconfigured", code: "X" },
  { kind: "notSent" },
  { kind: "unknown", why: "x" },
];
const payOut = { way: "bank", drawerId: null, by: ["u1", "u2"], evidence: "x" } as const;
const others: AttemptEvent[] = [
  { type: "notSubmitted" },
  { type: "submitted" },
  { type: "taken", by: "u1", reference: null },
  { type: "prepareAnswered", outcome: { kind: "prepared", prepayId: "wx1" } },
  { type: "prepareAnswered", outcome: { kind: "refused", code: "X" } },
  { type: "prepareAnswered", outcome: { kind: "unknown", why: "x" } },
  { type: "cancelWanted" },
  { type: "closeWanted" },
  { type: "closeAnswered", outcome: { kind: "accepted" } },
  { type: "reverseAnswered", outcome: { kind: "accepted" } },
  { type: "reverseAnswered", outcome: { kind: "tooLate", code: "X" } },
  { type: "lateCheckDone" },
  { type: "lateRefunded" },
  { type: "lateRefundFailed", why: "x" },
  { type: "lateRefundStuck", why: "x" },
  { type: "latePaidOut", payOut: { ...payOut, by: ["u1", "u2"] } },
  { type: "resolved", to: "paid", transactionId: null, by: ["u1", "u2"] },
  { type: "resolved", to: "reversed", transactionId: null, by: ["u1", "u2"] },
];
const event = fc.oneof(
  { weight: 3, arbitrary: fc.tuple(fc.constantFrom("pay", "query"), fc.constantFrom(...outcomes)) },
  { weight: 2, arbitrary: fc.constantFrom(...others) },
);
const query = (outcome: Outcome): AttemptEvent => ({ type: "answered", call: "query", outcome });
/** Ways to come to where seldom things happen. */
const beginnings: AttemptEvent[][] = [
  [],
  [{ type: "submitted" }],
  [{ type: "submitted" }, query({ kind: "inProgress", verified: true }), { type: "cancelWanted" }],
  // Asked until the gateway's window for reversing is over.
  [
    { type: "submitted" },
    query({ kind: "payError", verified: true }),
    ...Array.from({ length: 40 }, (): AttemptEvent => ({ type: "reverseAnswered", outcome: { kind: "accepted" } })),
  ],
  // Paid after the end, and its channel won't give it back.
  ...(["closed", "payError"] as const).map((kind): AttemptEvent[] => [
    { type: "submitted" },
    query({ kind, verified: true }),
    query({ kind: "closed", verified: true }),
    query(paid),
    { type: "lateRefundStuck", why: "x" },
  ]),
];
const waitMs = fc.constantFrom(0, 1_000, 5_000, 20_000, 60_000, 900_000, 8 * 86_400_000);
const schedule = fc.record({
  kind: fc.constantFrom<Attempt["kind"]>("code", "prepay", "counter"),
  channel: fc.constantFrom<Attempt["channel"]>("wechat", "alipay"),
  beginning: fc.constantFrom(...beginnings),
  steps: fc.array(fc.tuple(waitMs, event), { minLength: 1, maxLength: 9, size: "max" }),
});

function keyOf(e: AttemptEvent): AttemptEventKey | "created" {
  return e.type === "answered" ? `answered.${e.outcome.kind}` : e.type;
}

function declared(): Set<string> {
  const all = new Set<string>();
  for (const [from, row] of Object.entries(attemptTable))
    for (const [key, cell] of Object.entries(row)) for (const to of cell.to) all.add(`${from} × ${key} → ${to}`);
  return all;
}

/** @returns each step that was not refused. */
function reached(seed: number, numRuns: number): Set<string> {
  const all = new Set<string>();
  const take = (from: AttemptState, e: AttemptEvent, after: Attempt): Attempt => {
    all.add(`${from} × ${keyOf(e)} → ${after.state}`);
    return after;
  };
  for (const { kind, channel, beginning, steps } of fc.sample(schedule, { seed, numRuns })) {
    const made = attemptStep(
      null,
      {
        type: "created",
        id: "a",
        purchaseId: "p",
        kind,
        channel,
        outTradeNo: "K_000001",
        amountFen: 100,
        codeMask: "",
      },
      0,
    );
    if (!made.ok) throw new Error("refused");
    let { attempt } = made.value;
    let now = 0;
    const events: [number, AttemptEvent][] = steps.map(([wait, e]) => [
      wait,
      Array.isArray(e) ? { type: "answered", call: e[0] as "pay" | "query", outcome: e[1] } : e,
    ]);
    for (const [wait, e] of [...beginning.map((first): [number, AttemptEvent] => [0, first]), ...events]) {
      now += wait;
      const step = attemptStep(attempt, e, now);
      if (step.ok) attempt = take(attempt.state, e, step.value.attempt);
    }
  }
  return all;
}

it("reaches every declared state, and no other", () => {
  expect([...reached(7, 40_000)].sort()).toEqual([...declared()].sort());
});
