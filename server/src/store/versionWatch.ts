/**
 * Waiting for an aggregate to change. Whoever waits is woken at once by commits of this process; commits of other
 * servers are seen by one shared look at all that is waited for, every 250 ms, and only while somebody waits.
 */
import type { Id, Ref } from "@citygas/core";

const pollMs = 250;
const waitersMax = 20_000;

export interface VersionWatch {
  /** This process committed that version. */
  changed(ref: Ref, version: number): void;
  wait(ref: Ref, after: number, timeoutMs: number): Promise<number>;
  /** Answers all who wait with what is known. */
  close(): void;
}

interface Waiter {
  ref: Ref;
  after: number;
  /** The newest version seen; 0 = none. */
  seen: number;
  done: (version: number) => void;
}

const keyOf = (ref: Ref): string => `${ref.kind}\n${ref.id}`;

/** @param read the current versions, by id, of those that exist. A look that fails is skipped: the next one comes. */
export function versionWatch(read: (refs: readonly Ref[]) => Promise<(ref: Ref) => number>): VersionWatch {
  const waiters = new Map<string, Set<Waiter>>();
  let count = 0;
  let timer: NodeJS.Timeout | undefined;

  const changed = (ref: Ref, version: number): void => {
    for (const waiter of waiters.get(keyOf(ref)) ?? []) {
      waiter.seen = Math.max(waiter.seen, version);
      if (version > waiter.after) waiter.done(version);
    }
  };

  const look = async (refs: readonly Ref[]): Promise<void> => {
    const versionOf = await read(refs);
    for (const ref of refs) changed(ref, versionOf(ref));
  };

  const poll = (): void => {
    timer = undefined;
    const refs: Ref[] = [];
    for (const set of waiters.values()) for (const waiter of [...set].slice(0, 1)) refs.push(waiter.ref);
    if (refs.length === 0) return;
    look(refs)
      .catch(() => undefined)
      .finally(arm)
      .catch(() => undefined);
  };

  const arm = (): void => {
    if (count > 0) timer ??= setTimeout(poll, pollMs);
  };

  const forget = (waiter: Waiter): void => {
    const set = waiters.get(keyOf(waiter.ref));
    if (set?.delete(waiter)) count -= 1;
    if (set?.size === 0) waiters.delete(keyOf(waiter.ref));
  };

  const wait = (ref: Ref, after: number, timeoutMs: number): Promise<number> =>
    new Promise((resolve, reject) => {
      if (count >= waitersMax) return reject(new Error(`${waitersMax} clients wait already`));
      const patience = setTimeout(() => {
        // At the end the current version, not the one of the last look.
        look([ref])
          .catch(() => undefined)
          .finally(() => waiter.done(waiter.seen))
          .catch(() => undefined);
      }, timeoutMs);
      const waiter: Waiter = {
        ref,
        after,
        seen: 0,
        done: (version) => {
          clearTimeout(patience);
          forget(waiter);
          resolve(version);
        },
      };
      const set = waiters.get(keyOf(ref)) ?? new Set();
      waiters.set(keyOf(ref), set.add(waiter));
      count += 1;
      // Registered first, then looked: nothing committed between the two is missed.
      look([ref]).catch(() => undefined);
      arm();
    });

  const close = (): void => {
    clearTimeout(timer);
    for (const set of [...waiters.values()]) for (const waiter of [...set]) waiter.done(waiter.seen);
  };

  return { changed, wait, close };
}

/** Groups ids by kind, each once. */
export function idsByKind(refs: readonly Ref[]): Map<Ref["kind"], Id[]> {
  const ids = new Map<Ref["kind"], Set<Id>>();
  for (const { kind, id } of refs) ids.set(kind, (ids.get(kind) ?? new Set()).add(id));
  return new Map([...ids].map(([kind, set]) => [kind, [...set]]));
}
