/** The store in memory, for unit tests and simulation: the same answers as the SQL version, gone with the process. */
import type { Id, Instant, Posting, Ref, Transition } from "@citygas/core";
import { type LoadedRow, loaded } from "./loaded.ts";
import type { CommitResult, Store, Task } from "./port.ts";
import { checkTransition, refKey, UniqueOwners } from "./transition.ts";
import { versionWatch } from "./versionWatch.ts";

interface StoredTask extends Omit<Task, "lease"> {
  lease: string | null;
  leaseUntil: Instant;
}

/** @param newLease names claims; a counter unless given, so that a run can be repeated exactly. */
export function openMemoryStore(newLease: () => string = leaseCounter()): Store {
  const rows = new Map<string, LoadedRow>();
  const owners = new UniqueOwners();
  const log: { transition: Transition; seq: number }[] = [];
  const committed = new Set<Id>();
  const keys = new Map<string, { fingerprint: string; subjectId: Id }>();
  const postings: Posting[] = [];
  const tasks = new Map<string, StoredTask>();

  const versionOf = (ref: Ref): number => rows.get(refKey(ref))?.version ?? 0;
  const watch = versionWatch(async () => versionOf);

  /** One synchronous step: nothing comes between the comparison and the writing. */
  const commitNow = (given: Transition): CommitResult => {
    const { transition, writes, guards, seq, add, drop } = checkTransition(structuredClone(given));
    if (committed.has(transition.eventId))
      return { kind: "replay", subjectId: transition.subject.id, sameRequest: true };
    const { idempotency } = transition;
    const first = idempotency && keys.get(idempotency.key);
    if (first)
      return { kind: "replay", subjectId: first.subjectId, sameRequest: first.fingerprint === idempotency.fingerprint };
    if ([...writes, ...guards].some((guard) => versionOf(guard) !== guard.expected)) return { kind: "stale" };
    owners.take(writes);
    for (const write of writes) {
      const { kind, id, expected, state } = write;
      rows.set(refKey(write), { kind, id, version: expected + 1, state });
    }
    committed.add(transition.eventId);
    log.push({ transition, seq });
    postings.push(...transition.postings);
    if (idempotency)
      keys.set(idempotency.key, { fingerprint: idempotency.fingerprint, subjectId: transition.subject.id });
    for (const task of drop) tasks.delete(`${task.kind}\n${task.ref}`);
    for (const task of add)
      tasks.set(`${task.kind}\n${task.ref}`, {
        ...task,
        attempt: 0,
        lease: null,
        leaseUntil: Number.NEGATIVE_INFINITY,
      });
    for (const { kind, id, expected } of writes) watch.changed({ kind, id }, expected + 1);
    return { kind: "done" };
  };

  const claimed = ({ kind, ref, lease }: Task): StoredTask | undefined => {
    const task = tasks.get(`${kind}\n${ref}`);
    return task?.lease === lease ? task : undefined;
  };

  return {
    load: async (refs) => loaded(structuredClone(refs.flatMap((ref) => rows.get(refKey(ref)) ?? []))),
    commit: async (transition) => commitNow(transition),
    claim: async (now, limit, leaseMs) => {
      const due = [...tasks.values()].filter((task) => task.dueAt <= now && task.leaseUntil <= now);
      const lease = newLease();
      return due
        .sort((a, b) => a.dueAt - b.dueAt)
        .slice(0, limit)
        .map((task): Task => {
          Object.assign(task, { attempt: task.attempt + 1, lease, leaseUntil: now + leaseMs });
          return { kind: task.kind, ref: task.ref, dueAt: task.dueAt, attempt: task.attempt, lease };
        });
    },
    finish: async (task) => {
      if (claimed(task)) tasks.delete(`${task.kind}\n${task.ref}`);
    },
    retry: async (task, dueAt) => {
      const stored = claimed(task);
      if (stored) Object.assign(stored, { dueAt, lease: null, leaseUntil: Number.NEGATIVE_INFINITY });
    },
    events: async ({ kind, id }) =>
      log
        .filter(({ transition: { subject } }) => subject.kind === kind && subject.id === id)
        .sort((a, b) => a.seq - b.seq)
        .map(({ transition, seq }) =>
          structuredClone({ seq, eventId: transition.eventId, at: transition.at, event: transition.event }),
        ),
    waitForVersion: (ref, after, timeoutMs) => watch.wait(ref, after, timeoutMs),
    trialBalance: async () => {
      const sums = new Map<string, { account: string; commodity: string; amount: number }>();
      for (const { account, commodity, amount } of postings) {
        const sum = sums.get(`${account}\n${commodity}`) ?? { account, commodity, amount: 0 };
        sums.set(`${account}\n${commodity}`, { ...sum, amount: sum.amount + amount });
      }
      return [...sums.keys()].sort().flatMap((key) => sums.get(key) ?? []);
    },
    close: async () => watch.close(),
  };
}

function leaseCounter(): () => string {
  let count = 0;
  return () => {
    count += 1;
    return `lease-${count}`;
  };
}
