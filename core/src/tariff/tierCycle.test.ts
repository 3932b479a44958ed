import fc from "fast-check";
import { expect, test } from "vitest";
import { dayAtStart } from "../calendar.ts";
import { cycleKey, cycleRange } from "./tierCycle.ts";
import type { TierCycle } from "./types.ts";

const year: TierCycle = { kind: "calendarYear" };
const heatingYear: TierCycle = { kind: "yearFrom", month: 10, day: 1 };
const leapYear: TierCycle = { kind: "yearFrom", month: 2, day: 29 };
const month: TierCycle = { kind: "month" };

test.each<[TierCycle, string, string, string, string]>([
  [year, "2026-01-01", "2026", "2026-01-01", "2027-01-01"],
  [year, "2026-12-31", "2026", "2026-01-01", "2027-01-01"],
  [heatingYear, "2026-09-30", "2025-10-01", "2025-10-01", "2026-10-01"],
  [heatingYear, "2026-10-01", "2026-10-01", "2026-10-01", "2027-10-01"],
  [month, "2026-11-30", "2026-11", "2026-11-01", "2026-12-01"],
  [month, "2026-12-01", "2026-12", "2026-12-01", "2027-01-01"],
  [leapYear, "2026-02-27", "2025-02-28", "2025-02-28", "2026-02-28"],
  [leapYear, "2028-02-28", "2027-02-28", "2027-02-28", "2028-02-29"],
  [leapYear, "2028-02-29", "2028-02-29", "2028-02-29", "2029-02-28"],
])("%j on %s is cycle %s", (cycle, day, key, from, to) => {
  expect(cycleKey(cycle, dayAtStart(day))).toBe(key);
  expect(cycleRange(cycle, dayAtStart(day))).toEqual({ from: dayAtStart(from), to: dayAtStart(to) });
});

test("a cycle changes at midnight in Asia/Shanghai", () => {
  const newYear = Date.UTC(2026, 11, 31, 16);
  expect(cycleKey(year, newYear - 1)).toBe("2026");
  expect(cycleKey(year, newYear)).toBe("2027");
});

test("cycles cover time without gap or overlap, and a key means one cycle", () => {
  const cycle: fc.Arbitrary<TierCycle> = fc.oneof(
    fc.constant(year),
    fc.constant(month),
    fc.record({
      kind: fc.constant("yearFrom" as const),
      month: fc.integer({ min: 1, max: 12 }),
      day: fc.integer({ min: 1, max: 31 }),
    }),
  );
  const instant = fc.integer({ min: Date.UTC(2000, 0, 1), max: Date.UTC(2100, 0, 1) });
  fc.assert(
    fc.property(cycle, instant, (cycle, at) => {
      const { from, to } = cycleRange(cycle, at);
      expect(from).toBeLessThanOrEqual(at);
      expect(to).toBeGreaterThan(at);
      expect(cycleRange(cycle, from)).toEqual({ from, to });
      expect(cycleRange(cycle, to).from).toBe(to);
      expect(cycleKey(cycle, to - 1)).toBe(cycleKey(cycle, from));
      expect(cycleKey(cycle, to)).not.toBe(cycleKey(cycle, from));
    }),
  );
});
