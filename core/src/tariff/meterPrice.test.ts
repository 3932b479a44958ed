import { describe, expect, it } from "vitest";
import { dayAtStart } from "../calendar.ts";
import { byAmount } from "./fixtures.ts";
import { meterPriceAt, priceOn } from "./meterPrice.ts";
import type { Pricing, TariffVersion } from "./types.ts";

const steps = (...pricesE4: number[]): Pricing => ({
  kind: "meter",
  tableE4: pricesE4.map((priceE4, index) => ({
    uptoL: index === pricesE4.length - 1 ? null : (index + 1) * 1_000,
    priceE4,
  })),
});
const version = (id: string, effectiveFrom: number, pricing: Pricing): TariffVersion => ({
  id,
  tariffId: "t",
  name: "n",
  effectiveFrom,
  pricing,
  household: null,
  lowIncomeFreeL: 0,
  limits: { perPurchaseFen: null, perPurchaseL: null, beforeChange: null },
});
const change = dayAtStart("2027-01-01");
const old = version("1", 0, steps(25_300));
const dearer = version("2", change, steps(27_100));

describe("what a meter is told", () => {
  it("is the price in force, and the next one with its day", () => {
    expect(meterPriceAt([dearer, old], change - 1)).toEqual({
      nowE4: 25_300,
      next: { priceE4: 27_100, from: "2027-01-01" },
    });
    expect(meterPriceAt([dearer, old], change)).toEqual({ nowE4: 27_100, next: null });
    expect(meterPriceAt([old], change)).toEqual({ nowE4: 25_300, next: null });
    expect(meterPriceAt([], change)).toBeNull();
  });
  it("is only the next of several changes", () => {
    const later = version("3", change + 86_400_000, steps(99_000));
    expect(meterPriceAt([later, dearer, old], 5)?.next).toEqual({ priceE4: 27_100, from: "2027-01-01" });
  });
  it("changes at a midnight, never before the tariff does", () => {
    const afternoon = version("2", change + 1, steps(27_100));
    expect(meterPriceAt([old, afternoon], 5)?.next?.from).toBe("2027-01-02");
  });
  it("says nothing that one price can't say, and no change to the same price", () => {
    expect(meterPriceAt([version("1", 0, steps(1, 2))], 5)).toBeNull();
    expect(meterPriceAt([old, version("2", change, steps(1, 2))], 5)).toEqual({ nowE4: 25_300, next: null });
    expect(meterPriceAt([old, version("2", change, steps(25_300))], 5)?.next).toBeNull();
    expect(meterPriceAt([version("1", 0, { kind: "flat", priceE4: 5, seasons: [] })], 5)).toBeNull();
    expect(byAmount.kind).toBe("meter");
  });
  it("is charged by days", () => {
    const told = { nowE4: 1, next: { priceE4: 2, from: "2027-01-01" } };
    expect([
      priceOn(told, "2026-12-31"),
      priceOn(told, "2027-01-01"),
      priceOn({ ...told, next: null }, "2030-01-01"),
    ]).toEqual([1, 2, 1]);
  });
});
