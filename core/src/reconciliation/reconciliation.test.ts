import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { addDays, dayAtStart, dayOf } from "../calendar.ts";
import { isOnChart } from "../ledger/chart.ts";
import { postingSums } from "../ledger/postings.ts";
import type { AttemptState } from "../payment/types.ts";
import type { PurchaseState } from "../purchase/types.ts";
import { judgeDelivery } from "./delivery.ts";
import { clearSuspenseEntry, feeEntry, payoutEntry, resolutionEntry, resolutionKinds } from "./entries.ts";
import { judge } from "./judge.ts";
import { matchPayouts, type PayoutMove, payoutDaysMax } from "./payout.ts";
import { afterNoBill, billAlarmAt, billDueAt, billTimes, daysDue } from "./schedule.ts";
import type { Leftover, OrderFacts } from "./types.ts";
import { mayClose, windowOver } from "./window.ts";

const hourMs = 3_600_000;
const anyDay = fc.integer({ min: 0, max: 20_000 }).map((n) => addDays("2000-01-01", n));
const anyInstant = fc.integer({ min: dayAtStart("2001-01-01"), max: dayAtStart("2050-01-01") });

describe("when a bill is asked for", () => {
  it("10:30 the next day, hourly, and a person is told from 14:00 on", () => {
    const day = "2026-11-22";
    expect(new Date(billDueAt(day)).toISOString()).toBe("2026-11-23T02:30:00.000Z");
    const at = billDueAt(day);
    expect(afterNoBill(day, at, "notReady")).toEqual({ nextAt: at + hourMs, alarm: false });
    expect(afterNoBill(day, at + 3 * hourMs, "failed").alarm).toBe(false);
    expect(afterNoBill(day, billAlarmAt(day), "failed")).toEqual({ nextAt: billAlarmAt(day) + hourMs, alarm: true });
    expect(afterNoBill(day, at, "refused").alarm).toBe(true);
    expect(afterNoBill(day, billDueAt(addDays(day, 90)), "notReady")).toEqual({ nextAt: null, alarm: true });
  });

  it("no day is asked for before it is due, and none is left out", () => {
    fc.assert(
      fc.property(fc.option(anyDay, { nil: null }), anyInstant, (after, now) => {
        const days = daysDue(after, now);
        for (const day of days) {
          expect(billDueAt(day)).toBeLessThanOrEqual(now);
          if (after !== null) expect(day > after).toBe(true);
        }
        expect(days).toEqual(days.toSorted());
        expect(days.length).toBeLessThanOrEqual(billTimes.catchUpDays);
        const newest = days.at(-1);
        if (newest !== undefined) expect(billDueAt(addDays(newest, 1))).toBeGreaterThan(now);
        if (after !== null && after < addDays(dayOf(now), -1) && days.length === 0)
          expect(billDueAt(addDays(after, 1))).toBeGreaterThan(now);
      }),
    );
  });
});

describe("the window", () => {
  it("is over when the bills of the next two days were seen, or in a week", () => {
    const day = "2026-03-01";
    expect(windowOver(day, "2026-03-02", 0)).toBe(false);
    expect(windowOver(day, "2026-03-03", 0)).toBe(true);
    expect(windowOver(day, null, dayAtStart("2026-03-08") - 1)).toBe(false);
    expect(windowOver(day, null, dayAtStart("2026-03-08"))).toBe(true);
  });

  it("a day closes only compared and decided, and once", () => {
    expect(mayClose({ state: "compared", undecided: 0 })).toBeNull();
    expect(mayClose({ state: "compared", undecided: 1 })).toBe("undecided");
    expect(mayClose({ state: "imported", undecided: 0 })).toBe("notCompared");
    expect(mayClose({ state: "closed", undecided: 0 })).toBe("closed");
  });
});

