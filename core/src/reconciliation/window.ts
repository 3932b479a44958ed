/** How long a side waits for the other (cut-off, 日切), and when a day can be closed. */
import { addDays, dayAtStart } from "../calendar.ts";
import type { Day, Instant } from "../units.ts";

/** Bills of up to two days later may still hold the other side. */
export const cutOffDays = 2;
/** Bills that never come don't keep a difference waiting for ever. */
const patienceDays = 5;

/** Has all been seen that could explain a leftover of `day`? `comparedThrough`: up to here every day is compared. */
export function windowOver(day: Day, comparedThrough: Day | null, now: Instant): boolean {
  if (comparedThrough !== null && comparedThrough >= addDays(day, cutOffDays)) return true;
  return now >= dayAtStart(addDays(day, cutOffDays + patienceDays));
}

export interface DayFacts {
  state: "due" | "imported" | "compared" | "closed";
  /** Differences that are neither resolved nor assigned, whatever they wait for. */
  undecided: number;
}

export type CloseRefusal = "notCompared" | "undecided" | "closed";

/** A day closes only when each difference is resolved or assigned; a closed one is never opened again. */
export function mayClose({ state, undecided }: DayFacts): CloseRefusal | null {
  if (state === "closed") return "closed";
  if (state !== "compared") return "notCompared";
  return undecided > 0 ? "undecided" : null;
}
