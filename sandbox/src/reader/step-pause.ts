import { setTimeout as sleep } from "node:timers/promises";
import { STEP_TIME_US } from "../chip/sle4442.ts";

/** The shortest wait a timer of this platform can do; shorter steps are gathered until they fill one. */
const TIMER_MS = 1;

/**
 * Lets erase and program steps take the chip's time, times `scale` (0 = none). What one wait was too long is taken
 * off the next ones, so that a whole write takes as long as on the chip. `clockMs` is a monotonic clock.
 */
export function makeStepPause(scale: number, clockMs: () => number = () => performance.now()): () => Promise<void> {
  const stepMs = (STEP_TIME_US / 1000) * scale;
  let owedMs = 0;
  return async () => {
    if (stepMs === 0) return;
    owedMs += stepMs;
    if (owedMs < TIMER_MS) return;
    const before = clockMs();
    await sleep(Math.max(TIMER_MS, Math.floor(owedMs)));
    owedMs = Math.max(-stepMs, owedMs - (clockMs() - before));
  };
}