const attemptStates = fc.constantFrom<AttemptState>(
  ...(["created", "submitted", "pending", "paid", "reversing", "reversed", "failed", "manual"] as const),
);
const allStates: readonly PurchaseState[] = [
  ...(["quoted", "paying", "closing", "paid", "issued", "unknown", "refunding", "refunded"] as const),
  ...(["manual", "delivered", "void"] as const),
];
const purchaseStates = fc.constantFrom(...allStates);
const numbers = fc.constantFrom("F1", "R1", "X");
const anyFacts: fc.Arbitrary<OrderFacts> = fc.record({
  attempt: fc.option(
    fc.record({
      state: attemptStates,
      amountFen: fc.constantFrom(100, 200),
      paidDay: fc.option(fc.constantFrom("2026-11-21", "2026-11-22", "2026-11-23"), { nil: null }),
      bookedAt: fc.option(fc.constantFrom(1, 9), { nil: null }),
      late: fc.option(fc.record({ refundNo: numbers, refunded: fc.boolean(), paidOut: fc.boolean() }), { nil: null }),
    }),
    { nil: null },
  ),
  purchase: fc.option(
    fc.record({
      state: purchaseStates,
      paidByOther: fc.boolean(),
      refund: fc.option(
        fc.record({
          no: numbers,
          amountFen: fc.constantFrom(100, 200),
          refundedDay: fc.option(fc.constantFrom("2026-11-22", "2026-11-23"), { nil: null }),
          paidOut: fc.boolean(),
        }),
        { nil: null },
      ),
    }),
    { nil: null },
  ),
  ignored: fc.boolean(),
  reversalPair: fc.boolean(),
});
const anyLeftover: fc.Arbitrary<Leftover> = fc
  .record({
    side: fc.constantFrom("theirs", "ours"),
    kind: fc.constantFrom("payment", "refund", "reversed"),
    amountFen: fc.constantFrom(100, 200),
    refundNo: numbers,
  })
  .map((each) => ({ ...each, refundNo: each.kind === "refund" ? each.refundNo : null }));

