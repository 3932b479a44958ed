/**
 * The narrow port through which money and card services see the store (design §4). Two versions pass one contract
 * test: SQL (production) and in-memory (unit tests, simulation). SQL compares versions and knows no business rule.
 */
import type { AggregateKind, AggregateStates, Id, Instant, Ref, TaskKind, Transition } from "@citygas/core";

export interface Row<K extends AggregateKind> {
  version: number;
  state: AggregateStates[K];
}

/** What `load` found. A missing row is undefined, version 0. */
export interface Loaded {
  get<K extends AggregateKind>(kind: K, id: Id): Row<K> | undefined;
}

/**
 * done: written now. replay: this event id was committed before (a COMMIT of unknown outcome was retried), or its
 * idempotency key was: `subjectId` then names the subject that the first request made, `sameRequest` whether the
 * fingerprint agrees. stale: a guard did not match; nothing was written; load again and decide again.
 */
export type CommitResult =
  | { kind: "done" }
  | { kind: "replay"; subjectId: Id; sameRequest: boolean }
  | { kind: "stale" };

export interface Task {
  kind: TaskKind;
  ref: Id;
  dueAt: Instant;
  /** How many times it was claimed before, this time included: 1 at the first. */
  attempt: number;
  /** Names this claim; `finish` and `retry` do nothing when the task was claimed or asked for anew since. */
  lease: string;
}

export interface Store {
  load(refs: readonly Ref[]): Promise<Loaded>;
  /** Joins the batch that is next to fly; resolves after COMMIT. Rejects only when the database stays away. */
  commit(transition: Transition): Promise<CommitResult>;
  /** Takes due tasks (dueAt <= now, lease free or lapsed) for `leaseMs`. A crash lets the lease lapse: the task comes back. */
  claim(now: Instant, limit: number, leaseMs: number): Promise<Task[]>;
  finish(task: Task): Promise<void>;
  retry(task: Task, dueAt: Instant): Promise<void>;
  /** The subject's log in order, for the fold (I8) and the staff timeline. */
  events(subject: {
    kind: Transition["subject"]["kind"];
    id: Id;
  }): Promise<{ seq: number; eventId: Id; at: Instant; event: { type: string } }[]>;
  /**
   * Resolves with the version once it is above `after`, or with the current one at `timeoutMs`. Wakes at once on this
   * process's own commits; other servers' are seen by polling every 250 ms.
   */
  waitForVersion(ref: Ref, after: number, timeoutMs: number): Promise<number>;
  /** Σ per commodity over all postings, for I7: all zero. */
  trialBalance(): Promise<{ account: string; commodity: string; amount: number }[]>;
  close(): Promise<void>;
}
