/**
 * The attempt machine: every state × event pair, and the rules that each lose money when broken
 * (facts/payments.md §7: the five shortcuts and their shortest violations).
 */
import fc from "fast-check";
import { describe, expect, inject, it } from "vitest";
import { type AttemptEvent, attemptTimers } from "./events.ts";
import { attemptIsFinal, attemptStep } from "./machine.ts";
import { answerOf } from "./open.ts";
import { refundTimers } from "./refundTimers.ts";
import { lateRefundNo } from "./reversing.ts";
import type { Attempt, AttemptState, CloseOutcome, Outcome, PayOut, PrepayOutcome, ReverseOutcome } from "./types.ts";

const created: AttemptEvent = {
  type: "created",
  id: "a1",
  purchaseId: "p1",
  kind: "code",
  channel: "wechat",
  outTradeNo: "K01_000001",
  amountFen: 119_970,
  codeMask: "13…8406",
};
const paid: Outcome = { kind: "paid", verified: true, transactionId: "4200", amountFen: 119_970, paidAt: 5 };
const pay = (outcome: Outcome): AttemptEvent => ({ type: "answered", call: "pay", outcome });
const query = (outcome: Outcome): AttemptEvent => ({ type: "answered", call: "query", outcome });

/** Runs events at given times from nothing; throws where one is refused. */
function run(...events: [at: number, event: AttemptEvent][]) {
  let attempt: Attempt | null = null;
  let jobs: { job: string; at: number }[] = [];
  for (const [at, event] of events) {
    const step = attemptStep(attempt, event, at);
    if (!step.ok) throw new Error(JSON.stringify(step.error));
    attempt = step.value.attempt;
    jobs = step.value.jobs;
  }
  if (attempt === null) throw new Error("nothing ran");
  return { attempt, jobs };
}

const open: [number, AttemptEvent][] = [
  [0, created],
  [1, { type: "submitted" }],
];
const reversing: [number, AttemptEvent][] = [...open, [46_000, query({ kind: "notPaid", verified: true })]];

describe("an attempt on its good way", () => {
  it("is submitted durably, then paid by the pay call's signed answer", () => {
    expect(run([0, created]).jobs).toEqual([{ job: "submit", at: 0 }]);
    expect(run(...open).jobs).toEqual([{ job: "query", at: 5_001 }]);
    expect(run(...open, [900, pay(paid)])).toMatchObject({
      attempt: { state: "paid", transactionId: "4200", paidAt: 5 },
      jobs: [],
    });
  });
  it("waits for the password, asking every 5 s", () => {
    const { attempt, jobs } = run(...open, [900, pay({ kind: "inProgress", verified: true })]);
    expect(attempt.state).toBe("pending");
    expect(jobs).toEqual([{ job: "query", at: 5_900 }]);
  });
  it("asks Alipay once more before it believes an answered success", () => {
    const alipay: AttemptEvent = { ...created, channel: "alipay" };
    const after = run([0, alipay], [1, { type: "submitted" }], [900, pay(paid)]);
    expect(after).toMatchObject({ attempt: { state: "pending" }, jobs: [{ job: "query", at: 900 }] });
    expect(run([0, alipay], [1, { type: "submitted" }], [900, pay(paid)], [950, query(paid)]).attempt.state).toBe(
      "paid",
    );
  });
});

describe("what is not a failure", () => {
  const notKnown: Outcome[] = [
    { kind: "unknown", why: "timeout" },
    { kind: "unknown", why: "bad signature" },
    { kind: "notFound", verified: true },
    { kind: "notPaid", verified: true },
    { kind: "inProgress", verified: false },
    { kind: "misconfigured", code: "SIGN_ERROR" },
  ];
  it.each(notKnown)("$kind leaves the attempt open before the deadline", (outcome) => {
    const { attempt, jobs } = run(...open, [2_000, query(outcome)]);
    expect(["submitted", "pending"]).toContain(attempt.state);
    expect(jobs.some((j) => j.job === "query")).toBe(true);
  });
  it.each(notKnown)("$kind at the deadline is followed at once by a reverse", (outcome) => {
    const { attempt, jobs } = run(...open, [45_001, query(outcome)]);
    expect(attempt.state).toBe("reversing");
    expect(jobs).toContainEqual({ job: "reverse", at: 45_001 });
  });
  it("not-found, over and over, ends nothing that was not refused: the pay call may still be on its way", () => {
    const missing = (at: number): [number, AttemptEvent] => [at, query({ kind: "notFound", verified: true })];
    expect(run(...open, missing(5_001), missing(10_001), missing(15_001), missing(20_001)).attempt.state).toBe(
      "submitted",
    );
  });
  it("only the pay call can say that no byte left", () => {
    expect(run(...open, [5_001, query({ kind: "notSent" })]).attempt.state).toBe("submitted");
  });
  it("the pay call's own silence never ends the attempt, even past the deadline: only a query may be the last word", () => {
    expect(run(...open, [50_000, pay({ kind: "unknown", why: "timeout" })])).toMatchObject({
      attempt: { state: "submitted" },
      jobs: [{ job: "query", at: 50_000 }],
    });
  });
});

