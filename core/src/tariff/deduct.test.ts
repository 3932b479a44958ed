import fc from "fast-check";
import { expect, test } from "vitest";
import { deductionsFor } from "./deduct.ts";
import { deductionRule, m3 } from "./fixtures.ts";
import type { DeductionRule } from "./types.ts";

const named = { id: "d1", name: "优惠" };
const fixed = (amountFen: number, minGoodsFen = 0): DeductionRule => ({
  kind: "fixed",
  ...named,
  amountFen,
  minGoodsFen,
});
const permille = (permille: number, maxFen: number | null = null, minGoodsFen = 0): DeductionRule => ({
  kind: "permille",
  ...named,
  permille,
  maxFen,
  minGoodsFen,
});
const perVolume = (fenPerM3: number, maxVolumeL: number): DeductionRule => ({
  kind: "perVolume",
  ...named,
  fenPerM3,
  maxVolumeL,
});

test.each<[string, DeductionRule[], number[]]>([
  ["fixed", [fixed(500)], [500]],
  ["fixed, from a least amount on", [fixed(500, 10_001), fixed(300, 10_000)], [300]],
  ["permille, half up", [permille(5), permille(0)], [50]],
  ["permille with a most", [permille(100, 700)], [700]],
  ["permille below its least amount", [permille(100, null, 10_001)], []],
  ["per volume", [perVolume(20, m3(1000))], [800]],
  ["per volume, up to a most", [perVolume(20, 12_500)], [250]],
  ["each on the whole goods, in order", [permille(100), permille(100)], [1000, 1000]],
  ["never more than the goods", [permille(900), fixed(1500), fixed(1)], [9000, 1000]],
])("%s", (_, rules, amounts) => {
  const deductions = deductionsFor(rules, { goodsFen: 10_000, volumeL: m3(40) });
  expect(deductions.map((deduction) => deduction.amountFen)).toEqual(amounts);
});

test("permille is rounded half up", () => {
  const worth = (goodsFen: number) => deductionsFor([permille(5)], { goodsFen, volumeL: 0 })[0]?.amountFen;
  expect([worth(100), worth(99), worth(300)]).toEqual([1, undefined, 2]); // 0.5, 0.495, 1.5
});

test("a row names the rule that gave it", () => {
  expect(deductionsFor([fixed(5)], { goodsFen: 100, volumeL: 0 })).toEqual([
    { ruleId: "d1", kind: "fixed", name: "优惠", amountFen: 5 },
  ]);
});

test("rows are positive and together at most the goods", () => {
  const goods = fc.record({ goodsFen: fc.nat(300_000), volumeL: fc.nat(900_000) });
  fc.assert(
    fc.property(fc.array(deductionRule, { maxLength: 6 }), goods, (rules, goods) => {
      const amounts = deductionsFor(rules, goods).map((deduction) => deduction.amountFen);
      expect(amounts.every((amount) => Number.isSafeInteger(amount) && amount > 0)).toBe(true);
      expect(amounts.reduce((a, b) => a + b, 0)).toBeLessThanOrEqual(goods.goodsFen);
    }),
  );
});
