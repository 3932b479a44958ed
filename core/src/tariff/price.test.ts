import { describe, expect, test } from "vitest";
import { byAmount, cityOf390, cityOf420, guangzhou, m3, noonOf, plainHousehold, useOf, versionOf } from "./fixtures.ts";
import { mostM3, type PriceBasis, type Priced, priceByAmount, priceByVolume, volumeForAmount } from "./price.ts";
import type { HouseholdFacts, Pricing, TariffVersion, TierUse } from "./types.ts";

const at = noonOf("2026-11-23");

function basisOf(
  pricing: Pricing,
  tierUse: TierUse | null = null,
  household: Partial<HouseholdFacts> = {},
  version: Partial<TariffVersion> = {},
): PriceBasis {
  return { version: versionOf(pricing, version), household: { ...plainHousehold, ...household }, tierUse, at };
}

/** [tier or rule, m³, fen] per line. */
const short = ({ lines }: Priced): [number | string, number, number][] =>
  lines.map(({ tier, volumeL, amountFen, because }) => [tier || because.rule, volumeL / 1000, amountFen]);

describe("tiers of real cities", () => {
  test.each<[string, Pricing, number, number, [number, number, number][]]>([
    ["Guangzhou, inside tier 1", guangzhou, 0, 100, [[1, 100, 34_500]]],
    ["Guangzhou, up to the bound", guangzhou, 147, 100, [[1, 100, 34_500]]],
    // biome-ignore format: a table
    ["Guangzhou, across both bounds", guangzhou, 200, 300, [[1, 47, 16_215], [2, 151, 62_514], [3, 102, 52_836]]],
    ["Guangzhou, far above", guangzhou, 5000, 1, [[3, 1, 518]]],
    // biome-ignore format: a table
    ["420/660, a whole year at once", cityOf420, 0, 700, [[1, 420, 83_160], [2, 240, 57_120], [3, 40, 11_880]]],
    // biome-ignore format: a table
    ["390/600, one over the bound", cityOf390, 389, 2, [[1, 1, 253], [2, 1, 304]]],
  ])("%s", (_, pricing, usedM3, boughtM3, lines) => {
    const priced = priceByVolume(basisOf(pricing, useOf(usedM3)), m3(boughtM3));
    expect(short(priced)).toEqual(lines);
    expect(priced.goodsFen).toBe(lines.reduce((sum, [, , fen]) => sum + fen, 0));
    expect(priced.tier).toEqual({ cycleKey: "2026", volumeL: m3(boughtM3), heatingL: 0 });
  });

  test("each line says where it stands", () => {
    const { lines } = priceByVolume(basisOf(guangzhou, useOf(200)), m3(50));
    expect(lines.map((line) => line.because)).toEqual([
      { rule: "tier", tariffVersionId: "v1", usedBeforeL: m3(200), usedAfterL: m3(247), tierUptoL: m3(247), ref: null },
      { rule: "tier", tariffVersionId: "v1", usedBeforeL: m3(247), usedAfterL: m3(250), tierUptoL: m3(398), ref: null },
    ]);
    expect(lines.map((line) => line.unitPriceE4)).toEqual([34_500, 41_400]);
  });

  test("what open purchases hold counts as used", () => {
    const basis = basisOf(guangzhou, useOf(100, { heldL: m3(147) }));
    expect(short(priceByVolume(basis, m3(10)))).toEqual([[2, 10, 4140]]);
  });

  test("each line is rounded half up, once", () => {
    const pricing: Pricing = { kind: "flat", priceE4: 25_350, seasons: [] };
    expect(priceByVolume(basisOf(pricing), m3(1)).goodsFen).toBe(254); // 253.5
    expect(priceByVolume(basisOf(pricing), m3(3)).goodsFen).toBe(761); // 760.5
    expect(priceByVolume(basisOf({ ...pricing, priceE4: 25_349 }), m3(1)).goodsFen).toBe(253); // 253.49
  });

  test("is exact where the product passes 2^53", () => {
    const pricing: Pricing = { kind: "flat", priceE4: 9_999_999, seasons: [] };
    expect(priceByVolume(basisOf(pricing), m3(mostM3)).goodsFen).toBe(999_999_800_000); // 9999999² / 100 = …800000.01
  });
});

describe("household size", () => {
  const household = { basePersons: 4, extraPerPersonL: [m3(84), m3(66)] };

  test.each<[string, Partial<HouseholdFacts>, [number, number]]>([
    ["at the base: nothing more", { persons: 4 }, [390, 210]],
    ["one more: each tier is wider by its extra", { persons: 5 }, [474, 276]],
    ["three more", { persons: 7 }, [642, 408]],
    ["valid through its last day", { persons: 5, personsUntil: "2026-11-23" }, [474, 276]],
    ["expired", { persons: 5, personsUntil: "2026-11-22" }, [390, 210]],
  ])("%s", (_, facts, [first, second]) => {
    const { lines } = priceByVolume(basisOf(cityOf390, null, facts, { household }), m3(2000));
    expect(lines.map((line) => line.volumeL)).toEqual([m3(first), m3(second), m3(2000 - first - second)]);
  });

  test("an extra for tier 1 alone leaves tier 2 as wide as it was", () => {
    const version = { household: { basePersons: 4, extraPerPersonL: [m3(60)] } };
    const { lines } = priceByVolume(basisOf(cityOf390, null, { persons: 5 }, version), m3(1000));
    expect(lines.map((line) => line.volumeL)).toEqual([m3(450), m3(210), m3(340)]);
  });
});