describe("refused codes", () => {
  const refused: [number, AttemptEvent] = [
    800,
    pay({ kind: "refused", verified: false, code: "NOT_ENOUGH", text: "balance" }),
  ];
  it("need a confirming query: closed", () => {
    expect(run(...open, refused)).toMatchObject({
      attempt: { state: "submitted", refusedCode: "balance" },
      jobs: [{ job: "query", at: 800 }],
    });
    expect(run(...open, refused, [900, query({ kind: "closed", verified: true })]).attempt.state).toBe("failed");
  });
  it("or two signed not-founds", () => {
    const once = run(...open, refused, [900, query({ kind: "notFound", verified: true })]);
    expect(once).toMatchObject({ attempt: { state: "submitted" }, jobs: [{ job: "query", at: 2_900 }] });
    expect(
      run(
        ...open,
        refused,
        [900, query({ kind: "notFound", verified: true })],
        [2_900, query({ kind: "notFound", verified: true })],
      ).attempt.state,
    ).toBe("failed");
  });
  it("agreeing one after the other, since the refusal", () => {
    const missing = (at: number): [number, AttemptEvent] => [at, query({ kind: "notFound", verified: true })];
    expect(run(...open, missing(700), refused, missing(900)).attempt.state).toBe("submitted");
    const between: [number, AttemptEvent] = [1_500, query({ kind: "inProgress", verified: true })];
    expect(run(...open, refused, missing(900), between, missing(2_900)).attempt.state).toBe("pending");
  });
  it("asked for since the refusal: a query that overtook the pay call tells nothing of what the call left behind", () => {
    const missing: Outcome = { kind: "notFound", verified: true };
    const asked = run(...open).attempt;
    const overtook = (now: number, a: Attempt): [number, AttemptEvent] => [now, answerOf(asked, a, "query", missing)];
    const heard = run(...open, refused).attempt;
    const since: [number, AttemptEvent] = [2_900, answerOf(heard, heard, "query", missing)];
    expect(run(...open, refused, overtook(900, heard), since)).toMatchObject({
      attempt: { state: "submitted", notFoundCount: 1 },
      jobs: [{ job: "query", at: 4_900 }],
    });
    expect(answerOf(asked, asked, "query", missing)).toEqual(query(missing));
    expect(answerOf(asked, heard, "query", paid)).toEqual(query(paid));
    expect(since[1]).toEqual(query(missing));
  });
  it("and an order that stands unpaid is taken away, not left", () => {
    expect(run(...open, refused, [900, query({ kind: "notPaid", verified: true })]).attempt.state).toBe("reversing");
  });
  it("a refusal that turns out paid is paid", () => {
    expect(run(...open, refused, [900, query(paid)]).attempt.state).toBe("paid");
  });
});

describe("sending", () => {
  it("is not done 10 s after the scan", () => {
    expect(attemptStep(run([0, created]).attempt, { type: "submitted" }, 10_001).ok).toBe(false);
    expect(run([0, created], [10_001, { type: "notSubmitted" }]).attempt.state).toBe("failed");
  });
  it("fails at once when no byte left this machine", () => {
    expect(run(...open, [20, pay({ kind: "notSent" })])).toMatchObject({ attempt: { state: "failed" }, jobs: [] });
  });
});

