/**
 * The store of a simulated world: the port's answers without copies. States are values that nobody changes in place, so
 * handing out the stored ones is sound (`freeze` proves it in the tests; `inTandem` compares every answer with the
 * server's own memory store). Beside the port it tells what the invariants need.
 */
import type { AggregateKind, AggregateStates, Id, Instant, Posting, Purchase, Ref, Transition } from "@citygas/core";
import {
  type CommitResult,
  checkTransition,
  type Loaded,
  type LoadedRow,
  type Row,
  type Store,
  type Task,
  UniqueOwners,
} from "@citygas/server";

interface StoredTask {
  /** Its place among those due at the same time: that of the first request for it. */
  place: number;
  kind: Task["kind"];
  ref: Id;
  dueAt: Instant;
  attempt: number;
  lease: string | null;
  leaseUntil: Instant;
}
type LogEntry = { seq: number; eventId: Id; at: Instant; event: { type: string } };

/** The rows before, each at the index of its write. */
export type Before = readonly (LoadedRow | undefined)[];

export interface WorldStore extends Store {
  /** Told of each commit that was done, after it. */
  onCommit: (transition: Transition, before: Before) => void;
  /** Told when a task may be due at another time than before. */
  onTasks: (dueAt: Instant) => void;
  peek<K extends AggregateKind>(kind: K, id: Id): Row<K> | undefined;
  log(kind: AggregateKind, id: Id): readonly LogEntry[];
  sums(): ReadonlyMap<string, number>;
  hasTask(kind: Task["kind"], ref: Id): boolean;
  /** Drops a task, whoever holds it. */
  forget(kind: Task["kind"], ref: Id): void;
  /** When the next task can be claimed; null: there is none. */
  nextDueAt(): Instant | null;
  all<K extends AggregateKind>(kind: K): AggregateStates[K][];
  /** As they are now: to be looked at before anything else happens. */
  purchasesOf(accountId: Id): readonly Purchase[];
}

/** Order numbers of ours are attempt ids without their dashes. */
export const attemptIdOf = (no: string): Id =>
  `${no.slice(0, 8)}-${no.slice(8, 12)}-${no.slice(12, 16)}-${no.slice(16, 20)}-${no.slice(20)}`;

const byKind = <T>(): Record<AggregateKind, Map<Id, T>> => ({
  purchase: new Map(),
  attempt: new Map(),
  account: new Map(),
  tier: new Map(),
  card: new Map(),
  meter: new Map(),
});

