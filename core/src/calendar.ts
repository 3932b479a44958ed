/**
 * Calendar days in Asia/Shanghai, which is UTC+8 all year (no daylight saving since 1991), so plain arithmetic is
 * exact and doesn't depend on the machine's zone. `Date` is used only as a UTC calendar; nothing here reads a clock.
 */
import { assertInteger, type Day, type Instant } from "./units.ts";

const dayMs = 86_400_000;
const offsetMs = 8 * 3_600_000;
const dayPattern = /^([1-9]\d{3})-(\d{2})-(\d{2})$/;

/** A day of any year: month 1–12, day 1–31. */
export interface MonthDay {
  month: number;
  day: number;
}
export interface DayParts extends MonthDay {
  year: number;
}

/** The day an instant falls on. */
export function dayOf(at: Instant): Day {
  return makeDay(partsAt(at));
}

/** Year, month 1–12 and day of the month of the day an instant falls on. */
export function partsAt(at: Instant): DayParts {
  assertInteger(at, "at");
  const date = new Date(at + offsetMs);
  return { year: date.getUTCFullYear(), month: date.getUTCMonth() + 1, day: date.getUTCDate() };
}

/** Midnight at which a day begins. Throws when `day` is not a real day in the form "YYYY-MM-DD". */
export function dayAtStart(day: Day): Instant {
  const { year, month, day: dayOfMonth } = partsOf(day);
  return Date.UTC(year, month - 1, dayOfMonth) - offsetMs;
}

/** Year, month 1–12 and day of the month. Throws when `day` is not a real day in the form "YYYY-MM-DD". */
export function partsOf(day: Day): DayParts {
  const match = dayPattern.exec(day);
  const parts = { year: Number(match?.[1]), month: Number(match?.[2]), day: Number(match?.[3]) };
  if (match === null || makeDay(parts) !== day) throw new Error(`not a day: ${day}`);
  return parts;
}

/**
 * The day with these parts; one the month doesn't have (02-29, 04-31) means the month's last day, so that a tier year
 * may start on any day. Throws on a month outside 1–12 or a day outside 1–31.
 */
export function makeDay({ year, month, day }: DayParts): Day {
  if (!(month >= 1 && month <= 12 && day >= 1 && day <= 31)) throw new Error(`not a day: ${year}-${month}-${day}`);
  return `${pad(year, 4)}-${pad(month, 2)}-${pad(day <= 28 ? day : Math.min(day, lastOfMonth(year, month)), 2)}`;
}

const lastOfMonth = (year: number, month: number): number => new Date(Date.UTC(year, month, 0)).getUTCDate();

/** `days` later, or earlier when negative. */
export function addDays(day: Day, days: number): Day {
  assertInteger(days, "days");
  return dayOf(dayAtStart(day) + days * dayMs);
}

/** 0 = Sunday … 6 = Saturday. */
export function weekday(day: Day): number {
  return new Date(dayAtStart(day) + offsetMs).getUTCDay();
}

/** Is the day inside the window, both ends included? A window whose end stands before its start wraps the year. */
export function isWithin(day: Day, window: { from: MonthDay; to: MonthDay }): boolean {
  const order = (at: MonthDay): number => at.month * 100 + at.day;
  const [from, to, here] = [order(window.from), order(window.to), order(partsOf(day))];
  return from <= to ? from <= here && here <= to : from <= here || here <= to;
}

const pad = (value: number, width: number): string => String(value).padStart(width, "0");
