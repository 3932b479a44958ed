/**
 * Bound to durable rows: which day of which channel is due stands in `reconciliation_day`, any number of servers look
 * there, and the first that takes the lease does the work. One that dies lets the lease lapse.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { afterNoBill } from "@citygas/core";
import { billChannels, type ReconciliationContext } from "./context.ts";
import { claimDay, type DayRow, openDueDays, releaseDay } from "./days.ts";
import { fileTask, type WorkEnd, workDay } from "./work.ts";

const pollMs = 15_000;
/** Rounds of one look: the rest is done at the next. */
const roundsMax = 200;

export interface Scheduler {
  /** Looks for work now instead of at the next poll. */
  wake(): void;
  /** Does what is due, one day after the other. @returns how many there were. */
  runDue(): Promise<number>;
  start(): void;
  /** Takes no more; resolves when what was begun is done. */
  stop(): Promise<void>;
}

export function reconciliationScheduler(rc: ReconciliationContext): Scheduler {
  let stopped = false;
  let pause = new AbortController();
  let loop: Promise<void> | null = null;

  const runDue = async (): Promise<number> => {
    const channels = billChannels(rc).map(([name]) => name);
    if (channels.length === 0) return 0;
    await openDueDays(rc.db, channels, rc.now());
    let done = 0;
    while (done < roundsMax && !stopped) {
      const row = await claimDay(rc.db, rc.now(), rc.newId());
      if (row === undefined) break;
      const { nextAt, answer } = await carryOut(rc, row);
      await releaseDay(rc.db, row, nextAt, answer);
      done += 1;
    }
    return done;
  };

  const run = async (): Promise<void> => {
    while (!stopped) {
      const woken = pause;
      await runDue().catch((error: unknown) => rc.log.error({ err: error }, "reconciliation failed"));
      if (stopped) return;
      await sleep(pollMs, undefined, { signal: woken.signal }).catch(() => undefined);
      if (woken.signal.aborted) pause = new AbortController();
    }
  };

  return {
    wake: () => pause.abort(),
    runDue,
    start() {
      loop ??= run();
    },
    async stop() {
      stopped = true;
      pause.abort();
      await loop;
    },
  };
}

/** Never rejects: what fails is tried again by the schedule. */
async function carryOut(rc: ReconciliationContext, row: DayRow): Promise<WorkEnd> {
  try {
    return await workDay(rc, row);
  } catch (error) {
    rc.log.error({ err: error, channel: row.channel, day: row.day }, "a day was not reconciled");
    const { nextAt, alarm } = afterNoBill(row.day, rc.now(), "failed");
    if (alarm)
      await fileTask(rc, row, "failed", {}).catch((again: unknown) => rc.log.error({ err: again }, "nobody was told"));
    return { nextAt, answer: { why: "error" } };
  }
}
