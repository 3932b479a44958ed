/** Goal: what burns is counted once, at the price of its day, and nothing burns that was not paid. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { MeterRow } from "../state/rows.ts";
import { advance, burn, isWarning, withRate } from "./consumption.ts";

const VOLUME: MeterRow = {
  id: "m",
  label: "m",
  device: "meter",
  unit: "volume",
  boundTo: null,
  replacement: 0,
  count: 1,
  totalCredited: 10_000,
  remaining: 10_000,
  registerL: 500,
  valve: "open",
  batteryLow: false,
};
const MONEY: MeterRow = { ...VOLUME, unit: "money", price: { nowE4: 25_300, next: null } };
const hour = 3_600_000;
const changeAt = Date.parse("2027-01-01T00:00:00+08:00");

test("litres come off what remains; at the end of credit and overdraft the valve closes", () => {
  expect(burn(VOLUME, 9_999)).toMatchObject({
    volumeL: 9_999,
    meter: { remaining: 1, registerL: 10_499, valve: "open" },
  });
  const empty = burn(VOLUME, 12_000);
  expect(empty).toMatchObject({ volumeL: 10_000, meter: { remaining: 0, valve: "closed", closedBy: "empty" } });
  expect(burn(empty.meter, 5)).toEqual({ meter: empty.meter, volumeL: 0 });
  const lent = burn({ ...VOLUME, limits: { alarm: 0, overdraft: 500 } }, 12_000);
  expect(lent).toMatchObject({ volumeL: 10_500, meter: { remaining: -500, valve: "closed" } });
});

test("the alarm warns at or below it, and never at 0", () => {
  const warned = (remaining: number, alarm: number) =>
    isWarning({ ...VOLUME, remaining, limits: { alarm, overdraft: 0 } });
  expect([warned(501, 500), warned(500, 500), warned(0, 0), isWarning(VOLUME)]).toEqual([false, true, false, false]);
});

test("by money: a cubic metre costs its price, and less than a fen is owed on", () => {
  expect(burn(MONEY, 1_000).meter).toMatchObject({ remaining: 10_000 - 253, registerL: 1_500, unchargedE5: 0 });
  const litre = burn(MONEY, 1).meter;
  expect(litre).toMatchObject({ remaining: 10_000, unchargedE5: 25_300 });
  expect(burn(burn(litre, 1).meter, 998).meter).toMatchObject({ remaining: 10_000 - 253, unchargedE5: 0 });
  const { meter, volumeL } = burn(MONEY, 1_000_000);
  expect(meter).toMatchObject({ remaining: 0, valve: "closed" });
  expect(Math.floor((volumeL * 25_300) / 100_000)).toBe(10_000);
});

describe("at a rate", () => {
  test("the register moves with the clock, looked at or not", () => {
    const burning = withRate(VOLUME, 500, 0);
    expect(advance(burning, hour)).toMatchObject({ registerL: 1_000, remaining: 9_500 });
    const looks = fc.array(fc.integer({ min: 0, max: 30 * hour }), { maxLength: 20 });
    fc.assert(
      fc.property(looks, fc.constantFrom(VOLUME, MONEY), fc.integer({ min: 1, max: 10_000 }), (times, meter, rate) => {
        const begun = withRate(meter, rate, 0);
        let looked = begun;
        for (const at of [...times, 30 * hour].sort((a, b) => a - b)) looked = advance(looked, at);
        const once = advance(begun, 30 * hour);
        // Seen closed on the way or not, the same gas went through.
        expect({ ...looked, burnt: null }).toEqual({ ...once, burnt: null });
      }),
    );
  });

  test("a valve that closed keeps the rest back, and it isn't burnt after the next card", () => {
    const closed = advance(withRate(VOLUME, 5_000, 0), 10 * hour);
    expect(closed).toMatchObject({ registerL: 10_500, remaining: 0, valve: "closed" });
    const filled: MeterRow = { ...closed, remaining: 4_000, valve: "open" };
    expect(advance(filled, 10 * hour)).toMatchObject({ registerL: 10_500 });
    expect(advance(filled, 10 * hour + hour / 10)).toMatchObject({ registerL: 11_000 });
  });

  test("turned off, nothing moves", () => {
    const off = withRate(withRate(VOLUME, 500, 0), 0, hour);
    expect(advance(off, 100 * hour)).toMatchObject({ registerL: 1_000 });
  });
});

describe("a price with a date", () => {
  const meter: MeterRow = { ...MONEY, price: { nowE4: 20_000, next: { priceE4: 30_000, from: "2027-01-01" } } };

  test("changes at midnight in China, and what burnt before keeps the old one", () => {
    const burning = withRate(meter, 1_000, changeAt - hour);
    expect(advance(burning, changeAt - 1)).toMatchObject({ price: { nowE4: 20_000 } });
    const after = advance(burning, changeAt + hour);
    expect(after).toMatchObject({
      remaining: 10_000 - 200 - 300,
      registerL: 2_500,
      price: { nowE4: 30_000, next: null },
    });
  });

  test("changes without anything burning too, and one that is long past at once", () => {
    expect(advance(meter, changeAt).price).toEqual({ nowE4: 30_000, next: null });
    const late = withRate({ ...MONEY }, 1_000, changeAt + hour);
    const told: MeterRow = { ...late, price: meter.price ?? { nowE4: 0, next: null } };
    expect(advance(told, changeAt + 2 * hour)).toMatchObject({ remaining: 10_000 - 300 });
  });
});
