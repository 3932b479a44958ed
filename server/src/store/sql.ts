/** The store on PostgreSQL, or any server that speaks its protocol. */
import { randomUUID } from "node:crypto";
import type { Id, Instant, Ref, Transition } from "@citygas/core";
import type { Pool, QueryResultRow } from "pg";
import { type BatchRow, batchParameters, batchStatement, verdicts } from "./batchStatement.ts";
import { type DatabaseConnection, openPool } from "./database.ts";
import { groupCommit } from "./groupCommit.ts";
import { type LoadedRow, loaded } from "./loaded.ts";
import { type BatchDoor, type Patience, patiently, settle } from "./persistence.ts";
import type { CommitResult, Store, Task } from "./port.ts";
import { tableList } from "./tables.ts";
import { checkTransition } from "./transition.ts";
import { idsByKind, versionWatch } from "./versionWatch.ts";

export interface SqlStoreOptions {
  /** Batches in flight at once: 1 (default) or 2. */
  lanes?: number;
  /** Distributed databases limit what one transaction may write. Default and most: 250. */
  batchMax?: number;
  /** Transitions that may wait; more are refused. Default 10,000. */
  queueMax?: number;
  /** This server's name in the ledger's running sums; servers with names of their own don't queue for the same rows. */
  writer?: string;
  /** How long the database may stay away before a call rejects. Default 15 s. */
  awayMaxMs?: number;
  /** Connections for reading. Default 4. */
  readersMax?: number;
  newId?: () => string;
  /** For tests: stands between the store and the database. */
  intercept?: (door: BatchDoor) => BatchDoor;
}

/** The rows must exist in the form of `server/migrations`: run `migrate` first. */
export function openSqlStore(connection: DatabaseConnection, options: SqlStoreOptions = {}): Store {
  const lanes = options.lanes ?? 1;
  const batchMax = options.batchMax ?? 250;
  if (lanes < 1 || batchMax < 1 || batchMax > 250) throw new Error("lanes must be 1 or more, batchMax 1 to 250");
  const patience: Patience = { conflictTriesMax: 20, awayMaxMs: options.awayMaxMs ?? 15_000 };
  const writers = openPool(connection, { max: lanes, name: "citygas-writer", byIndex: true });
  const readers = openPool(connection, { max: options.readersMax ?? 4, name: "citygas-reader", byIndex: true });
  const newId = options.newId ?? randomUUID;
  const intercept = options.intercept ?? ((door) => door);

  const read = <R extends QueryResultRow>(name: string, text: string, values: unknown[]): Promise<R[]> =>
    patiently(async () => (await readers.query<R>({ name, text, values })).rows, patience);
  const doors = Array.from({ length: lanes }, (_, lane) =>
    intercept(openDoor(writers, readers, `${options.writer ?? "server"}-${lane}`)),
  );
  const group = groupCommit(
    async (batch, lane) => {
      const door = doors[lane];
      if (door === undefined) throw new Error(`no lane ${lane}`);
      return settle(batch, door, patience);
    },
    { lanes, batchMax, queueMax: options.queueMax ?? 10_000 },
  );
  const watch = versionWatch(async (refs) => {
    // Without patience: whoever waits has a time limit, and the next look is near.
    const query = { name: "versions", text: versionsSql, values: idLists(refs) };
    const { rows } = await readers.query<{ kind: string; id: Id; version: number }>(query);
    const versions = new Map(rows.map(({ kind, id, version }) => [`${kind}\n${id}`, version]));
    return ({ kind, id }) => versions.get(`${kind}\n${id}`) ?? 0;
  });

  return {
    load: async (refs) => loaded(await read<LoadedRow>("load", loadSql, idLists(refs))),
    commit: async (transition: Transition): Promise<CommitResult> => {
      const result = await group.commit(checkTransition(transition));
      if (result.kind === "done")
        for (const { kind, id, expected } of transition.writes) watch.changed({ kind, id }, expected + 1);
      return result;
    },
    claim: async (now, limit, leaseMs) => {
      const rows = await read<TaskRow>("claim", claimSql, [now, limit, now + leaseMs, newId()]);
      const tasks = rows.map(({ due_at, ...task }): Task => ({ ...task, dueAt: due_at }));
      return tasks.sort((a, b) => a.dueAt - b.dueAt);
    },
    finish: async ({ kind, ref, lease }) => {
      await read("finish", "delete from task where kind = $1 and ref = $2 and lease = $3", [kind, ref, lease]);
    },
    retry: async ({ kind, ref, lease }, dueAt) => {
      await read("retry", retrySql, [kind, ref, lease, dueAt]);
    },
    events: (subject) => read<EventRow>("events", eventsSql, [subject.kind, subject.id]),
    waitForVersion: (ref, after, timeoutMs) => watch.wait(ref, after, timeoutMs),
    trialBalance: () => read("trial-balance", trialBalanceSql, []),
    close: async () => {
      await group.close();
      watch.close();
      await Promise.all([writers.end(), readers.end()]);
    },
  };
}

/** One lane's way to the database. */
function openDoor(writers: Pool, readers: Pool, lane: string): BatchDoor {
  return {
    run: async (batch) => {
      const client = await writers.connect();
      let healthy = false;
      try {
        const { rows } = await client.query<BatchRow>({ ...batchStatement, values: batchParameters(batch, lane) });
        healthy = true;
        return verdicts(batch, rows);
      } finally {
        // After any error a fresh connection: whether it is still usable is not worth guessing.
        client.release(!healthy);
      }
    },
    committed: async (eventIds) => {
      const text = "select event_id from event where event_id = any($1::text[])";
      const { rows } = await readers.query<{ event_id: string }>(text, [eventIds]);
      return new Set(rows.map((row) => row.event_id));
    },
  };
}

type TaskRow = Omit<Task, "dueAt"> & { due_at: Instant };
interface EventRow {
  seq: number;
  eventId: Id;
  at: Instant;
  event: { type: string };
}

/** One parameter per table, in the order of `tableList`. */
function idLists(refs: readonly Ref[]): Id[][] {
  const ids = idsByKind(refs);
  return tableList.map(({ kind }) => ids.get(kind) ?? []);
}

const fromEachTable = (columns: string): string =>
  tableList
    .map(
      ({ kind, table }, i) =>
        `select '${kind}' as kind, ${columns} from ${table.name} where id = any($${i + 1}::text[])`,
    )
    .join(" union all ");
const loadSql = fromEachTable("id, version, state");
const versionsSql = fromEachTable("id, version");
const claimSql = `
  update task set attempt = attempt + 1, lease = $4, lease_until = $3
  where (kind, ref) in (
    select kind, ref from task where due_at <= $1 and (lease_until is null or lease_until <= $1)
    order by due_at limit $2 for update skip locked)
  returning kind, ref, due_at, attempt, lease`;
const retrySql = `
  update task set due_at = $4, lease = null, lease_until = null where kind = $1 and ref = $2 and lease = $3`;
const eventsSql = `
  select seq, event_id as "eventId", at, event from event where subject_kind = $1 and subject_id = $2 order by seq`;
const trialBalanceSql = `
  select account, commodity, sum(amount)::bigint as amount from posting group by account, commodity
  order by account, commodity`;
