import fc from "fast-check";
import { expect, test } from "vitest";
import { addDays, dayAtStart, dayOf, isWithin, makeDay, partsOf, weekday } from "./calendar.ts";

const instant = fc.integer({ min: Date.UTC(1992, 0, 1), max: Date.UTC(2200, 0, 1) });
const hour = 3_600_000;

test("a day begins at 16:00 UTC of the day before", () => {
  expect(dayAtStart("2026-03-01")).toBe(Date.UTC(2026, 1, 28, 16));
  expect(dayOf(Date.UTC(2026, 1, 28, 16))).toBe("2026-03-01");
  expect(dayOf(Date.UTC(2026, 1, 28, 16) - 1)).toBe("2026-02-28");
});

test("every instant lies inside its day, and agrees with the zone database", () => {
  const shanghai = new Intl.DateTimeFormat("en-CA", { timeZone: "Asia/Shanghai", dateStyle: "short" });
  fc.assert(
    fc.property(instant, (at) => {
      const day = dayOf(at);
      expect(day).toBe(shanghai.format(at));
      expect(dayAtStart(day)).toBeLessThanOrEqual(at);
      expect(dayAtStart(addDays(day, 1))).toBeGreaterThan(at);
      expect(dayAtStart(addDays(day, 1)) - dayAtStart(day)).toBe(24 * hour);
      expect(makeDay(partsOf(day))).toBe(day);
    }),
  );
});

test("weekdays", () => {
  expect(["2026-11-22", "2026-11-23", "2024-02-29"].map(weekday)).toEqual([0, 1, 4]);
});

test("a day that the month lacks is the month's last", () => {
  expect(makeDay({ year: 2026, month: 2, day: 29 })).toBe("2026-02-28");
  expect(makeDay({ year: 2028, month: 2, day: 29 })).toBe("2028-02-29");
  expect(makeDay({ year: 2026, month: 4, day: 31 })).toBe("2026-04-30");
});

test.each(["2026-02-29", "2026-13-01", "2026-00-10", "2026-01-00", "2026-1-1", "26-01-01", "", "2026-01-01T00"])(
  "%j is no day",
  (text) => {
    expect(() => dayAtStart(text)).toThrow("not a day");
  },
);

test.each([
  ["2026-10-15", true],
  ["2026-10-14", false],
  ["2026-12-31", true],
  ["2027-01-01", true],
  ["2027-04-15", true],
  ["2027-04-16", false],
])("the heating window 10-15…04-15 holds %s: %s", (day, inside) => {
  expect(isWithin(day, { from: { month: 10, day: 15 }, to: { month: 4, day: 15 } })).toBe(inside);
});

test("a window inside the year, and one of a single day", () => {
  const summer = { from: { month: 5, day: 1 }, to: { month: 9, day: 30 } };
  expect(["2026-04-30", "2026-05-01", "2026-09-30", "2026-10-01"].map((day) => isWithin(day, summer))).toEqual([
    false,
    true,
    true,
    false,
  ]);
  const oneDay = { from: { month: 5, day: 1 }, to: { month: 5, day: 1 } };
  expect(["2026-04-30", "2026-05-01", "2026-05-02"].map((day) => isWithin(day, oneDay))).toEqual([false, true, false]);
});
