/**
 * Carries out what commits asked for. Any number of servers may run one: a task is claimed for a lease, and comes back
 * when its claimant dies. A run ends by its event asking for the next task, by `finish`, or by `retry`.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { never } from "@citygas/core";
import {
  attemptClose,
  attemptLateCheck,
  attemptQuery,
  attemptReverse,
  attemptSubmit,
  type TaskEnd,
} from "../payments/attemptTasks.ts";
import type { Payments } from "../payments/payments.ts";
import { lateRefund, refundPurchase } from "../payments/refundTasks.ts";
import { purchaseDue } from "../purchases/purchaseTimer.ts";
import type { SaleContext } from "../purchases/sale.ts";
import { askMeter } from "../recharges/askMeter.ts";
import type { Task } from "../store/port.ts";
import { staffAlarm } from "./staffAlarm.ts";

export const runnerLimits = { batch: 200, leaseMs: 30_000, pollMs: 250, retryMaxMs: 60_000, sweepPage: 500 } as const;

export interface TaskRunner {
  /** Looks for work now instead of at the next poll. */
  wake(): void;
  /** Claims and carries out what is due, once. @returns how many tasks there were. */
  runDue(): Promise<number>;
  /** Runs until `stop`. */
  start(): void;
  /** Takes no more; resolves when what was claimed is done. */
  stop(): Promise<void>;
}

export function taskRunner(sale: SaleContext, payments: Payments): TaskRunner {
  let stopped = false;
  let pause = new AbortController();
  let loop: Promise<void> | null = null;
  const inFlight = new Set<Promise<void>>();

  /** Starts what is due, as far as there is room: a gateway that hangs holds up its own tasks only. */
  const claim = async (): Promise<Promise<void>[]> => {
    const room = runnerLimits.batch - inFlight.size;
    const tasks = room === 0 ? [] : await sale.store.claim(sale.now(), room, runnerLimits.leaseMs);
    if (room > 0) payments.attendance.awake(sale.now());
    return tasks.map((task) => {
      const run = carryOut(sale, payments, task).finally(() => inFlight.delete(run));
      inFlight.add(run);
      return run;
    });
  };

  const run = async (): Promise<void> => {
    while (!stopped) {
      const woken = pause;
      let claimed = 0;
      try {
        claimed = (await claim()).length;
      } catch (error) {
        sale.log.error({ err: error }, "tasks could not be claimed");
      }
      if (claimed > 0 || stopped) continue;
      await sleep(runnerLimits.pollMs, undefined, { signal: woken.signal }).catch(() => undefined);
      if (woken.signal.aborted) pause = new AbortController();
    }
  };

  return {
    wake: () => pause.abort(),
    async runDue() {
      const runs = await claim();
      await Promise.all(runs);
      return runs.length;
    },
    start() {
      loop ??= run();
    },
    async stop() {
      stopped = true;
      pause.abort();
      await loop;
      await Promise.all(inFlight);
    },
  };
}

/** Never rejects. A task that fails comes back later and later; what it was about stays as it was. */
async function carryOut(sale: SaleContext, payments: Payments, task: Task): Promise<void> {
  let end: TaskEnd;
  try {
    end = await handle(sale, payments, task);
  } catch (error) {
    sale.log.error({ err: error, kind: task.kind, ref: task.ref }, "task failed");
    end = { retryAt: sale.now() + Math.min(runnerLimits.retryMaxMs, 1_000 * 2 ** Math.min(task.attempt, 10)) };
  }
  try {
    await ("done" in end ? sale.store.finish(task) : sale.store.retry(task, end.retryAt));
  } catch (error) {
    // The lease lapses and the task comes back.
    sale.log.error({ err: error, kind: task.kind, ref: task.ref }, "task not finished");
  }
}

function handle(sale: SaleContext, payments: Payments, task: Task): Promise<TaskEnd> {
  switch (task.kind) {
    case "purchaseDue":
      return purchaseDue(sale, task);
    case "attemptSubmit":
      return attemptSubmit(sale, task);
    case "attemptQuery":
      return attemptQuery(sale, payments, task);
    case "attemptClose":
      return attemptClose(sale, payments, task);
    case "attemptReverse":
      return attemptReverse(sale, payments, task);
    case "attemptLateCheck":
      return attemptLateCheck(sale, payments, task);
    case "lateRefund":
      return lateRefund(sale, task);
    case "refund":
      return refundPurchase(sale, task);
    case "meterAsk":
      return askMeter(sale, task);
    case "staff":
      return staffAlarm(sale, task);
    default:
      return never(task.kind, "task kind");
  }
}

/** Puts back the tasks of states that have none, page by page: all of them before `start`, one page while it runs. */
export async function sweepTasks(sale: SaleContext, pagesMax = 2_000): Promise<number> {
  let restored = 0;
  for (let page = 1; page <= pagesMax; page++) {
    const found = await sale.taskRows.restoreTasks(sale.now(), runnerLimits.sweepPage);
    restored += found;
    if (found < runnerLimits.sweepPage) break;
  }
  if (restored > 0) sale.log.warn({ restored }, "tasks were missing");
  return restored;
}
