import fc from "fast-check";
import { describe, expect, inject, test } from "vitest";
import type { Result } from "../units.ts";
import { type Debt, type QuoteInput, type QuoteRefusal, quote } from "./breakdown.ts";
import {
  byAmount,
  deductionRule,
  guangzhou,
  m3,
  noLimitFacts,
  noonOf,
  plainHousehold,
  useOf,
  versionOf,
  volumeBasis,
  wholeM3,
} from "./fixtures.ts";
import type { Breakdown, DeductionRule } from "./types.ts";

const shared = {
  household: plainHousehold,
  limits: noLimitFacts,
  balanceFen: 0,
  deductionRules: [],
  debts: [],
  debtSetting: "rows",
  at: noonOf("2026-11-23"),
} as const;

/** The manual's account 031140086: by amount, limit 1500 元, balance 0.30. */
const pictured: QuoteInput = {
  ...shared,
  version: versionOf(byAmount, { limits: { perPurchaseFen: 150_000, perPurchaseL: null, beforeChange: null } }),
  tierUse: null,
  entry: { kind: "amount", amountFen: 120_000 },
  balanceFen: 30,
};
const byVolume: QuoteInput = {
  ...shared,
  version: versionOf(guangzhou),
  tierUse: useOf(240),
  entry: { kind: "volume", volumeL: m3(10) },
};
const goodsOfByVolume = 7 * 345 + 3 * 414;
const fiveOff: DeductionRule = { kind: "fixed", id: "d1", name: "新装优惠", amountFen: 500, minGoodsFen: 0 };
const debt: Debt = { ref: "bill-1", amountFen: 1234 };

function bill(result: Result<Breakdown, QuoteRefusal>): Breakdown {
  if (!result.ok) throw new Error(`refused: ${JSON.stringify(result.error)}`);
  return result.value;
}

test("the manual's picture: 1200 元 less 0.30 is 1199.70", () => {
  expect(bill(quote(pictured))).toEqual({
    tariffVersionId: "v1",
    lines: [
      {
        kind: "meterCredit",
        tier: 0,
        unitPriceE4: 0,
        volumeL: 0,
        amountFen: 120_000,
        because: {
          rule: "meterPrices",
          tariffVersionId: "v1",
          usedBeforeL: 0,
          usedAfterL: 0,
          tierUptoL: null,
          ref: null,
        },
      },
    ],
    goodsFen: 120_000,
    debtFen: 0,
    deductions: [],
    balanceOffsetFen: 30,
    payableFen: 119_970,
    delivers: { kind: "amount", meterCreditFen: 120_000 },
    tier: null,
  });
});

test("by volume: tiers, then deductions, then debts, then the balance", () => {
  const result = bill(quote({ ...byVolume, deductionRules: [fiveOff], debts: [debt], balanceFen: 1000 }));
  expect(result).toMatchObject({
    goodsFen: goodsOfByVolume,
    debtFen: 1234,
    deductions: [{ ruleId: "d1", amountFen: 500 }],
    balanceOffsetFen: 1000,
    payableFen: goodsOfByVolume + 1234 - 500 - 1000,
    delivers: { kind: "volume", volumeL: m3(10) },
    tier: { cycleKey: "2026", volumeL: m3(10), heatingL: 0 },
  });
  expect(result.lines.map((line) => [line.kind, line.tier, line.amountFen, line.because.ref])).toEqual([
    ["gas", 1, 2415, null],
    ["gas", 2, 1242, null],
    ["debt", 0, 1234, "bill-1"],
  ]);
});

test("a balance that covers all leaves nothing to pay and keeps the rest", () => {
  const result = bill(quote({ ...byVolume, balanceFen: 1_000_000 }));
  expect(result).toMatchObject({ balanceOffsetFen: goodsOfByVolume, payableFen: 0 });
});

