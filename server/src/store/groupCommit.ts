/**
 * Group commit: what arrives while the last batch is in flight becomes the next one. A lone transition is a batch of
 * one and flies at once; nobody waits for a timer.
 *
 * A batch, and all batches in flight together, hold at most one transition per key (guarded aggregate, event id,
 * idempotency key, task): a second one waits, and those behind it that share a key with it wait too, so that per key
 * the order of arrival holds.
 */
import type { CommitResult } from "./port.ts";
import { type Checked, keysOf } from "./transition.ts";

export type Settled = { ok: true; value: CommitResult } | { ok: false; error: unknown };

export interface GroupCommit {
  /** Rejects when the queue is full or closed, or with what `run` said of this item. */
  commit(item: Checked): Promise<CommitResult>;
  /** Takes nothing more; resolves when all that was taken is answered. */
  close(): Promise<void>;
}

export interface GroupCommitOptions {
  /** Batches in flight at once. */
  lanes: number;
  batchMax: number;
  queueMax: number;
}

interface Waiting {
  item: Checked;
  keys: readonly string[];
  resolve: (result: CommitResult) => void;
  reject: (error: unknown) => void;
}

/** @param run answers for each item in the batch's order; if it rejects, so does each of its items. */
export function groupCommit(
  run: (batch: readonly Checked[], lane: number) => Promise<Settled[]>,
  { lanes, batchMax, queueMax }: GroupCommitOptions,
): GroupCommit {
  let queue: Waiting[] = [];
  const freeLanes = Array.from({ length: lanes }, (_, lane) => lane).reverse();
  const busyKeys = new Set<string>();
  let armed = false;
  let closed = false;
  let onIdle: (() => void)[] = [];

  /** Looks only so far ahead: a hot key must not make each batch walk through the whole queue. */
  const lookAhead = batchMax * 4;
  const take = (): Waiting[] => {
    const taken: Waiting[] = [];
    const left: Waiting[] = [];
    const passedOver = new Set<string>();
    let looked = 0;
    for (; looked < queue.length && looked < lookAhead && taken.length < batchMax; looked++) {
      const waiting = queue[looked];
      if (waiting === undefined) break;
      const { keys } = waiting;
      const blocked = keys.some((key) => busyKeys.has(key) || passedOver.has(key));
      for (const key of keys) (blocked ? passedOver : busyKeys).add(key);
      (blocked ? left : taken).push(waiting);
    }
    queue = left.length === 0 ? queue.slice(looked) : [...left, ...queue.slice(looked)];
    return taken;
  };

  const fly = async (batch: readonly Waiting[], lane: number): Promise<void> => {
    const answers = await run(
      batch.map(({ item }) => item),
      lane,
    ).catch((error: unknown) => batch.map((): Settled => ({ ok: false, error })));
    for (const [index, waiting] of batch.entries()) {
      for (const key of waiting.keys) busyKeys.delete(key);
      const answer = answers[index];
      if (answer === undefined) waiting.reject(new Error("the batch has no answer for this item"));
      else if (answer.ok) waiting.resolve(answer.value);
      else waiting.reject(answer.error);
    }
    freeLanes.push(lane);
    arm();
    if (queue.length === 0 && freeLanes.length === lanes) {
      for (const resolve of onIdle) resolve();
      onIdle = [];
    }
  };

  const pump = (): void => {
    armed = false;
    while (queue.length > 0) {
      const lane = freeLanes.pop();
      if (lane === undefined) return;
      const batch = take();
      if (batch.length === 0) {
        freeLanes.push(lane);
        return;
      }
      fly(batch, lane).catch((error: unknown) => {
        for (const waiting of batch) waiting.reject(error);
      });
    }
  };

  /** Not at once: requests that the event loop hands over in one turn belong in one batch. */
  const arm = (): void => {
    if (armed || queue.length === 0) return;
    armed = true;
    setImmediate(pump);
  };

  return {
    commit: (item) =>
      new Promise((resolve, reject) => {
        if (closed) return reject(new Error("the store is closed"));
        if (queue.length >= queueMax) return reject(new Error(`the store is busy: ${queueMax} transitions wait`));
        queue.push({ item, keys: keysOf(item), resolve, reject });
        arm();
      }),
    close: () => {
      closed = true;
      if (queue.length === 0 && freeLanes.length === lanes) return Promise.resolve();
      return new Promise((resolve) => onIdle.push(resolve));
    },
  };
}
