/**
 * Forward-only migrations: one numbered .sql file = one transaction, recorded with its checksum. Any number of servers
 * may start at once: they queue for one row, the first does the work. A file that was edited after it ran is refused.
 */
import { createHash } from "node:crypto";
import fs from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import type { ClientBase, Pool } from "pg";
import { errorCode } from "./database.ts";

export const migrationsDir = fileURLToPath(new URL("../../migrations", import.meta.url));
const triesMax = 10;

export interface Migration {
  name: string;
  sql: string;
  sha256: string;
}

/** The files of a folder in order. @throws when two share a number or a name has none. */
export function readMigrations(dir: string = migrationsDir): Migration[] {
  const names = fs.readdirSync(dir).filter((name) => name.endsWith(".sql"));
  const numbers = new Set<string>();
  return names.sort().map((name) => {
    const number = /^(\d{4})_/.exec(name)?.[1];
    if (number === undefined || numbers.has(number)) throw new Error(`Migration ${name} needs a number of its own`);
    numbers.add(number);
    const sql = fs.readFileSync(path.join(dir, name), "utf8");
    return { name, sql, sha256: createHash("sha256").update(sql).digest("hex") };
  });
}

/** Applies what is missing. @returns the names it applied. */
export async function migrate(pool: Pool, migrations: readonly Migration[] = readMigrations()): Promise<string[]> {
  const client = await pool.connect();
  let healthy = false;
  try {
    await prepare(client);
    const applied: string[] = [];
    for (const migration of migrations) if (await applyPatiently(client, migration)) applied.push(migration.name);
    healthy = true;
    return applied;
  } finally {
    client.release(!healthy);
  }
}

/** The table and the row that servers queue for. Two servers may create the table at once: one of them then fails. */
async function prepare(client: ClientBase): Promise<void> {
  const create = `create table if not exists migration (
    name text primary key, sha256 text not null, applied_at timestamptz not null default current_timestamp)`;
  for (let tries = 1; ; tries++) {
    try {
      await client.query(create);
      await client.query("insert into migration (name, sha256) values ('lock', '') on conflict (name) do nothing");
      return;
    } catch (error) {
      // Which of them the loser gets depends on how far it came: the name's index, the table, its row type.
      const raced = ["23505", "42P07", "42710", "40001", "40P01", "XX000"].includes(errorCode(error) ?? "");
      if (!raced || tries >= triesMax) throw error;
    }
  }
}

async function applyPatiently(client: ClientBase, migration: Migration): Promise<boolean> {
  for (let tries = 1; ; tries++) {
    try {
      return await apply(client, migration);
    } catch (error) {
      await client.query("rollback");
      if (errorCode(error) !== "40001" || tries >= triesMax) throw error;
    }
  }
}

async function apply(client: ClientBase, migration: Migration): Promise<boolean> {
  await client.query("begin");
  await client.query("select name from migration where name = 'lock' for update");
  const found = await client.query<{ sha256: string }>("select sha256 from migration where name = $1", [
    migration.name,
  ]);
  const before = found.rows[0];
  if (before && before.sha256 !== migration.sha256)
    throw new Error(`Migration ${migration.name} was edited after it ran: write a new one instead`);
  if (!before) {
    await client.query(migration.sql);
    await client.query("insert into migration (name, sha256) values ($1, $2)", [migration.name, migration.sha256]);
  }
  await client.query("commit");
  return before === undefined;
}
