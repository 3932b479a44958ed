/**
 * When a household's tier volume starts again (facts/domain §4 "Cycle"): unused volume is not carried over, because
 * the next cycle has another key and therefore another, empty `TierUse`.
 */
import { dayAtStart, dayOf, type MonthDay, makeDay, partsOf } from "../calendar.ts";
import { type Day, type Instant, never } from "../units.ts";
import type { TierCycle, TierUse } from "./types.ts";

/**
 * Names the cycle an instant falls in: "2026" (calendar year), "2026-10-01" (the year that started on that day),
 * "2026-11" (month). Stable for ever: it is part of what tier positions are stored under.
 */
export function cycleKey(cycle: TierCycle, at: Instant): string {
  const { firstDay } = cycleDays(cycle, at);
  switch (cycle.kind) {
    case "calendarYear":
      return firstDay.slice(0, 4);
    case "yearFrom":
      return firstDay;
    case "month":
      return firstDay.slice(0, 7);
    default:
      return never(cycle, "tier cycle");
  }
}

/** The cycle an instant falls in, as midnights in Asia/Shanghai: `from` belongs to it, `to` to the next one. */
export function cycleRange(cycle: TierCycle, at: Instant): { from: Instant; to: Instant } {
  const { firstDay, nextFirstDay } = cycleDays(cycle, at);
  return { from: dayAtStart(firstDay), to: dayAtStart(nextFirstDay) };
}

/** The position of a household that has bought nothing in the cycle yet. */
export function emptyTierUse(key: string): TierUse {
  return { cycleKey: key, usedL: 0, heldL: 0, heatingUsedL: 0, heatingHeldL: 0 };
}

function cycleDays(cycle: TierCycle, at: Instant): { firstDay: Day; nextFirstDay: Day } {
  const today = dayOf(at);
  const { year, month } = partsOf(today);
  switch (cycle.kind) {
    case "calendarYear":
      return yearDays({ month: 1, day: 1 }, year);
    case "yearFrom":
      return yearDays(cycle, today < makeDay({ year, month: cycle.month, day: cycle.day }) ? year - 1 : year);
    case "month": {
      const next = month === 12 ? { year: year + 1, month: 1, day: 1 } : { year, month: month + 1, day: 1 };
      return { firstDay: makeDay({ year, month, day: 1 }), nextFirstDay: makeDay(next) };
    }
    default:
      return never(cycle, "tier cycle");
  }
}

function yearDays({ month, day }: MonthDay, year: number): { firstDay: Day; nextFirstDay: Day } {
  return { firstDay: makeDay({ year, month, day }), nextFirstDay: makeDay({ year: year + 1, month, day }) };
}
