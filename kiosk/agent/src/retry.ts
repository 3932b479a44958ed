/** Repeats a call that did not get through, with a doubling wait, for so long as it is wanted. */
import type { Answer } from "@citygas/api";

export interface RetryOptions {
  /** No repetition starts later than this after the first call (ms). */
  forMs: number;
  /** Asked before each repetition. */
  wanted: () => boolean;
  nowMs: () => number;
  sleep: (ms: number) => Promise<void>;
}

const firstWaitMs = 200;
const longestWaitMs = 3_000;

/** The first answer or problem; `unreachable` when the time is over or nobody wants it any more. */
export async function untilAnswered<T>(call: () => Promise<Answer<T>>, options: RetryOptions): Promise<Answer<T>> {
  const startedAt = options.nowMs();
  for (let waitMs = firstWaitMs; ; waitMs = Math.min(waitMs * 2, longestWaitMs)) {
    const answer = await call();
    const over = options.nowMs() + waitMs - startedAt > options.forMs;
    if (answer.ok || answer.kind === "problem" || over || !options.wanted()) return answer;
    await options.sleep(waitMs);
    if (!options.wanted()) return answer;
  }
}
