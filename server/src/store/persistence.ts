/**
 * Getting a batch through: what to do when the database refuses, is away, or dies before it answers.
 *
 * - conflict (40001, 40P01, a wait that was cut): nothing was written; the whole batch again, a bounded number of times.
 * - lost (the connection broke, the server restarts): a COMMIT may or may not have happened; the whole batch again on a
 *   new connection. The event ids tell: an event that is there was committed by us. A statement of the old connection
 *   that is still running can only win the same race that the new one then loses, so "stale" is believed only after a
 *   second look for the event.
 * - duplicate (23505): mostly a race with another server, solved by a new snapshot; if it stays, it is a refusal.
 * - anything else refuses the batch; then each item goes alone, so that only the one at fault is rejected.
 */
import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import type { Verdict } from "./batchStatement.ts";
import { errorCode } from "./database.ts";
import type { Settled } from "./groupCommit.ts";
import { type Checked, DuplicateValueError } from "./transition.ts";

export interface BatchDoor {
  /** One statement, one answer per item; rejects with what the database said. */
  run(batch: readonly Checked[]): Promise<Verdict[]>;
  /** Which of these events are in the log, in a new snapshot. */
  committed(eventIds: readonly string[]): Promise<Set<string>>;
}

export interface Patience {
  conflictTriesMax: number;
  /** How long a database may stay away. */
  awayMaxMs: number;
}

export type Fault = "conflict" | "lost" | "duplicate" | "refused";

export function classify(error: unknown): Fault {
  if (!(error instanceof pg.DatabaseError)) {
    // System errors carry a code (ECONNREFUSED …); pg's own about a dead or silent connection only words.
    const broken = /^E[A-Z]+$/.test(errorCode(error) ?? "") && !errorCode(error)?.startsWith("ERR_");
    const words = error instanceof Error && /connection|timeout|not queryable/i.test(error.message);
    return broken || words ? "lost" : "refused";
  }
  const code = error.code ?? "";
  // 57014 and 55P03: our own limit on waiting for a lock or an answer.
  if (code === "40001" || code === "40P01" || code === "57014" || code === "55P03") return "conflict";
  if (code === "23505") return "duplicate";
  // Connection, resources, shutdown and start-up, a standby that is not yet the primary.
  if (/^(08|53|57P)/.test(code) || code === "25006") return "lost";
  return "refused";
}

const pauseMaxMs = 1_000;

/** Answers for every item, whatever happens; never rejects. */
export async function settle(
  batch: readonly Checked[],
  door: BatchDoor,
  patience: Patience,
  uncertainBefore = false,
): Promise<Settled[]> {
  const from = performance.now();
  let uncertain = uncertainBefore;
  let duplicates = 0;
  for (let tries = 1; ; tries++) {
    try {
      const found = await door.run(batch);
      return (uncertain ? await lookAgain(batch, found, door) : found).map((verdict, index) =>
        answer(verdict, uncertain, batch[index]),
      );
    } catch (error) {
      const fault = classify(error);
      switch (fault) {
        case "conflict":
          if (tries >= patience.conflictTriesMax) return batch.map(() => ({ ok: false, error }));
          break;
        case "lost":
          uncertain = true;
          if (performance.now() - from > patience.awayMaxMs) return batch.map(() => ({ ok: false, error }));
          break;
        case "duplicate":
          duplicates += 1;
          if (duplicates < 2) continue;
          return refuse(batch, door, patience, uncertain, duplicateOf(error));
        case "refused":
          return refuse(batch, door, patience, uncertain, error);
      }
      await sleep(Math.min(pauseMaxMs, (fault === "lost" ? 20 : 2) * 2 ** Math.min(tries - 1, 10)));
    }
  }
}

async function lookAgain(batch: readonly Checked[], found: Verdict[], door: BatchDoor): Promise<Verdict[]> {
  const doubtful = batch
    .filter((_, index) => found[index]?.kind === "stale")
    .map(({ transition }) => transition.eventId);
  if (doubtful.length === 0) return found;
  const committed = await door.committed(doubtful);
  return found.map((verdict, index): Verdict => {
    const eventId = batch[index]?.transition.eventId;
    return eventId !== undefined && committed.has(eventId) ? { kind: "committed" } : verdict;
  });
}

/** An event that is there although we never had an answer is our own work: done. */
function answer(verdict: Verdict, uncertain: boolean, item: Checked | undefined): Settled {
  if (verdict.kind !== "committed") return { ok: true, value: verdict };
  if (uncertain || item === undefined) return { ok: true, value: { kind: "done" } };
  return { ok: true, value: { kind: "replay", subjectId: item.transition.subject.id, sameRequest: true } };
}

async function refuse(
  batch: readonly Checked[],
  door: BatchDoor,
  patience: Patience,
  uncertain: boolean,
  error: unknown,
): Promise<Settled[]> {
  if (batch.length <= 1) return batch.map(() => ({ ok: false, error }));
  const settled: Settled[] = [];
  for (const item of batch) settled.push(...(await settle([item], door, patience, uncertain)));
  return settled;
}

function duplicateOf(error: unknown): unknown {
  return error instanceof pg.DatabaseError
    ? new DuplicateValueError(error.constraint ?? "unknown", { cause: error })
    : error;
}

/** The same patience for a single plain query that may be run again. */
export async function patiently<T>(query: () => Promise<T>, patience: Patience): Promise<T> {
  const from = performance.now();
  for (let tries = 1; ; tries++) {
    try {
      return await query();
    } catch (error) {
      const fault = classify(error);
      const again =
        (fault === "conflict" && tries < patience.conflictTriesMax) ||
        (fault === "lost" && performance.now() - from < patience.awayMaxMs);
      if (!again) throw error;
      await sleep(Math.min(pauseMaxMs, (fault === "lost" ? 20 : 2) * 2 ** Math.min(tries - 1, 10)));
    }
  }
}
