/**
 * When a channel's bill of a day is asked for: 10:30 the next day, then hourly; from 14:00 on a person is told
 * (facts: payments §9). Times of day are Asia/Shanghai.
 */
import { addDays, dayAtStart, dayOf } from "../calendar.ts";
import type { Day, Instant } from "../units.ts";

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;

export const billTimes = {
  fetchAtMs: 10 * hourMs + 30 * minuteMs,
  retryMs: hourMs,
  alarmAtMs: 14 * hourMs,
  /** Gateways keep bills for three months; then nobody asks any more, and the day stays with its staff task. */
  giveUpDays: 90,
  /** Days that were never looked at (a server that was down, a first start) are caught up with, this far back. */
  catchUpDays: 31,
} as const;

export const billDueAt = (day: Day): Instant => dayAtStart(addDays(day, 1)) + billTimes.fetchAtMs;
export const billAlarmAt = (day: Day): Instant => dayAtStart(addDays(day, 1)) + billTimes.alarmAtMs;

export interface FetchStep {
  /** null: no more by itself. */
  nextAt: Instant | null;
  /** Put it on the staff's list. */
  alarm: boolean;
}

/**
 * After an answer that brought no bill. `refused`: a file came and was not believed; the gateway may make it anew, a
 * person is told at once.
 */
export function afterNoBill(day: Day, now: Instant, answer: "notReady" | "failed" | "refused"): FetchStep {
  const over = now >= billDueAt(addDays(day, billTimes.giveUpDays));
  return { nextAt: over ? null : now + billTimes.retryMs, alarm: answer === "refused" || now >= billAlarmAt(day) };
}

/** The days to look at, oldest first: those whose bill is due and that are later than `after`. */
export function daysDue(after: Day | null, now: Instant): Day[] {
  const today = dayOf(now);
  // Yesterday's bill is due from 10:30 on.
  const newest = now >= billDueAt(addDays(today, -1)) ? addDays(today, -1) : addDays(today, -2);
  const oldest = addDays(today, -billTimes.catchUpDays);
  let day = after === null ? newest : addDays(after, 1);
  if (day < oldest) day = oldest;
  const days: Day[] = [];
  while (day <= newest) {
    days.push(day);
    day = addDays(day, 1);
  }
  return days;
}
