import fc from "fast-check";
import { expect, test } from "vitest";
import { byAmount, cityOf390, guangzhou, tieredBasis, versionOf } from "./fixtures.ts";
import type { Pricing, TariffVersion, Tier } from "./types.ts";
import { type VersionProblem, versionInForce, versionProblem } from "./version.ts";

const version = (id: string, effectiveFrom: number): TariffVersion => versionOf(guangzhou, { id, effectiveFrom });

test("the latest that has taken effect is in force", () => {
  const versions = [version("b", 200), version("a", 100), version("c", 300)];
  const ids = [99, 100, 199, 200, 300, 9999].map((at) => versionInForce(versions, at)?.id ?? null);
  expect(ids).toEqual([null, "a", "a", "b", "c", "c"]);
});

test("of two from the same instant the later made is in force, in whatever order they come", () => {
  const [a, b] = [version("a", 100), version("b", 100)];
  expect(versionInForce([a, b], 100)).toBe(b);
  expect(versionInForce([b, a], 100)).toBe(b);
});

test("a new version changes nothing before it takes effect", () => {
  const starts = fc.uniqueArray(fc.nat(1000), { minLength: 1, maxLength: 6 });
  fc.assert(
    fc.property(starts, fc.nat(1000), fc.nat(1000), (starts, later, at) => {
      const old = starts.map((start, index) => version(`v${index}`, start));
      const coming = version("w", at + 1 + later);
      expect(versionInForce([coming, ...old], at)).toBe(versionInForce(old, at));
    }),
  );
});

function withTiers(...tiers: [uptoL: number | null, priceE4: number][]): Pricing {
  const table: Tier[] = tiers.map(([uptoL, priceE4]) => ({ uptoL, priceE4 }));
  return { ...cityOf390, tiers: table };
}
const heating = { from: { month: 10, day: 1 }, to: { month: 4, day: 1 }, quotaL: 1, priceE4: 1 };

test.each<[VersionProblem | null, Pricing, Partial<TariffVersion>]>([
  [null, guangzhou, {}],
  [null, byAmount, {}],
  [null, { kind: "flat", priceE4: 0, seasons: [] }, {}],
  ["noTiers", withTiers(), {}],
  ["boundsNotRising", withTiers([10, 1], [10, 1], [null, 1]), {}],
  ["boundsNotRising", withTiers([0, 1], [null, 1]), {}],
  ["boundsNotRising", withTiers([null, 1], [null, 1]), {}],
  ["lastTierBounded", withTiers([10, 1], [20, 1]), {}],
  ["lastTierBounded", { kind: "meter", tableE4: [{ uptoL: 1, priceE4: 1 }] }, {}],
  ["negativePrice", withTiers([null, -1]), {}],
  ["negativePrice", withTiers([null, 0.5]), {}],
  ["negativePrice", { ...cityOf390, heating: { ...heating, priceE4: -1 } }, {}],
  ["negativePrice", { kind: "flat", priceE4: 1, seasons: [{ from: heating.from, to: heating.to, priceE4: -1 }] }, {}],
  ["negativeVolume", { ...cityOf390, heating: { ...heating, quotaL: -1 } }, {}],
  ["negativeVolume", guangzhou, { lowIncomeFreeL: -1 }],
  ["negativeVolume", guangzhou, { household: { basePersons: 4, extraPerPersonL: [0, -1] } }],
  ["negativeLimit", guangzhou, { limits: { perPurchaseFen: -1, perPurchaseL: null, beforeChange: null } }],
])("%s: %j %j", (problem, pricing, more) => {
  expect(versionProblem(versionOf(pricing, more))).toBe(problem);
});

test("every tariff the other tests sell from is one that may be put on sale", () => {
  fc.assert(fc.property(tieredBasis, ({ version }) => versionProblem(version) === null));
});
