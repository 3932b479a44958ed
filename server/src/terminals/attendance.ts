/**
 * Is a kiosk still there? It says so every 5 s. Not every word is written down, but enough that each server can tell from
 * the terminal's row; after 20 s of silence it is gone (facts/payments.md §6, "Timers").
 *
 * A silence counts only where it could have been broken. While no server ran, or none reached the database, nothing was
 * written down although every kiosk spoke: a process trusts the row only after it has itself been at the database for
 * those 20 s without a pause.
 */
import type { Instant } from "@citygas/core";

/** `writtenEveryMs` + one heartbeat + `pauseMs` is less than `goneMs`: one that lives is never taken for gone. */
export const attendanceTimers = { writtenEveryMs: 8_000, pauseMs: 5_000, goneMs: 20_000 } as const;

export interface Attendance {
  /** This process has just reached the database. */
  awake(now: Instant): void;
  /** @param heardAt when a heartbeat was last written down; null: never, and what never spoke is not missed */
  isGone(heardAt: Instant | null, now: Instant): boolean;
}

export function attendance(): Attendance {
  let since: Instant | null = null;
  let last: Instant | null = null;
  return {
    awake(now) {
      if (last === null || now - last > attendanceTimers.pauseMs) since = now;
      last = now;
    },
    isGone(heardAt, now) {
      if (heardAt === null || since === null || last === null || now - last > attendanceTimers.pauseMs) return false;
      return now - Math.max(heardAt, since) > attendanceTimers.goneMs;
    },
  };
}