describe("refused", () => {
  test.each<[string, QuoteInput, QuoteRefusal]>([
    ["nothing", { ...byVolume, entry: { kind: "volume", volumeL: 0 } }, { kind: "zero" }],
    ["half a m³", { ...byVolume, entry: { kind: "volume", volumeL: 500 } }, { kind: "notWhole" }],
    [
      "over 1500 元",
      { ...pictured, entry: { kind: "amount", amountFen: 150_001 } },
      { kind: "overLimit", most: { kind: "amount", amountFen: 150_000 }, rule: "perPurchase" },
    ],
    [
      "over the meter's ceiling",
      {
        ...byVolume,
        limits: { ...noLimitFacts, meterRoom: { kind: "volume", ceilingL: m3(100), remainingL: m3(91) } },
      },
      { kind: "overCeiling", most: { kind: "volume", volumeL: m3(9) } },
    ],
    [
      "litres for a meter that counts money",
      { ...pictured, entry: byVolume.entry },
      { kind: "wrongEntry", wants: "amount" },
    ],
    ["money for a price by volume", { ...byVolume, entry: pictured.entry }, { kind: "wrongEntry", wants: "volume" }],
    [
      "debts, where they block",
      { ...byVolume, debts: [debt, debt], debtSetting: "block" },
      { kind: "debt", debtFen: 2468 },
    ],
  ])("%s", (_, input, error) => {
    expect(quote(input)).toEqual({ ok: false, error });
  });

  test("no debts block nothing", () => {
    expect(quote({ ...byVolume, debtSetting: "block" }).ok).toBe(true);
  });
});

test("broken invariants stop", () => {
  expect(() => quote({ ...byVolume, balanceFen: -1 })).toThrow("balanceFen");
  expect(() => quote({ ...byVolume, debts: [{ ref: "r", amountFen: 0 }] })).toThrow("debt r");
});

const anyInput: fc.Arbitrary<QuoteInput> = fc.oneof(
  {
    weight: 1,
    arbitrary: fc
      .integer({ min: 1, max: 150_000 })
      .map((fen): QuoteInput => ({ ...pictured, entry: { kind: "amount", amountFen: fen } })),
  },
  {
    weight: 3,
    arbitrary: fc
      .tuple(volumeBasis, wholeM3)
      .map(([basis, volumeL]): QuoteInput => ({ ...shared, ...basis, entry: { kind: "volume", volumeL } })),
  },
);
const anyBill: fc.Arbitrary<QuoteInput> = fc
  .record({
    input: anyInput,
    balanceFen: fc.oneof(fc.constant(0), fc.nat(2_000_000)),
    deductionRules: fc.array(deductionRule, { maxLength: 3 }),
    debts: fc.array(fc.record({ ref: fc.string(), amountFen: fc.integer({ min: 1, max: 90_000 }) }), { maxLength: 3 }),
  })
  .map(({ input, ...more }) => ({ ...input, ...more }));

test("payable = goods + debts − deductions − balance, and no part of it is negative", () => {
  fc.assert(
    fc.property(anyBill, (input) => {
      const { lines, goodsFen, debtFen, deductions, balanceOffsetFen, payableFen } = bill(quote(input));
      const deductedFen = deductions.reduce((sum, { amountFen }) => sum + amountFen, 0);
      expect(payableFen).toBe(goodsFen + debtFen - deductedFen - balanceOffsetFen);
      expect(Math.min(payableFen, goodsFen, debtFen, deductedFen, balanceOffsetFen)).toBeGreaterThanOrEqual(0);
      expect(lines.reduce((sum, { amountFen }) => sum + amountFen, 0)).toBe(goodsFen + debtFen);
      expect(deductedFen).toBeLessThanOrEqual(goodsFen);
      // The balance is used up before anything is asked for.
      expect(payableFen === 0 || balanceOffsetFen === input.balanceFen).toBe(true);
      expect(balanceOffsetFen).toBeLessThanOrEqual(input.balanceFen);
    }),
    { numRuns: inject("long") ? 100_000 : 500 },
  );
});

test("what is delivered is what was keyed in", () => {
  fc.assert(
    fc.property(anyBill, (input) => {
      const { entry } = input;
      const delivers = entry.kind === "amount" ? { kind: "amount", meterCreditFen: entry.amountFen } : entry;
      expect(bill(quote(input)).delivers).toEqual(delivers);
    }),
    { numRuns: inject("long") ? 100_000 : 500 },
  );
});
