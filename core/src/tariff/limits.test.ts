import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  byAmount,
  guangzhou,
  m3,
  noLimitFacts,
  noonOf,
  plainHousehold,
  useOf,
  versionOf,
  volumeBasis,
} from "./fixtures.ts";
import { checkEntry, type LimitFacts, type LimitRule, type PurchaseLimit, purchaseLimit } from "./limits.ts";
import { type PriceBasis, priceByVolume } from "./price.ts";
import type { HouseholdFacts, Pricing, TariffVersion } from "./types.ts";

const noLimits: TariffVersion["limits"] = { perPurchaseFen: null, perPurchaseL: null, beforeChange: null };

interface Case {
  limits?: Partial<TariffVersion["limits"]>;
  temporary?: HouseholdFacts["temporaryLimit"];
  facts?: Partial<LimitFacts>;
}

function limitOf(pricing: Pricing, { limits = {}, temporary = null, facts = {} }: Case): PurchaseLimit {
  const basis: PriceBasis = {
    version: versionOf(pricing, { limits: { ...noLimits, ...limits } }),
    household: { ...plainHousehold, temporaryLimit: temporary },
    tierUse: pricing.kind === "tiered" ? useOf(240) : null,
    at: noonOf("2026-11-23"),
  };
  return purchaseLimit(basis, { ...noLimitFacts, ...facts });
}

const volumeRoom = (ceiling: number, remaining: number): Partial<LimitFacts> => ({
  meterRoom: { kind: "volume", ceilingL: ceiling, remainingL: remaining },
});
const amountRoom = (ceilingFen: number, remainingFen: number): Partial<LimitFacts> => ({
  meterRoom: { kind: "amount", ceilingFen, remainingFen },
});
const until = (day: string, volumeL: number | null, amountFen: number | null) => ({ until: day, volumeL, amountFen });
const beforeChange = (fromDay: string) => ({ beforeChange: { fromDay, volumeL: m3(60) } });

describe("by volume", () => {
  test.each<[string, Case, LimitRule, number]>([
    ["no rule: the manual's 9999999", {}, "absolute", 9_999_999],
    ["per purchase, by volume", { limits: { perPurchaseL: m3(200) } }, "perPurchase", 200],
    // 7 m³ at 3.45 = 24.15, then 4.14 each
    ["per purchase, by money", { limits: { perPurchaseFen: 2415 + 414 } }, "perPurchase", 8],
    ["the smaller of two", { limits: { perPurchaseL: m3(5), perPurchaseFen: 2829 } }, "perPurchase", 5],
    ["by hand, on its last day", { temporary: until("2026-11-23", m3(30), null) }, "temporary", 30],
    ["by hand, in money", { temporary: until("2026-11-23", m3(30), 345) }, "temporary", 1],
    ["by hand, expired", { temporary: until("2026-11-22", m3(30), null) }, "absolute", 9_999_999],
    ["before a price change", { limits: beforeChange("2026-11-23") }, "beforePriceChange", 60],
    ["… but not yet", { limits: beforeChange("2026-11-24") }, "absolute", 9_999_999],
    // biome-ignore format: a table
    ["… less what was bought since", { limits: beforeChange("2026-11-01"), facts: { boughtBeforeChangeL: m3(45) } }, "beforePriceChange", 15],
    // biome-ignore format: a table
    ["… never below nothing", { limits: beforeChange("2026-11-01"), facts: { boughtBeforeChangeL: m3(75) } }, "beforePriceChange", 0],
    ["the meter's ceiling less what is on it", { facts: volumeRoom(m3(300), m3(120)) }, "ceiling", 180],
    ["… down to whole m³", { facts: volumeRoom(m3(300), m3(120) + 1) }, "ceiling", 179],
    ["… and never below nothing", { facts: volumeRoom(m3(300), m3(301)) }, "ceiling", 0],
    // biome-ignore format: a table
    ["the smallest of all wins", { limits: { perPurchaseL: m3(200) }, facts: volumeRoom(m3(300), m3(120)) }, "ceiling", 180],
  ])("%s", (_, given, rule, most) => {
    expect(limitOf(guangzhou, given)).toEqual({ most: { kind: "volume", volumeL: m3(most) }, rule });
  });
});