describe("giving up", () => {
  it("never reverses before 15 s after the submit", () => {
    const { attempt, jobs } = run(...open, [3_000, { type: "cancelWanted" }]);
    expect(attempt).toMatchObject({ state: "submitted", cancelRequested: true });
    expect(jobs).toEqual([{ job: "query", at: 15_001 }]);
    const early = run(...open, [3_000, { type: "cancelWanted" }], [5_001, query({ kind: "payError", verified: true })]);
    expect(early.jobs).toEqual([{ job: "reverse", at: 15_001 }]);
    const unpaid = run(...open, [3_000, { type: "cancelWanted" }], [5_001, query({ kind: "notPaid", verified: true })]);
    expect(unpaid).toMatchObject({ attempt: { state: "submitted" }, jobs: [{ job: "query" }] });
  });
  it("takes money that came in meanwhile back by the reverse: nobody waits for the gas any more", () => {
    expect(run(...open, [3_000, { type: "cancelWanted" }], [15_001, query(paid)]).attempt.state).toBe("reversing");
  });
  it("believes a reverse only when a query confirms it", () => {
    const answered = run(...reversing, [46_500, { type: "reverseAnswered", outcome: { kind: "accepted" } }]);
    expect(answered).toMatchObject({ attempt: { state: "reversing" }, jobs: [{ job: "query", at: 46_500 }] });
    expect(
      run(
        ...reversing,
        [46_500, { type: "reverseAnswered", outcome: { kind: "accepted" } }],
        [46_600, query({ kind: "closed", verified: true })],
      ).attempt.state,
    ).toBe("reversed");
  });
  it("never goes back to paid", () => {
    const { attempt, jobs } = run(...reversing, [46_600, query(paid)]);
    expect(attempt.state).toBe("reversing");
    expect(jobs[0]?.job).toBe("reverse");
  });
  it("lets not-found end a reversal only when old and agreed over a minute", () => {
    const missing = (at: number): [number, AttemptEvent] => [at, query({ kind: "notFound", verified: true })];
    expect(run(...reversing, missing(46_100), missing(51_000), missing(56_000)).attempt.state).toBe("reversing");
    expect(run(...reversing, missing(70_000), missing(71_000), missing(72_000)).attempt.state).toBe("reversing");
    expect(run(...reversing, missing(46_100), missing(106_100)).attempt.state).toBe("reversing");
    const once = run(...reversing, missing(46_100), missing(66_000), missing(106_100));
    expect(once.attempt.state).toBe("reversing");
    expect(once.jobs).toEqual([{ job: "reverse", at: 106_100 + attemptTimers.queryEveryMs }]);
    const twice = run(...reversing, missing(46_100), missing(106_100), missing(111_100));
    expect(twice.attempt.state).toBe("reversed");
    expect(
      run(
        ...reversing,
        missing(46_100),
        missing(66_000),
        [70_000, query({ kind: "notPaid", verified: true })],
        missing(106_100),
        missing(111_100),
      ).attempt.state,
    ).toBe("reversing");
  });
  it("believes no single not-found of a replica that lags behind a pay call that landed late", () => {
    const missing = (at: number): [number, AttemptEvent] => [at, query({ kind: "notFound", verified: true })];
    const silent = (at: number): [number, AttemptEvent] => [at, query({ kind: "unknown", why: "timeout" })];
    const early = [missing(46_100), missing(46_600), missing(52_000), silent(75_000), silent(100_000)];
    const lagging = run(...reversing, ...early, missing(121_000));
    expect(lagging.attempt.state).toBe("reversing");
    const seen = run(...reversing, ...early, missing(121_000), [126_000, query(paid)]);
    expect(seen.attempt).toMatchObject({ state: "reversing", notFoundCount: 0 });
    expect(seen.jobs[0]?.job).toBe("reverse");
  });
  it("lets one answer between start the minute anew, whatever it was", () => {
    const missing = (at: number): [number, AttemptEvent] => [at, query({ kind: "notFound", verified: true })];
    for (const outcome of [paid, { kind: "payError", verified: true }] as const) {
      const between: [number, AttemptEvent] = [70_000, query(outcome)];
      const { attempt } = run(
        ...reversing,
        missing(46_100),
        missing(66_000),
        between,
        missing(106_100),
        missing(111_100),
      );
      expect(attempt).toMatchObject({ state: "reversing", notFoundCount: 2 });
    }
  });
  it("goes on in steps after a standstill of ours, not in one rush to the end of the gateway's window", () => {
    const late = 46_000 + 20 * 3_600_000;
    const { jobs } = run(
      ...reversing,
      [late, { type: "reverseAnswered", outcome: { kind: "unknown", why: "timeout" } }],
      [late, query({ kind: "unknown", why: "timeout" })],
    );
    expect(jobs).toEqual([{ job: "reverse", at: late + attemptTimers.queryEveryMs }]);
  });
  it("takes an order that can't be reversed and was not seen paid for neither: it asks", () => {
    const { attempt, jobs } = run(...reversing, [
      51_000,
      { type: "reverseAnswered", outcome: { kind: "tooLate", code: "TRADE_CANCEL_TIME_OUT" } },
    ]);
    expect(attempt.lateSuccess).toBeNull();
    expect(jobs).toEqual([{ job: "query", at: 51_000 }]);
  });
  it("leaves another sum than was asked for to people where it can't be reversed: a refund would be of the wrong one", () => {
    for (const amountFen of [119_969, 119_971]) {
      const odd = run(...reversing, [46_100, query({ ...paid, amountFen })]);
      expect(odd.attempt).toMatchObject({ state: "reversing", oddFen: amountFen });
      expect(odd.jobs[0]?.job).toBe("reverse");
      const late = run(
        ...reversing,
        [46_100, query({ ...paid, amountFen })],
        [51_000, { type: "reverseAnswered", outcome: { kind: "tooLate", code: "TRADE_CANCEL_TIME_OUT" } }],
      );
      expect(late.attempt).toMatchObject({ state: "manual", lateSuccess: null, oddFen: amountFen });
      expect(late.jobs.map((j) => j.job)).toEqual(["staff"]);
    }
  });
  it("refunds a paid order that the gateway no longer reverses", () => {
    const late = run(
      ...reversing,
      [46_100, query(paid)],
      [51_000, { type: "reverseAnswered", outcome: { kind: "tooLate", code: "TRADE_CANCEL_TIME_OUT" } }],
    );
    expect(late.attempt.lateSuccess).toEqual({
      transactionId: "4200",
      refundNo: "RK01_000001",
      refunded: false,
      failures: 0,
      stuck: false,
      why: null,
      paidOut: null,
    });
    expect(late.jobs.map((j) => j.job)).toEqual(["lateRefund", "staff"]);
    const done = attemptStep(late.attempt, { type: "lateRefunded" }, 60_000);
    expect(done).toMatchObject({
      ok: true,
      value: { attempt: { state: "reversed", lateSuccess: { refunded: true } } },
    });
  });
  it("asks people when the gateway's window has passed", () => {
    let attempt = run(...reversing).attempt;
    let at = 46_000;
    for (let i = 0; i < 500 && attempt.state === "reversing"; i++) {
      const called = attemptStep(
        attempt,
        { type: "reverseAnswered", outcome: { kind: "again", why: "USERPAYING" } },
        at,
      );
      if (!called.ok) throw new Error("refused");
      const asked = attemptStep(called.value.attempt, query({ kind: "notPaid", verified: true }), at);
      if (!asked.ok) throw new Error("refused");
      attempt = asked.value.attempt;
      at = Math.max(at + 1, asked.value.jobs[0]?.at ?? at);
    }
    expect(attempt.state).toBe("manual");
    expect(at - 46_000).toBeLessThanOrEqual(attemptTimers.reverseWindowMs.wechat + attemptTimers.reverseThenEveryMs);
  });
});