describe("what a leftover means", () => {
  const compared = (day: string): number | null => (day === "2026-11-22" ? 50 : null);

  it("nothing waits once the window is over, amounts are always for people, and only they stop refunds", () => {
    fc.assert(
      fc.property(anyLeftover, anyFacts, fc.boolean(), fc.boolean(), (leftover, facts, over, yes) => {
        const judged = judge(leftover, facts, { windowOver: over, comparedAt: () => (yes ? 5 : null) });
        if (over) expect(judged.state).not.toBe("waiting");
        expect(judged.state === "waiting").toBe(judged.handling === "wait");
        expect(judged.state === "resolved").toBe(judged.handling === "none");
        expect(judged.blocksRefund).toBe(judged.class === "amount");
        if (judged.class === "amount") expect(judged).toMatchObject({ state: "open", handling: "staff" });
        // Only an attempt that has ended can be asked to look again, and its machine gives back what it finds.
        if (judged.handling === "askAttempt") expect(["reversed", "failed"]).toContain(facts.attempt?.state);
        // Money of ours that isn't in the bill is never explained away.
        if (leftover.side === "ours") expect(judged.state).not.toBe("resolved");
      }),
    );
  });

  it("what waits is, when the window is over, what it would have been without waiting", () => {
    fc.assert(
      fc.property(anyLeftover, anyFacts, (leftover, facts) => {
        const early = judge(leftover, facts, { windowOver: false, comparedAt: () => null });
        const late = judge(leftover, facts, { windowOver: true, comparedAt: () => null });
        expect({ ...early, state: late.state, handling: late.handling }).toEqual(late);
      }),
    );
  });

  const attempt = (state: AttemptState) => ({ state, amountFen: 100, paidDay: null, bookedAt: null, late: null });
  const facts: OrderFacts = { attempt: null, purchase: null, ignored: false, reversalPair: false };
  const payment: Leftover = { side: "theirs", kind: "payment", amountFen: 100, refundNo: null };
  const refund: Leftover = { side: "theirs", kind: "refund", amountFen: 100, refundNo: "F1" };
  const bought = { state: "refunding", paidByOther: false } as const;
  const f1 = { no: "F1", amountFen: 100, refundedDay: null, paidOut: false };
  const early = { windowOver: false, comparedAt: compared };
  const late = { windowOver: true, comparedAt: compared };

  it.each([
    ["an unknown number", payment, facts, late, "long", "unknownNumber", "staff"],
    ["an ignored one", payment, { ...facts, ignored: true }, late, "long", "ignoredNumber", "none"],
    ["reversed here", payment, { ...facts, attempt: attempt("reversed") }, early, "long", "endedHere", "askAttempt"],
    [
      "failed here, the purchase paid by another attempt",
      payment,
      { ...facts, attempt: attempt("failed"), purchase: { ...bought, paidByOther: true, refund: null } },
      early,
      ...["duplicate", "otherAttemptPaid", "askAttempt"],
    ],
    [
      "another amount",
      { ...payment, amountFen: 1 },
      { ...facts, attempt: attempt("reversed") },
      early,
      "amount",
      "otherAmount",
      "staff",
    ],
    ["in flight", payment, { ...facts, attempt: attempt("pending") }, early, "state", "inFlight", "wait"],
    ["still in flight", payment, { ...facts, attempt: attempt("pending") }, late, "state", "inFlight", "staff"],
    [
      "paid and matched before",
      payment,
      { ...facts, attempt: { ...attempt("paid"), paidDay: "2026-11-22", bookedAt: 49 } },
      early,
      ...["duplicate", "paidTwice", "staff"],
    ],
    [
      "paid on a day that is not compared yet",
      payment,
      { ...facts, attempt: { ...attempt("paid"), paidDay: "2026-11-23", bookedAt: 49 } },
      early,
      ...["state", "notBookedYet", "wait"],
    ],
    [
      "reversed there, paid here",
      { ...payment, kind: "reversed" },
      { ...facts, attempt: attempt("paid") },
      early,
      "state",
      "reversedThere",
      "staff",
    ],
    [
      "paid and reversed there",
      payment,
      { ...facts, attempt: attempt("reversed"), reversalPair: true },
      early,
      "state",
      "reversedBoth",
      "none",
    ],
    [
      "a refund we don't know",
      refund,
      { ...facts, attempt: attempt("paid") },
      early,
      "state",
      "unknownRefund",
      "staff",
    ],
    [
      "a refund not booked yet",
      refund,
      { ...facts, attempt: attempt("paid"), purchase: { ...bought, refund: f1 } },
      early,
      "state",
      "refundNotBooked",
      "wait",
    ],
    [
      "a refund that people paid out as well",
      refund,
      { ...facts, attempt: attempt("paid"), purchase: { ...bought, refund: { ...f1, paidOut: true } } },
      early,
      ...["duplicate", "refundedTwice", "staff"],
    ],
    ["ours alone", { ...payment, side: "ours" }, facts, early, "short", "notInBill", "wait"],
    ["ours alone for good", { ...payment, side: "ours" }, facts, late, "short", "notInBill", "askGateway"],
    ["our refund alone", { ...refund, side: "ours" }, facts, late, "state", "refundNotInBill", "askGateway"],
  ] as [string, Leftover, OrderFacts, typeof late, string, string, string][])(
    "%s",
    (_name, left, known, context, cls, reason, handling) => {
      expect(judge(left, known, context)).toMatchObject({ class: cls, reason, handling });
    },
  );
});

