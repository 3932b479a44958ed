/**
 * The loop beside the product: the same rows, of the same sizes, into tables and indexes of the same make, one
 * transaction per transition, on the same PostgreSQL. Nothing is read, decided or guarded; statements are prepared, and
 * a transaction's statements go out in one piece. Connections share no row.
 */
import { randomBytes } from "node:crypto";
import pg from "pg";
import type { RowOp, TableRows } from "./rowPlan.ts";
import type { DatabaseAddress } from "./venue.ts";

const connections = 8;
/** Rows that stand in a table before the loop, per connection, for updates of what no purchase inserts. */
const standing = 32;

export interface RawResult {
  purchases: number;
  transactions: number;
  elapsedMs: number;
}

/** The database's own counters. They are complete only when whoever wrote has disconnected. */
export async function countRows(database: DatabaseAddress): Promise<TableRows[]> {
  return withClient(database, async (client) => {
    const { rows } = await client.query<{ table: string; inserts: string; updates: string; deletes: string }>(
      `select relname as table, n_tup_ins as inserts, n_tup_upd as updates, n_tup_del as deletes
       from pg_stat_user_tables where schemaname = 'public'`,
    );
    return rows.map(({ table, inserts, updates, deletes }) => ({
      table,
      inserts: Number(inserts),
      updates: Number(updates),
      deletes: Number(deletes),
    }));
  });
}

/** @param plan one entry per transition of a purchase. */
export async function rawLoop(
  database: DatabaseAddress,
  plan: readonly (readonly RowOp[])[],
  forMs: number,
): Promise<RawResult> {
  const names = [...new Set(plan.flat().map(({ table }) => table))];
  const tables = await withClient(database, (client) => copyTables(client, names));
  const clients = Array.from({ length: connections }, () => new pg.Client({ ...database, pipeline: true }));
  await Promise.all(clients.map((client) => client.connect()));
  try {
    const workers = clients.map((client) => makeWorker(client, tables));
    await Promise.all(workers.map((worker) => worker.prepare()));
    for (const worker of workers) for (let i = 0; i < 20; i++) await worker.purchase(plan);
    let purchases = 0;
    const from = performance.now();
    await Promise.all(
      workers.map(async (worker) => {
        while (performance.now() - from < forMs) {
          await worker.purchase(plan);
          purchases += 1;
        }
      }),
    );
    return { purchases, transactions: purchases * plan.length, elapsedMs: performance.now() - from };
  } finally {
    await Promise.all(clients.map((client) => client.end()));
  }
}

interface RawTable {
  name: string;
  columns: string[];
  primary: string[];
  /** A row as the product wrote it, as texts. */
  sample: (string | null)[];
  /** Columns whose value must be new in each row. */
  fresh: Set<number>;
}

async function copyTables(client: pg.Client, names: readonly string[]): Promise<Map<string, RawTable>> {
  await client.query("drop schema if exists raw cascade");
  await client.query("create schema raw");
  const tables = new Map<string, RawTable>();
  for (const name of names) {
    await client.query(`create table raw.${name} (like public.${name} including all)`);
    tables.set(name, await describeTable(client, name));
  }
  return tables;
}

async function describeTable(client: pg.Client, name: string): Promise<RawTable> {
  const { rows } = await client.query<{ column: string; type: string; primary: boolean; unique: boolean }>(
    `select a.attname as column, a.atttypid::regtype::text as type,
       exists (select 1 from pg_index i where i.indrelid = a.attrelid and i.indisprimary and a.attnum = any(i.indkey)) as primary,
       exists (select 1 from pg_index i where i.indrelid = a.attrelid and i.indisunique and a.attnum = any(i.indkey)) as unique
     from pg_attribute a where a.attrelid = $1::regclass and a.attnum > 0 and not a.attisdropped order by a.attnum`,
    [`public.${name}`],
  );
  const columns = rows.map(({ column }) => column);
  const sample = await client.query<(string | null)[]>({
    text: `select ${columns.map((column) => `${column}::text`).join(", ")} from public.${name} order by ctid desc limit 1`,
    rowMode: "array",
  });
  // Tasks are gone when they are done: then a row is made up.
  const values = sample.rows[0] ?? rows.map(({ type }) => madeUp(type));
  const fresh = new Set(rows.flatMap(({ unique, type }, index) => (unique && type === "text" ? [index] : [])));
  return {
    name,
    columns,
    primary: rows.filter(({ primary }) => primary).map(({ column }) => column),
    sample: values,
    fresh,
  };
}

