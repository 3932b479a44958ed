/**
 * The server's clock as a terminal knows it. Deadlines of card scripts are on the server's clock, and a terminal's own
 * may be hours off, so the difference is learnt from each answer that carries the server's time.
 *
 * An answer left the server somewhere between asking and hearing: the estimate takes it as just sent when it was asked
 * for, so it may run ahead by the round trip and never behind. A script may then end early; it can't start late.
 */
export interface ServerClock {
  /** Local times of asking and hearing, on the same monotonic clock as `now`. */
  observe(askedAtMs: number, heardAtMs: number, serverMs: number): void;
  /** Null before the first answer. */
  now(): number | null;
}

/** `monotonicMs` never jumps (a set wall clock must not move deadlines). */
export function serverClock(monotonicMs: () => number): ServerClock {
  let offsetMs: number | null = null;
  return {
    observe: (askedAtMs, heardAtMs, serverMs) => {
      const upper = serverMs - askedAtMs;
      const lower = serverMs - heardAtMs;
      // The quickest answer so far bounds best; one that rules the estimate out (a clock was set) replaces it.
      if (offsetMs === null || upper < offsetMs || lower > offsetMs) offsetMs = upper;
    },
    now: () => (offsetMs === null ? null : Math.ceil(monotonicMs() + offsetMs)),
  };
}