describe("a success after the end", () => {
  const ended: [number, AttemptEvent][] = [...reversing, [46_600, query({ kind: "closed", verified: true })]];
  it("is looked for after 1 and 10 minutes", () => {
    expect(run(...ended).jobs).toEqual([{ job: "lateCheck", at: 106_600 }]);
    expect(run(...ended, [106_600, { type: "lateCheckDone" }]).jobs).toEqual([{ job: "lateCheck", at: 646_600 }]);
    expect(run(...ended, [646_600, { type: "lateCheckDone" }]).jobs).toEqual([]);
  });
  it("is looked for twice after a reversal of hours too: the minutes count from its end", () => {
    const hours = 46_000 + 5 * 3_600_000;
    const after = [...reversing, [hours, query({ kind: "closed", verified: true })]] as [number, AttemptEvent][];
    expect(run(...after, [hours + 60_000, { type: "lateCheckDone" }]).jobs).toEqual([
      { job: "lateCheck", at: hours + 600_000 },
    ]);
  });
  it("is refunded once under one number, never revived", () => {
    const late = run(...ended, [200_000, query(paid)]);
    expect(late.attempt).toMatchObject({
      state: "reversed",
      lateSuccess: { refundNo: lateRefundNo(late.attempt), refunded: false },
    });
    expect(run(...ended, [200_000, query(paid)], [200_100, query(paid)]).jobs).toEqual([]);
    expect(
      run(...ended, [200_000, query(paid)], [201_000, { type: "lateRefunded" }]).attempt.lateSuccess?.refunded,
    ).toBe(true);
  });
});

