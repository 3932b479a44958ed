/** Looks every half minute for work that nobody has, on every server (facts/payments.md §6, "Timers"). */
import { setTimeout as sleep } from "node:timers/promises";
import type { Logger } from "pino";

export const janitorEveryMs = 30_000;

export interface Janitor {
  start(): void;
  /** Resolves when the round that is running is over. */
  stop(): Promise<void>;
}

/** @param round one look; what it throws is logged, and the next look comes in its time. */
export function janitor(round: () => Promise<unknown>, log: Logger, everyMs: number = janitorEveryMs): Janitor {
  const stopping = new AbortController();
  let loop: Promise<void> | null = null;
  const run = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      try {
        await round();
      } catch (error) {
        log.error({ err: error }, "janitor's round failed");
      }
      await sleep(everyMs, undefined, { signal: stopping.signal }).catch(() => undefined);
    }
  };
  return {
    start() {
      loop ??= run();
    },
    async stop() {
      stopping.abort();
      await loop;
    },
  };
}

/** One after the other; what befalls one takes no other's turn. @throws at the end, what was thrown. */
export async function inTurn(...works: (() => Promise<unknown>)[]): Promise<void> {
  const failures: unknown[] = [];
  for (const work of works) await work().catch((error: unknown) => failures.push(error));
  if (failures.length > 1) throw new AggregateError(failures, `${failures.length} works of a round failed`);
  if (failures.length === 1) throw failures[0];
}