function madeUp(type: string): string | null {
  if (type === "bigint") return String(Date.now());
  if (type === "integer") return "1";
  return type === "text" ? "x".repeat(36) : null;
}

interface Worker {
  prepare(): Promise<void>;
  purchase(plan: readonly (readonly RowOp[])[]): Promise<void>;
}

function makeWorker(client: pg.Client, tables: ReadonlyMap<string, RawTable>): Worker {
  const stood = new Map<string, (string | null)[][]>();
  let turn = 0;
  const run = (table: RawTable, op: RowOp["op"], row: readonly (string | null)[]): Promise<unknown> =>
    client.query({ name: `${op}-${table.name}`, text: statementOf(table, op), values: valuesOf(table, op, row) });
  const tableOf = (name: string): RawTable => {
    const table = tables.get(name);
    if (table === undefined) throw new Error(`no table ${name}`);
    return table;
  };

  return {
    async prepare() {
      for (const table of tables.values()) {
        const rows = Array.from({ length: standing }, () => newRow(table));
        stood.set(table.name, rows);
        for (const row of rows) await run(table, "insert", row);
      }
    },
    async purchase(plan) {
      turn += 1;
      const inserted = new Map<string, (string | null)[][]>();
      for (const transition of plan) {
        const sent: Promise<unknown>[] = [client.query({ name: "begin", text: "begin" })];
        for (const [index, { table: name, op }] of transition.entries()) {
          const table = tableOf(name);
          const own = inserted.get(name) ?? [];
          if (op === "insert") {
            const row = newRow(table);
            inserted.set(name, [...own, row]);
            sent.push(run(table, op, row));
            continue;
          }
          const all = stood.get(name) ?? [];
          const row = (op === "delete" ? own.pop() : own.at(-1)) ?? all[(turn + index) % all.length];
          if (row !== undefined) sent.push(run(table, op, row));
        }
        sent.push(client.query({ name: "commit", text: "commit" }));
        await Promise.all(sent);
      }
    },
  };
}

function statementOf({ name, columns, primary }: RawTable, op: RowOp["op"]): string {
  const key = (from: number): string => primary.map((column, i) => `${column} = $${from + i}`).join(" and ");
  switch (op) {
    case "insert":
      return `insert into raw.${name} (${columns.join(", ")}) values (${columns.map((_, i) => `$${i + 1}`).join(", ")})`;
    case "update": {
      const set = columns.filter((column) => !primary.includes(column));
      return `update raw.${name} set ${set.map((column, i) => `${column} = $${i + 1}`).join(", ")} where ${key(set.length + 1)}`;
    }
    case "delete":
      return `delete from raw.${name} where ${key(1)}`;
  }
}

function valuesOf({ columns, primary }: RawTable, op: RowOp["op"], row: readonly (string | null)[]): (string | null)[] {
  const at = (wanted: (column: string) => boolean): (string | null)[] =>
    row.filter((_, index) => wanted(columns[index] ?? ""));
  const key = at((column) => primary.includes(column));
  if (op === "insert") return [...row];
  return op === "delete" ? key : [...at((column) => !primary.includes(column)), ...key];
}

const newRow = ({ sample, fresh }: RawTable): (string | null)[] =>
  sample.map((value, index) => (fresh.has(index) ? freshText(value?.length ?? 0) : value));

/** As long as the product's. Long ones begin with the time, as its ids do, so that indexes grow at their ends alike. */
function freshText(length: number): string {
  const random = randomBytes(32).toString("hex");
  return length < 24 ? random.slice(0, Math.max(8, length)) : `${Date.now().toString(16)}${random}`.slice(0, length);
}

async function withClient<T>(database: DatabaseAddress, use: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ ...database });
  await client.connect();
  try {
    return await use(client);
  } finally {
    await client.end();
  }
}