describe("a wrong amount", () => {
  it("goes to people, never to paid", () => {
    const { attempt, jobs } = run(...open, [900, pay({ ...paid, amountFen: 1 })]);
    expect(attempt.state).toBe("manual");
    expect(jobs[0]?.job).toBe("staff");
  });
  it("takes two different people to decide", () => {
    const manual = run(...open, [900, pay({ ...paid, amountFen: 1 })]).attempt;
    expect(attemptStep(manual, { type: "resolved", to: "paid", transactionId: null, by: ["u1", "u1"] }, 1_000).ok).toBe(
      false,
    );
    expect(
      attemptStep(manual, { type: "resolved", to: "paid", transactionId: null, by: ["u1", "u2"] }, 1_000),
    ).toMatchObject({ ok: true, value: { attempt: { state: "paid" } } });
  });
});

describe("a prepay", () => {
  const prepay: [number, AttemptEvent][] = [
    [0, { ...created, kind: "prepay" }],
    [1, { type: "submitted" }],
  ];
  const prepared: [number, AttemptEvent][] = [
    ...prepay,
    [200, { type: "prepareAnswered", outcome: { kind: "prepared", prepayId: "wx1" } }],
  ];
  const notPaid: Outcome = { kind: "notPaid", verified: true };
  const closed: Outcome = { kind: "closed", verified: true };

  it("waits 15 minutes for the customer, asking at growing distances in case the callback is lost", () => {
    expect(run(...prepared)).toMatchObject({ attempt: { state: "pending", prepayId: "wx1", deadlineAt: 900_000 } });
    let jobs = run(...prepared).jobs;
    let { attempt } = run(...prepared);
    const asked: number[] = [];
    while (attempt.state === "pending" && asked.length < 20) {
      const at = jobs[0]?.at ?? 0;
      asked.push(at - 1);
      const step = attemptStep(attempt, query(notPaid), at);
      if (!step.ok) throw new Error("refused");
      ({ attempt, jobs } = step.value);
    }
    expect(asked).toEqual([5_000, 10_000, 20_000, 40_000, 60_000, 120_000, 300_000, 600_000, 899_999]);
    expect(attempt.state).toBe("reversing");
    expect(jobs).toEqual([{ job: "reverse", at: 900_000 }]);
  });
  it("is paid by callback or query, and by nothing else", () => {
    expect(run(...prepared, [30_000, query(paid)]).attempt).toMatchObject({ state: "paid", transactionId: "4200" });
  });
  it("whose order was refused, or never sent, is over: nobody holds an id to pay", () => {
    const answered = (outcome: PrepayOutcome) => run(...prepay, [200, { type: "prepareAnswered", outcome }]);
    expect(answered({ kind: "refused", code: "PARAM_ERROR" }).attempt.state).toBe("failed");
    expect(answered({ kind: "notSent" })).toMatchObject({ attempt: { state: "failed" }, jobs: [] });
    expect(answered({ kind: "unknown", why: "timeout" })).toMatchObject({
      attempt: { state: "submitted" },
      jobs: [{ job: "query" }],
    });
    expect(answered({ kind: "misconfigured", code: "NO_AUTH" }).jobs.map((j) => j.job)).toContain("staff");
  });
  it("whose order is unknown ends after two not-founds; one that has an id does not", () => {
    const missing = (at: number): [number, AttemptEvent] => [at, query({ kind: "notFound", verified: true })];
    expect(run(...prepay, missing(5_001), missing(10_001)).attempt.state).toBe("failed");
    expect(run(...prepared, missing(5_001), missing(10_001), missing(20_001)).attempt.state).toBe("pending");
  });
  it("that is given up is closed at once, and what was paid in spite of it is refunded, never kept", () => {
    const wanted = run(...prepared, [3_000, { type: "cancelWanted" }]);
    expect(wanted.jobs).toEqual([{ job: "query", at: 3_000 }]);
    const asked = run(...prepared, [3_000, { type: "cancelWanted" }], [3_100, query(notPaid)]);
    expect(asked).toMatchObject({ attempt: { state: "reversing" }, jobs: [{ job: "reverse", at: 3_100 }] });
    for (const events of [[3_000], [3_000, 3_100]]) {
      const before = events.length === 1 ? [] : ([[3_100, query(notPaid)]] as [number, AttemptEvent][]);
      const late = run(...prepared, [3_000, { type: "cancelWanted" }], ...before, [3_500, query(paid)]);
      expect(late.attempt).toMatchObject({ state: "reversing", lateSuccess: { refunded: false } });
      expect(late.jobs.map((j) => j.job)).toContain("lateRefund");
      expect(attemptStep(late.attempt, query(closed), 4_000)).toMatchObject({ value: { attempt: late.attempt } });
      expect(attemptStep(late.attempt, { type: "lateRefunded" }, 5_000)).toMatchObject({
        value: { attempt: { state: "reversed" } },
      });
    }
  });

  describe("that a reader wants out of its way", () => {
    const wanted: [number, AttemptEvent][] = [...prepared, [20_000, { type: "closeWanted" }]];
    it("is asked about once more, then closed, then asked about again: only a query ends it", () => {
      expect(run(...wanted)).toMatchObject({ attempt: { state: "pending" }, jobs: [{ job: "query", at: 20_000 }] });
      expect(run(...wanted, [20_100, query(notPaid)]).jobs).toEqual([{ job: "close", at: 20_100 }]);
      const called = run(
        ...wanted,
        [20_100, query(notPaid)],
        [20_200, { type: "closeAnswered", outcome: { kind: "accepted" } }],
      );
      expect(called).toMatchObject({ attempt: { state: "pending" }, jobs: [{ job: "query", at: 20_200 }] });
      expect(attemptStep(called.attempt, query(closed), 20_300)).toMatchObject({
        value: { attempt: { state: "failed" } },
      });
      expect(attemptStep(called.attempt, query(notPaid), 20_300)).toMatchObject({
        value: { attempt: { state: "pending" }, jobs: [{ job: "close", at: 25_300 }] },
      });
    });
    it("and was paid first, is paid: the purchase goes on with it", () => {
      expect(run(...wanted, [20_100, query(paid)]).attempt.state).toBe("paid");
      const refusedClose: [number, AttemptEvent] = [
        20_200,
        { type: "closeAnswered", outcome: { kind: "alreadyPaid" } },
      ];
      expect(run(...wanted, [20_100, query(notPaid)], refusedClose, [20_300, query(paid)]).attempt.state).toBe("paid");
    });
    it("is no scanned code: that one is reversed by its own rules", () => {
      expect(attemptStep(run(...open).attempt, { type: "closeWanted" }, 2_000).ok).toBe(false);
    });
  });
});

