/**
 * When a household's tier volume starts again (facts/domain §4 "Cycle"): unused volume is not carried over, because
 * the next cycle has another key and therefore another, empty `TierUse`.
 */
import { type DayParts, dayAtStart, makeDay, partsAt } from "../calendar.ts";
import { type Instant, never } from "../units.ts";
import type { TierCycle, TierUse } from "./types.ts";

/**
 * Names the cycle an instant falls in: "2026" (calendar year), "2026-10-01" (the year that started on that day),
 * "2026-11" (month). Stable for ever: it is part of what tier positions are stored under.
 */
export function cycleKey(cycle: TierCycle, at: Instant): string {
  const firstDay = makeDay(cycleStart(cycle, at));
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
  const first = cycleStart(cycle, at);
  const months = first.month + (cycle.kind === "month" ? 1 : 12);
  const next = { year: first.year + Math.floor((months - 1) / 12), month: ((months - 1) % 12) + 1, day: first.day };
  return { from: dayAtStart(makeDay(first)), to: dayAtStart(makeDay(next)) };
}

/** The position of a household that has bought nothing in the cycle yet. */
export function emptyTierUse(key: string): TierUse {
  return { cycleKey: key, usedL: 0, heldL: 0, heatingUsedL: 0, heatingHeldL: 0 };
}

/** The day may be one that its month doesn't have in this year: `makeDay` knows what that means. */
function cycleStart(cycle: TierCycle, at: Instant): DayParts {
  const today = partsAt(at);
  switch (cycle.kind) {
    case "calendarYear":
      return { year: today.year, month: 1, day: 1 };
    case "yearFrom": {
      const { month, day } = cycle;
      const year = makeDay(today) < makeDay({ year: today.year, month, day }) ? today.year - 1 : today.year;
      return { year, month, day };
    }
    case "month":
      return { ...today, day: 1 };
    default:
      return never(cycle, "tier cycle");
  }
}