it("money and gas agree, or the difference has its name: every state with every proof", () => {
  const yesNo = [true, false];
  const each = yesNo.flatMap((paid) =>
    yesNo.flatMap((sent) => yesNo.flatMap((written) => yesNo.map((decided) => ({ paid, sent, written, decided })))),
  );
  for (const state of allStates)
    for (const facts of each) {
      const { paid, sent, written, decided } = facts;
      const judged = judgeDelivery({ state, ...facts }, true);
      // Whatever it is, it waits no more once all has been seen that could explain it.
      expect(judged?.state ?? "open").toBe("open");
      const reason = judged?.reason ?? null;
      if (state === "delivered" && !paid) expect(reason).toBe("gasWithoutMoney");
      else if (state === "delivered") expect(reason).toBe(sent || decided ? null : "deliveredWithoutWrite");
      else if (state === "refunded" || state === "void") expect(reason).toBe(written ? "gasWithoutMoney" : null);
      else if (state === "refunding") expect(reason).toBe(written ? "gasWithoutMoney" : "moneyWithoutGas");
      else if (["quoted", "paying", "closing"].includes(state)) expect(reason).toBeNull();
      else expect(reason).toBe(paid ? "moneyWithoutGas" : null);
    }
});

it("payouts are paired with credits of the same amount, in time, each once", () => {
  const move = (kind: string): fc.Arbitrary<PayoutMove[]> =>
    fc
      .array(fc.record({ day: fc.integer({ min: 0, max: 20 }), amountFen: fc.constantFrom(1, 2, 3) }), {
        maxLength: 10,
      })
      .map((list) =>
        list.map(({ day, amountFen }, i) => ({
          ...{ id: `${kind}${i}`, day: addDays("2026-01-01", day), amountFen },
          reference: `${i}`,
        })),
      );
  fc.assert(
    fc.property(move("p"), move("c"), (payouts, credits) => {
      const pairs = matchPayouts(payouts, credits);
      expect(new Set(pairs.map(({ payout }) => payout)).size).toBe(pairs.length);
      expect(new Set(pairs.map(({ credit }) => credit)).size).toBe(pairs.length);
      for (const { payout, credit } of pairs) {
        const [p, c] = [payouts.find(({ id }) => id === payout), credits.find(({ id }) => id === credit)];
        expect(c?.amountFen).toBe(p?.amountFen);
        expect(c !== undefined && p !== undefined && c.day >= p.day && c.day <= addDays(p.day, payoutDaysMax)).toBe(
          true,
        );
      }
      // Nothing is left that would fit.
      const free = <T extends { id: string }>(list: readonly T[], used: readonly string[]): T[] =>
        list.filter(({ id }) => !used.includes(id));
      const [freeP, freeC] = [
        free(
          payouts,
          pairs.map((x) => x.payout),
        ),
        free(
          credits,
          pairs.map((x) => x.credit),
        ),
      ];
      for (const p of freeP)
        for (const c of freeC)
          expect(c.amountFen === p.amountFen && c.day >= p.day && c.day <= addDays(p.day, payoutDaysMax)).toBe(false);
    }),
  );
  const p = [{ id: "p", day: "2026-01-01", amountFen: 5, reference: "P77" }];
  const c = ["x", "P77-1"].map((reference, i) => ({ id: `c${i}`, day: "2026-01-02", amountFen: 5, reference }));
  expect(matchPayouts(p, c)).toEqual([{ payout: "p", credit: "c1" }]);
});

it("corrections balance, stand on the chart, and bring the gateway's account to what the gateway holds", () => {
  const anyFen = fc.integer({ min: -1_000_000_000, max: 1_000_000_000 });
  fc.assert(
    fc.property(fc.constantFrom(...resolutionKinds), anyFen, (kind, amountFen) => {
      const entries = [
        resolutionEntry(kind, "wechat", amountFen),
        feeEntry("alipay", amountFen),
        payoutEntry("wechat", "u", amountFen),
        clearSuspenseEntry("wechat", "overShort", amountFen),
      ];
      for (const postings of entries) {
        expect(postingSums(postings)).toEqual({ fen: 0, litre: 0, meterCredit: 0 });
        for (const { account, commodity } of postings) expect(isOnChart(account, commodity)).toBe(true);
      }
      const moved = entries[0]?.find(({ account }) => account === "gateway:wechat")?.amount ?? 0;
      expect(moved).toBe(kind === "explained" ? 0 : amountFen);
    }),
  );
});
