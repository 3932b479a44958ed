/** Every posting that a transition can make stands on the chart, in a commodity that its account takes. */
import fc from "fast-check";
import { expect, it } from "vitest";
import type { Posting } from "../aggregates.ts";
import type { Attempt, ChannelName, PayOut, PayOutWay } from "../payment/types.ts";
import { picturedBreakdown, volumeBreakdown } from "../purchase/fixtures.ts";
import type { Purchase } from "../purchase/types.ts";
import { chartLine, chartOfAccounts, isOnChart } from "./chart.ts";
import { postings } from "./postings.ts";

const paidOut = (way: PayOutWay | null): PayOut | null =>
  way === null ? null : { way, drawerId: way === "cash" ? "d1" : null, by: ["a", "b"], evidence: "e" };
const ways = fc.constantFrom<PayOutWay | null>(null, "bank", "cash", "balance");
const anySale = fc
  .record({
    channel: fc.constantFrom<ChannelName>("wechat", "alipay", "acquirer", "cash", "pos", "test"),
    drawerId: fc.constantFrom(null, "d1"),
    amountFen: fc.integer({ min: 1, max: 1_000_000 }),
    breakdown: fc.constantFrom(picturedBreakdown, volumeBreakdown),
    offsetFen: fc.integer({ min: 0, max: 5_000 }),
    debtFen: fc.integer({ min: 0, max: 5_000 }),
    refundWay: ways,
    lateWay: ways,
  })
  .map((facts) => {
    const breakdown = { ...facts.breakdown, balanceOffsetFen: facts.offsetFen, debtFen: facts.debtFen };
    const refund = { paidOut: paidOut(facts.refundWay) };
    // Postings read nothing else of either.
    const purchase = { id: "p", accountId: "a1", unitId: "u1", meterId: "m1", breakdown, refund } as Purchase;
    const { channel, drawerId, amountFen } = facts;
    return { purchase, attempt: { channel, drawerId, amountFen } as Attempt, late: paidOut(facts.lateWay) };
  });
type Sale = { purchase: Purchase; attempt: Attempt; late: PayOut | null };

/** Whoever adds a kind of posting adds it here: the record's keys are those of `postings`. */
const makers: Record<keyof typeof postings, (sale: Sale) => Posting[]> = {
  holdBalance: ({ purchase }) => postings.holdBalance(purchase, 30),
  releaseBalance: ({ purchase }) => postings.releaseBalance(purchase, 30),
  spendBalance: ({ purchase }) => postings.spendBalance(purchase, 30),
  payIn: ({ purchase, attempt }) => postings.payIn(purchase, attempt),
  deliver: ({ purchase }) => postings.deliver(purchase),
  payBack: ({ purchase, attempt }) => postings.payBack(purchase, attempt),
  onCardStill: ({ purchase: { meterId } }) =>
    (["volume", "money"] as const).flatMap((counts) => postings.onCardStill(meterId, "m2", counts, 40)),
  leftInMeter: ({ purchase: { meterId: id, accountId, unitId, breakdown } }) =>
    [1, -1].flatMap((sign) => {
      const counts = breakdown.delivers.kind === "volume" ? "volume" : "money";
      return postings.leftInMeter({ id, accountId }, unitId, { counts, remaining: sign * 40, owedFen: 10 });
    }),
  carriedBack: ({ purchase: { accountId, unitId } }) =>
    (["volume", "money"] as const).flatMap((counts) => postings.carriedBack(accountId, unitId, counts, 40)),
  lateSuccess: ({ attempt }) => postings.lateSuccess(attempt),
  lateRefunded: ({ purchase, attempt, late }) => postings.lateRefunded(purchase, attempt, late),
};

it("holds every account that a transition posts to", () => {
  fc.assert(
    fc.property(anySale, (sale) => {
      for (const [name, make] of Object.entries(makers))
        for (const { account, commodity } of make(sale))
          expect(isOnChart(account, commodity), `${name}: ${account} in ${commodity}`).toBe(true);
    }),
  );
});

it("names each account once, in both languages, and knows nothing else", () => {
  expect(new Set(chartOfAccounts.map(({ prefix }) => prefix)).size).toBe(chartOfAccounts.length);
  for (const { zh, en } of chartOfAccounts) {
    expect(zh).toMatch(/^\p{Script=Han}+$/u);
    expect(en).toMatch(/^[a-z' ,]+$/);
  }
  for (const account of ["gateway", "gateway:", ":x", "pocket:me", "Gateway:wechat"])
    expect(chartLine(account)).toBeUndefined();
  expect(isOnChart("gas:m1", "fen")).toBe(false);
});