describe("by amount", () => {
  test.each<[string, Case, LimitRule, number]>([
    ["no rule", {}, "absolute", 999_999_900],
    ["the manual's 1500 元", { limits: { perPurchaseFen: 150_000 } }, "perPurchase", 150_000],
    ["by hand", { temporary: until("2026-12-31", m3(1), 50_000) }, "temporary", 50_000],
    [
      "limits by volume don't hold",
      { limits: { perPurchaseL: 1, ...beforeChange("2026-11-01") } },
      "absolute",
      999_999_900,
    ],
    ["the meter's ceiling", { facts: amountRoom(200_000, 79_970) }, "ceiling", 120_030],
  ])("%s", (_, given, rule, amountFen) => {
    expect(limitOf(byAmount, given)).toEqual({ most: { kind: "amount", amountFen }, rule });
  });
});

describe("an entry", () => {
  const volumeLimit: PurchaseLimit = { most: { kind: "volume", volumeL: m3(10) }, rule: "temporary" };
  const amountLimit: PurchaseLimit = { most: { kind: "amount", amountFen: 1000 }, rule: "ceiling" };

  test.each([0, -1000, -0])("%d L is nothing", (volumeL) => {
    expect(checkEntry({ kind: "volume", volumeL }, volumeLimit)).toEqual({ ok: false, error: { kind: "zero" } });
  });

  test.each([1, 999, 1001, 1000.5, Number.NaN, Number.POSITIVE_INFINITY])("%d L is not whole", (volumeL) => {
    expect(checkEntry({ kind: "volume", volumeL }, volumeLimit)).toEqual({ ok: false, error: { kind: "notWhole" } });
  });

  test("by amount may be one fen, not half a fen", () => {
    expect(checkEntry({ kind: "amount", amountFen: 1 }, amountLimit).ok).toBe(true);
    expect(checkEntry({ kind: "amount", amountFen: 1.5 }, amountLimit)).toMatchObject({ error: { kind: "notWhole" } });
  });

  test("may be the limit, not one step more", () => {
    const { most, rule } = volumeLimit;
    expect(checkEntry({ kind: "volume", volumeL: m3(10) }, volumeLimit)).toEqual({ ok: true, value: most });
    const over = checkEntry({ kind: "volume", volumeL: m3(11) }, volumeLimit);
    expect(over).toEqual({ ok: false, error: { kind: "overLimit", most, rule } });
  });

  test("over the meter's ceiling is refused as that", () => {
    const over = checkEntry({ kind: "amount", amountFen: 1001 }, amountLimit);
    expect(over).toEqual({ ok: false, error: { kind: "overCeiling", most: amountLimit.most } });
  });
});

test("mixing up the unit of entry, limit and meter stops", () => {
  const volumeLimit = limitOf(guangzhou, {});
  expect(() => checkEntry({ kind: "amount", amountFen: 1 }, volumeLimit)).toThrow("amount");
  expect(() => limitOf(guangzhou, { facts: amountRoom(1, 0) })).toThrow("amount");
  expect(() => limitOf(byAmount, { facts: volumeRoom(1, 0) })).toThrow("volume");
});

test("a limit in money is never passed by what may be bought", () => {
  fc.assert(
    fc.property(volumeBasis, fc.integer({ min: 0, max: 500_000 }), (basis, perPurchaseFen) => {
      const version = { ...basis.version, limits: { ...noLimits, perPurchaseFen } };
      const { most } = purchaseLimit({ ...basis, version }, noLimitFacts);
      const volumeL = most.kind === "volume" ? most.volumeL : Number.NaN;
      expect(priceByVolume(basis, volumeL).goodsFen).toBeLessThanOrEqual(perPurchaseFen);
    }),
  );
});