describe("low income", () => {
  const version = { lowIncomeFreeL: m3(48) };

  test("the first litres of the cycle are free and count in tier 1", () => {
    const priced = priceByVolume(basisOf(guangzhou, useOf(40), { lowIncomeUntil: "2026-11-23" }, version), m3(210));
    // biome-ignore format: a table
    expect(short(priced)).toEqual([["lowIncome", 8, 0], [1, 199, 68_655], [2, 3, 1242]]);
    expect(priced.tier?.volumeL).toBe(m3(210));
  });

  test("not after the proof has expired", () => {
    const basis = basisOf(guangzhou, useOf(0), { lowIncomeUntil: "2026-11-22" }, version);
    expect(short(priceByVolume(basis, m3(10)))).toEqual([[1, 10, 3450]]);
  });

  test("a purchase may cost nothing", () => {
    const basis = basisOf(guangzhou, null, { lowIncomeUntil: "2027-01-01" }, version);
    expect(priceByVolume(basis, m3(48)).goodsFen).toBe(0);
    expect(volumeForAmount(basis, 0)).toBe(m3(48));
  });
});

describe("heating households", () => {
  const heating = { from: { month: 10, day: 15 }, to: { month: 4, day: 15 }, quotaL: m3(900), priceE4: 30_000 };
  const pricing: Pricing = { ...guangzhou, heating };

  test("use the season's quota first and don't climb the tiers with it", () => {
    const priced = priceByVolume(
      basisOf(pricing, useOf(240, { heatingUsedL: m3(700), heatingHeldL: m3(100) }), { heating: true }),
      m3(110),
    );
    // biome-ignore format: a table
    expect(short(priced)).toEqual([["heating", 100, 30_000], [1, 7, 2415], [2, 3, 1242]]);
    expect(priced.tier).toEqual({ cycleKey: "2026", volumeL: m3(10), heatingL: m3(100) });
    expect(priced.lines[0]?.because).toMatchObject({ usedBeforeL: m3(800), usedAfterL: m3(900), tierUptoL: m3(900) });
  });

  test("pay the usual tiers outside the window", () => {
    const basis = { ...basisOf(pricing, useOf(0), { heating: true }), at: noonOf("2026-10-14") };
    expect(short(priceByVolume(basis, m3(10)))).toEqual([[1, 10, 3450]]);
  });

  test("others have no heating quota", () => {
    expect(short(priceByVolume(basisOf(pricing, useOf(0)), m3(10)))).toEqual([[1, 10, 3450]]);
  });

  test("free litres come before the heating quota", () => {
    const facts = { heating: true, lowIncomeUntil: "2027-01-01" };
    const priced = priceByVolume(basisOf(pricing, null, facts, { lowIncomeFreeL: m3(4) }), m3(10));
    // biome-ignore format: a table
    expect(short(priced)).toEqual([["lowIncome", 4, 0], ["heating", 6, 1800]]);
    expect(priced.tier).toMatchObject({ volumeL: m3(4), heatingL: m3(6) });
  });
});

describe("flat prices", () => {
  const season = { from: { month: 11, day: 1 }, to: { month: 3, day: 31 }, priceE4: 39_900 };
  const pricing: Pricing = { kind: "flat", priceE4: 33_200, seasons: [season] };

  test.each([
    ["2026-10-31", 33_200],
    ["2026-11-01", 39_900],
    ["2027-03-31", 39_900],
    ["2027-04-01", 33_200],
  ])("on %s", (day, fen) => {
    const priced = priceByVolume({ ...basisOf(pricing), at: noonOf(day) }, m3(100));
    expect(short(priced)).toEqual([["flat", 100, fen]]);
    expect(priced.tier).toBeNull();
  });
});

test("the meter's own prices show as 0 / 0 / amount", () => {
  const { lines, goodsFen, tier } = priceByAmount(versionOf(byAmount), 120_000);
  expect(lines).toMatchObject([
    { kind: "meterCredit", tier: 0, unitPriceE4: 0, volumeL: 0, amountFen: 120_000, because: { rule: "meterPrices" } },
  ]);
  expect({ goodsFen, tier }).toEqual({ goodsFen: 120_000, tier: null });
});

test("volumeForAmount fills tiers and never passes the most a purchase may be", () => {
  expect(volumeForAmount(basisOf(guangzhou, useOf(246)), 345 + 414)).toBe(m3(2));
  expect(volumeForAmount(basisOf(guangzhou, useOf(246)), 345 + 413)).toBe(m3(1));
  expect(volumeForAmount(basisOf(guangzhou), 344)).toBe(0);
  expect(volumeForAmount(basisOf({ kind: "flat", priceE4: 0, seasons: [] }), 0)).toBe(m3(mostM3));
});

test("broken invariants stop", () => {
  expect(() => priceByVolume(basisOf(guangzhou, useOf(0, { cycleKey: "2025" })), m3(1))).toThrow("2025");
  expect(() => priceByVolume(basisOf(byAmount), m3(1))).toThrow("priced by the meter");
  expect(() => priceByVolume(basisOf(guangzhou), 0.5)).toThrow("volumeL");
  const bounded: Pricing = { ...cityOf390, tiers: [{ uptoL: m3(10), priceE4: 1 }] };
  expect(() => priceByVolume(basisOf(bounded), m3(11))).toThrow("no price");
});
