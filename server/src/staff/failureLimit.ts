/** Counts failures by name within a window of time; forgets the oldest names when there are too many. */
import type { Instant } from "@citygas/core";

export interface FailureLimit {
  note(name: string, now: Instant): void;
  isOver(name: string, now: Instant): boolean;
}

const namesMax = 10_000;

export function failureLimit(max: number, windowMs: number): FailureLimit {
  const failed = new Map<string, { since: Instant; count: number }>();
  const live = (name: string, now: Instant) => {
    const found = failed.get(name);
    return found !== undefined && now - found.since < windowMs ? found : undefined;
  };
  return {
    note(name, now) {
      const found = live(name, now);
      failed.delete(name);
      failed.set(name, { since: found?.since ?? now, count: (found?.count ?? 0) + 1 });
      const oldest = failed.keys().next();
      if (failed.size > namesMax && oldest.done !== true) failed.delete(oldest.value);
    },
    isOver: (name, now) => (live(name, now)?.count ?? 0) >= max,
  };
}