export function openWorldStore(options: { freeze?: boolean } = {}): WorldStore {
  const rows = byKind<LoadedRow>();
  const rowOf = ({ kind, id }: Ref): LoadedRow | undefined => rows[kind].get(id);
  const owners = new UniqueOwners();
  const logs = byKind<LogEntry[]>();
  const committed = new Map<Id, Id>();
  const keys = new Map<string, { fingerprint: string; subjectId: Id }>();
  const sums = new Map<string, number>();
  const tasks = new Map<Task["kind"], Map<Id, StoredTask>>();
  let places = 0;
  const byAccount = new Map<Id, Purchase[]>();
  let leases = 0;

  const commitNow = (given: Transition): CommitResult => {
    const checked = checkTransition(given);
    const { transition, writes, guards, seq, add, drop } = checked;
    if (committed.has(transition.eventId))
      return { kind: "replay", subjectId: transition.subject.id, sameRequest: true };
    const { idempotency } = transition;
    const first = idempotency && keys.get(idempotency.key);
    if (first)
      return { kind: "replay", subjectId: first.subjectId, sameRequest: first.fingerprint === idempotency.fingerprint };
    const moved = (guard: Ref & { expected: number }): boolean => (rowOf(guard)?.version ?? 0) !== guard.expected;
    if (writes.some(moved) || guards.some(moved)) return { kind: "stale" };
    owners.take(writes);
    const before = writes.map(rowOf);
    for (const write of writes) {
      const { kind, id, expected, state } = write;
      rows[kind].set(id, { kind, id, version: expected + 1, state: options.freeze ? frozen(state) : state });
      if (kind !== "purchase") continue;
      const list = byAccount.get(write.state.accountId) ?? [];
      const at = list.findIndex((each) => each.id === id);
      list[at < 0 ? list.length : at] = write.state;
      byAccount.set(write.state.accountId, list);
    }
    committed.set(transition.eventId, transition.subject.id);
    const { kind: of, id: subject } = transition.subject;
    const log = logs[of].get(subject) ?? [];
    logs[of].set(subject, log);
    const event = options.freeze ? frozen(transition.event) : transition.event;
    log.push({ seq, eventId: transition.eventId, at: transition.at, event });
    for (const posting of transition.postings) post(sums, posting);
    if (idempotency)
      keys.set(idempotency.key, { fingerprint: idempotency.fingerprint, subjectId: transition.subject.id });
    for (const { kind, ref } of drop) tasks.get(kind)?.delete(ref);
    for (const { kind, ref, dueAt } of add) {
      const ofKind = tasks.get(kind) ?? new Map<Id, StoredTask>();
      places += 1;
      const place = ofKind.get(ref)?.place ?? places;
      tasks.set(kind, ofKind.set(ref, { place, kind, ref, dueAt, attempt: 0, lease: null, leaseUntil: 0 }));
    }
    store.onCommit(transition, before);
    for (const { dueAt } of add) store.onTasks(dueAt);
    return { kind: "done" };
  };
  const claimed = ({ kind, ref, lease }: Task): StoredTask | undefined => {
    const task = tasks.get(kind)?.get(ref);
    return task?.lease === lease ? task : undefined;
  };

  const store: WorldStore = {
    onCommit: () => undefined,
    onTasks: () => undefined,
    load: async (refs): Promise<Loaded> => asLoaded(refs.map(rowOf)),
    commit: async (transition) => commitNow(transition),
    claim: async (now, limit, leaseMs) => {
      const due: StoredTask[] = [];
      for (const ofKind of tasks.values())
        for (const task of ofKind.values()) if (task.dueAt <= now && task.leaseUntil <= now) due.push(task);
      leases += 1;
      if (due.length === 0) return [];
      const lease = `lease-${leases}`;
      return due
        .sort((a, b) => a.dueAt - b.dueAt || a.place - b.place)
        .slice(0, limit)
        .map((task): Task => {
          Object.assign(task, { attempt: task.attempt + 1, lease, leaseUntil: now + leaseMs });
          return { kind: task.kind, ref: task.ref, dueAt: task.dueAt, attempt: task.attempt, lease };
        });
    },
    finish: async (task) => {
      if (claimed(task)) tasks.get(task.kind)?.delete(task.ref);
    },
    retry: async (task, dueAt) => {
      const stored = claimed(task);
      if (!stored) return;
      Object.assign(stored, { dueAt, lease: null, leaseUntil: 0 });
      store.onTasks(dueAt);
    },
    events: async ({ kind, id }) => logs[kind].get(id)?.slice() ?? [],
    waitForVersion: async () => {
      throw new Error("nobody waits for versions here: terminals of this world ask again");
    },
    trialBalance: async () =>
      [...sums.keys()].sort().map((key) => {
        const [account = "", commodity = ""] = key.split("\n");
        return { account, commodity, amount: sums.get(key) ?? 0 };
      }),
    close: async () => undefined,
    peek: <K extends AggregateKind>(kind: K, id: Id) => rows[kind].get(id) as Row<K> | undefined,
    log: (kind, id) => logs[kind].get(id) ?? [],
    sums: () => sums,
    hasTask: (kind, ref) => tasks.get(kind)?.has(ref) === true,
    forget: (kind, ref) => void tasks.get(kind)?.delete(ref),
    purchasesOf: (accountId) => byAccount.get(accountId) ?? [],
    nextDueAt: () => {
      let next: number | null = null;
      for (const ofKind of tasks.values())
        for (const { dueAt, leaseUntil } of ofKind.values()) {
          const at = Math.max(dueAt, leaseUntil);
          if (next === null || at < next) next = at;
        }
      return next;
    },
    all: <K extends AggregateKind>(kind: K) => {
      const found: AggregateStates[K][] = [];
      // The row's kind ties its state to K.
      for (const { state } of rows[kind].values()) found.push(state as AggregateStates[K]);
      return found;
    },
  };
  return store;
}

/** A few rows: looked through faster than indexed. */
function asLoaded(rows: readonly (LoadedRow | undefined)[]): Loaded {
  return {
    get: <K extends AggregateKind>(kind: K, id: Id) =>
      // A row's kind ties its state to K.
      rows.find((row) => row?.id === id && row.kind === kind) as Row<K> | undefined,
  };
}

function post(sums: Map<string, number>, { account, commodity, amount }: Posting): void {
  const key = `${account}\n${commodity}`;
  sums.set(key, (sums.get(key) ?? 0) + amount);
}

/** The value, unchangeable all the way down. */
function frozen<T>(value: T): T {
  if (typeof value !== "object" || value === null || Object.isFrozen(value)) return value;
  for (const part of Object.values(value)) frozen(part);
  return Object.freeze(value);
}