describe("a payment at a counter", () => {
  const counter: AttemptEvent = { ...created, kind: "counter", channel: "cash", drawerId: "d1" };
  it("is paid when the cashier says so, and never sent anywhere", () => {
    expect(run([0, counter]).jobs).toEqual([{ job: "submit", at: 600_000 }]);
    expect(attemptStep(run([0, counter]).attempt, { type: "submitted" }, 1).ok).toBe(false);
    expect(run([0, counter], [300_000, { type: "taken", by: "u1", reference: null }]).attempt).toMatchObject({
      state: "paid",
      drawerId: "d1",
      paidAt: 300_000,
    });
  });
  it("ends when nothing was laid down, without late checks: there is no gateway to ask", () => {
    expect(run([0, counter], [600_001, { type: "notSubmitted" }])).toMatchObject({
      attempt: { state: "failed" },
      jobs: [],
    });
  });
  it("only a counter's attempt can be taken by hand", () => {
    expect(attemptStep(run([0, created]).attempt, { type: "taken", by: "u1", reference: null }, 1).ok).toBe(false);
  });
});

describe("a late success that its channel can't give back", () => {
  const late: [number, AttemptEvent][] = [
    ...reversing,
    [46_600, query({ kind: "closed", verified: true })],
    [200_000, query(paid)],
  ];
  const payOut: PayOut = { way: "bank", drawerId: null, by: ["u1", "u2"], evidence: "transfer 77" };
  const stuck: [number, AttemptEvent][] = [
    ...late,
    [250_000, { type: "lateRefundStuck", why: "USER_ACCOUNT_ABNORMAL" }],
  ];
  it("is paid out by two people, once", () => {
    const out = run(...stuck, [300_000, { type: "latePaidOut", payOut }]);
    expect(out.attempt.lateSuccess).toMatchObject({ refunded: true, paidOut: payOut });
    expect(attemptStep(out.attempt, { type: "latePaidOut", payOut }, 300_001).ok).toBe(false);
    const alone: PayOut = { ...payOut, by: ["u1", "u1"] };
    expect(attemptStep(run(...stuck).attempt, { type: "latePaidOut", payOut: alone }, 300_000).ok).toBe(false);
  });
  it("is paid out by hand only when its channel has given up, or the customer would get it twice", () => {
    expect(attemptStep(run(...late).attempt, { type: "latePaidOut", payOut }, 300_000).ok).toBe(false);
    expect(run(...stuck)).toMatchObject({
      attempt: { lateSuccess: { stuck: true, why: "USER_ACCOUNT_ABNORMAL" } },
      jobs: [{ job: "staff", at: 250_000 }],
    });
  });
  it("is asked for again a few times when refused, later and later, then goes to people", () => {
    const waits: number[] = [];
    let { attempt } = run(...late);
    let at = 300_000;
    for (let tries = 0; tries < 20 && attempt.lateSuccess?.stuck === false; tries++) {
      const step = attemptStep(attempt, { type: "lateRefundFailed", why: "NOT_ENOUGH" }, at);
      if (!step.ok) throw new Error("refused");
      ({ attempt } = step.value);
      const next = step.value.jobs[0];
      waits.push(next?.job === "lateRefund" ? next.at - at : -1);
      at = next?.at ?? at;
    }
    expect(waits).toEqual([...refundTimers.retryAfterMs, -1]);
    expect(attempt.lateSuccess).toMatchObject({ stuck: true, why: "NOT_ENOUGH", failures: 8 });
  });
  it("of another sum than was asked for goes to people and is not refunded by itself", () => {
    const ended = late.slice(0, -1);
    const odd = run(...ended, [200_000, query({ ...paid, amountFen: 1 })]);
    expect(odd).toMatchObject({ attempt: { state: "manual", lateSuccess: null }, jobs: [{ job: "staff" }] });
  });
});

