/**
 * The store of a simulated world: the port's answers without copies. States are values that nobody changes in place, so
 * handing out the stored ones is sound (`freeze` proves it in the tests; `inTandem` compares every answer with the
 * server's own memory store). Beside the port it tells what the invariants need.
 */
import type {
  AggregateKind,
  AggregateStates,
  Id,
  Instant,
  Posting,
  Purchase,
  Ref,
  Transition,
  Write,
} from "@citygas/core";
import {
  type CommitResult,
  checkTransition,
  DuplicateValueError,
  type Loaded,
  type LoadedRow,
  type Row,
  refKey,
  type Store,
  type Task,
  uniqueValues,
} from "@citygas/server";

interface StoredTask {
  kind: Task["kind"];
  ref: Id;
  dueAt: Instant;
  attempt: number;
  lease: string | null;
  leaseUntil: Instant;
}
type LogEntry = { seq: number; eventId: Id; at: Instant; event: { type: string } };

/** The state before, per written aggregate. */
export type Before = ReadonlyMap<Write, LoadedRow | undefined>;

export interface WorldStore extends Store {
  /** Told of each commit that was done, after it. */
  onCommit: (transition: Transition, before: Before) => void;
  /** Told when a task may be due at another time than before. */
  onTasks: (dueAt: Instant) => void;
  peek<K extends AggregateKind>(kind: K, id: Id): Row<K> | undefined;
  log(kind: string, id: Id): readonly LogEntry[];
  sums(): ReadonlyMap<string, number>;
  hasTask(kind: Task["kind"], ref: Id): boolean;
  /** Drops a task, whoever holds it. */
  forget(kind: Task["kind"], ref: Id): void;
  /** When the next task can be claimed; null: there is none. */
  nextDueAt(): Instant | null;
  all<K extends AggregateKind>(kind: K): AggregateStates[K][];
  purchasesOf(accountId: Id): readonly Purchase[];
}

/** Order numbers of ours are attempt ids without their dashes. */
export const attemptIdOf = (no: string): Id =>
  `${no.slice(0, 8)}-${no.slice(8, 12)}-${no.slice(12, 16)}-${no.slice(16, 20)}-${no.slice(20)}`;

const taskKey = (task: { kind: string; ref: string }): string => `${task.kind}\n${task.ref}`;
type RowsByKind = Record<AggregateKind, Map<Id, LoadedRow>>;

export function openWorldStore(options: { freeze?: boolean } = {}): WorldStore {
  const rows: RowsByKind = {
    purchase: new Map(),
    attempt: new Map(),
    account: new Map(),
    tier: new Map(),
    card: new Map(),
    meter: new Map(),
  };
  const rowOf = ({ kind, id }: Ref): LoadedRow | undefined => rows[kind].get(id);
  const owners = new Map<string, Id>();
  const logs = new Map<string, LogEntry[]>();
  const committed = new Map<Id, Id>();
  const keys = new Map<string, { fingerprint: string; subjectId: Id }>();
  const sums = new Map<string, number>();
  const tasks = new Map<string, StoredTask>();
  const byAccount = new Map<Id, Map<Id, Purchase>>();
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
    const before = new Map<Write, LoadedRow | undefined>();
    const owned: [value: string, by: Id][] = [];
    for (const write of writes) {
      before.set(write, rowOf(write));
      for (const value of uniqueValues(write)) {
        if ((owners.get(value) ?? write.id) !== write.id) throw new DuplicateValueError(value.split("\n")[0] ?? value);
        owned.push([value, write.id]);
      }
    }
    for (const [value, by] of owned) owners.set(value, by);
    for (const write of writes) {
      const { kind, id, expected, state } = write;
      rows[kind].set(id, { kind, id, version: expected + 1, state: options.freeze ? frozen(state) : state });
      if (kind !== "purchase") continue;
      const list = byAccount.get(write.state.accountId) ?? new Map<Id, Purchase>();
      byAccount.set(write.state.accountId, list.set(id, write.state));
    }
    committed.set(transition.eventId, transition.subject.id);
    const subject = refKey(transition.subject);
    let log = logs.get(subject);
    if (log === undefined) {
      log = [];
      logs.set(subject, log);
    }
    const event = options.freeze ? frozen(transition.event) : transition.event;
    log.push({ seq, eventId: transition.eventId, at: transition.at, event });
    for (const posting of transition.postings) post(sums, posting);
    if (idempotency)
      keys.set(idempotency.key, { fingerprint: idempotency.fingerprint, subjectId: transition.subject.id });
    for (const task of drop) tasks.delete(taskKey(task));
    for (const { kind, ref, dueAt } of add)
      tasks.set(taskKey({ kind, ref }), { kind, ref, dueAt, attempt: 0, lease: null, leaseUntil: 0 });
    store.onCommit(transition, before);
    for (const { dueAt } of add) store.onTasks(dueAt);
    return { kind: "done" };
  };
  const claimed = ({ kind, ref, lease }: Task): StoredTask | undefined => {
    const task = tasks.get(taskKey({ kind, ref }));
    return task?.lease === lease ? task : undefined;
  };

  const store: WorldStore = {
    onCommit: () => undefined,
    onTasks: () => undefined,
    load: async (refs): Promise<Loaded> => asLoaded(refs.map(rowOf)),
    commit: async (transition) => commitNow(transition),
    claim: async (now, limit, leaseMs) => {
      const due: StoredTask[] = [];
      for (const task of tasks.values()) if (task.dueAt <= now && task.leaseUntil <= now) due.push(task);
      leases += 1;
      if (due.length === 0) return [];
      const lease = `lease-${leases}`;
      return due
        .sort((a, b) => a.dueAt - b.dueAt)
        .slice(0, limit)
        .map((task): Task => {
          Object.assign(task, { attempt: task.attempt + 1, lease, leaseUntil: now + leaseMs });
          return { kind: task.kind, ref: task.ref, dueAt: task.dueAt, attempt: task.attempt, lease };
        });
    },
    finish: async (task) => {
      if (claimed(task)) tasks.delete(taskKey(task));
    },
    retry: async (task, dueAt) => {
      const stored = claimed(task);
      if (!stored) return;
      Object.assign(stored, { dueAt, lease: null, leaseUntil: 0 });
      store.onTasks(dueAt);
    },
    events: async (subject) => logs.get(refKey(subject))?.slice() ?? [],
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
    log: (kind, id) => logs.get(refKey({ kind, id })) ?? [],
    sums: () => sums,
    hasTask: (kind, ref) => tasks.has(taskKey({ kind, ref })),
    forget: (kind, ref) => void tasks.delete(taskKey({ kind, ref })),
    purchasesOf: (accountId) => [...(byAccount.get(accountId)?.values() ?? [])],
    nextDueAt: () => {
      let next: number | null = null;
      for (const { dueAt, leaseUntil } of tasks.values()) {
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