describe("every state × event", () => {
  const states: Record<AttemptState, Attempt> = {
    created: run([0, created]).attempt,
    submitted: run(...open).attempt,
    pending: run(...open, [900, pay({ kind: "inProgress", verified: true })]).attempt,
    paid: run(...open, [900, pay(paid)]).attempt,
    reversing: run(...reversing).attempt,
    reversed: run(...reversing, [46_600, query({ kind: "closed", verified: true })]).attempt,
    failed: run(...open, [900, query({ kind: "closed", verified: true })]).attempt,
    manual: run(...open, [900, pay({ ...paid, amountFen: 1 })]).attempt,
  };
  const events: AttemptEvent[] = [
    created,
    { type: "submitted" },
    { type: "notSubmitted" },
    query(paid),
    { type: "cancelWanted" },
    { type: "reverseAnswered", outcome: { kind: "accepted" } },
    { type: "lateCheckDone" },
    { type: "lateRefunded" },
    { type: "resolved", to: "reversed", transactionId: null, by: ["u1", "u2"] },
    { type: "taken", by: "u1", reference: null },
    { type: "prepareAnswered", outcome: { kind: "prepared", prepayId: "wx1" } },
    { type: "closeWanted" },
    { type: "closeAnswered", outcome: { kind: "accepted" } },
    { type: "latePaidOut", payOut: { way: "bank", drawerId: null, by: ["u1", "u2"], evidence: "x" } },
  ];
  /** Where each pair leads; "-" = refused, changing nothing. Columns in the order of `events`. */
  const table: Record<AttemptState, string> = {
    created: "- submitted failed - failed - - - - - - - - -",
    submitted: "- - - paid submitted - - - - - - - - -",
    pending: "- - - paid pending - - - - - - - - -",
    paid: "- - - paid paid - - - - - - paid paid -",
    reversing: "- - - reversing reversing reversing - - - - reversing reversing reversing -",
    reversed: "- - reversed reversed reversed reversed reversed - - - reversed reversed reversed -",
    failed: "- - failed failed failed failed failed - - - failed failed failed -",
    manual: "- - - manual manual - - - reversed - - manual manual -",
  };
  for (const [state, row] of Object.entries(table) as [AttemptState, string][]) {
    it(`${state}: ${row}`, () => {
      const got = events.map((event) => {
        const step = attemptStep(states[state], event, 10_000);
        return step.ok ? step.value.attempt.state : "-";
      });
      expect(got.join(" ")).toBe(row);
    });
  }
});

describe("on random schedules", () => {
  const outcome = fc.oneof<fc.Arbitrary<Outcome>[]>(
    fc.constant(paid),
    fc.constant<Outcome>({ kind: "inProgress", verified: true }),
    fc.constant<Outcome>({ kind: "notPaid", verified: true }),
    fc.constant<Outcome>({ kind: "notFound", verified: true }),
    fc.constant<Outcome>({ kind: "closed", verified: true }),
    fc.constant<Outcome>({ kind: "payError", verified: true }),
    fc.constant<Outcome>({ kind: "refused", verified: false, code: "X", text: "other" }),
    fc.constant<Outcome>({ kind: "unknown", why: "x" }),
  );
  const reverse = fc.oneof<fc.Arbitrary<ReverseOutcome>[]>(
    fc.constant<ReverseOutcome>({ kind: "accepted" }),
    fc.constant<ReverseOutcome>({ kind: "again", why: "USERPAYING" }),
    fc.constant<ReverseOutcome>({ kind: "unknown", why: "x" }),
  );
  const close = fc.constantFrom<CloseOutcome>(
    { kind: "accepted" },
    { kind: "alreadyPaid" },
    { kind: "again", why: "SYSTEM_ERROR" },
    { kind: "unknown", why: "x" },
  );
  const prepare = fc.constantFrom<PrepayOutcome>(
    { kind: "prepared", prepayId: "wx1" },
    { kind: "refused", code: "X" },
    { kind: "misconfigured", code: "X" },
    { kind: "notSent" },
    { kind: "unknown", why: "x" },
  );
  const payOut: PayOut = { way: "bank", drawerId: null, by: ["u1", "u2"], evidence: "x" };
  const kinds = fc.constantFrom<Attempt["kind"]>("code", "prepay", "counter");
  const event: fc.Arbitrary<AttemptEvent> = fc.oneof(
    close.map((o): AttemptEvent => ({ type: "closeAnswered", outcome: o })),
    prepare.map((o): AttemptEvent => ({ type: "prepareAnswered", outcome: o })),
    outcome.map((o) => query(o.kind === "paid" ? { ...o, amountFen: 1 } : o)),
    fc.constantFrom<AttemptEvent>(
      { type: "closeWanted" },
      { type: "submitted" },
      { type: "notSubmitted" },
      { type: "taken", by: "u1", reference: null },
      { type: "lateRefunded" },
      { type: "latePaidOut", payOut },
      { type: "resolved", to: "paid", transactionId: null, by: ["u1", "u2"] },
      { type: "resolved", to: "reversed", transactionId: null, by: ["u1", "u2"] },
    ),
    outcome.map(query),
    outcome.map(pay),
    reverse.map((o): AttemptEvent => ({ type: "reverseAnswered", outcome: o })),
    fc.constant<AttemptEvent>({ type: "cancelWanted" }),
    fc.constant<AttemptEvent>({ type: "lateCheckDone" }),
  );
  it("only a verified paid makes it paid, the end is sticky, and a waiting attempt always has work due (I12)", () => {
    fc.assert(
      fc.property(
        kinds,
        fc.array(fc.tuple(fc.integer({ min: 1, max: 30_000 }), event), { maxLength: 30 }),
        (kind, schedule) => {
          let { attempt } =
            kind === "counter"
              ? run([1, { ...created, kind }])
              : run([0, { ...created, kind }], [1, { type: "submitted" }]);
          let at = 1;
          for (const [wait, next] of schedule) {
            at += wait;
            const step = attemptStep(attempt, next, at);
            if (!step.ok) continue;
            const after = step.value.attempt;
            if (after.state === "paid" && attempt.state !== "paid" && attempt.state !== "manual" && kind !== "counter")
              expect(next).toMatchObject({ type: "answered", outcome: { kind: "paid", amountFen: after.amountFen } });
            if (attempt.state === "paid") expect(after.state).toBe("paid");
            if (attemptIsFinal(attempt)) expect([attempt.state, "manual"]).toContain(after.state);
            if (after.lateSuccess !== null) expect(["reversing", "reversed", "failed"]).toContain(after.state);
            if (attempt.state === "reversing") expect(["reversing", "reversed", "manual"]).toContain(after.state);
            if ((after.state === "submitted" || after.state === "pending") && next.type === "answered")
              expect(step.value.jobs.some((j) => j.job === "query" || j.job === "close")).toBe(true);
            if (after.state === "reversing" && after.lateSuccess === null && next.type === "answered")
              expect(step.value.jobs.length).toBeGreaterThan(0);
            for (const job of step.value.jobs)
              if (job.job === "reverse" && kind === "code")
                expect(job.at).toBeGreaterThanOrEqual(1 + attemptTimers.earliestReverseMs);
            attempt = after;
          }
        },
      ),
      { numRuns: inject("long") ? 1_000_000 : 5_000 },
    );
  });
});
