/** Migrations: once, in order, whoever starts at the same time; and in SQL that distributed servers understand too. */
import fs from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { openPool } from "./database.ts";
import { type Migration, migrate, readMigrations } from "./migrate.ts";
import { type FreshDatabase, freshDatabase } from "./testDatabase.ts";

describe("migrate", () => {
  let database: FreshDatabase;
  const pools: ReturnType<typeof openPool>[] = [];
  const pool = () => {
    const opened = openPool(database.connection, { max: 1, name: "test" });
    pools.push(opened);
    return opened;
  };
  beforeAll(async () => {
    database = await freshDatabase("shared", { migrated: false });
  });
  afterAll(async () => {
    await Promise.all(pools.map((opened) => opened.end()));
    await database.drop();
  });

  test("of six servers that start at once exactly one applies each file", async () => {
    const applied = await Promise.all(Array.from({ length: 6 }, () => migrate(pool())));
    expect(applied.flat().sort()).toEqual(readMigrations().map(({ name }) => name));
    expect(await migrate(pool())).toEqual([]);
  });

  test.each(["23505", "42P07", "42710"])("a server that lost the race for the table (%s) goes on", async (code) => {
    const opened = pool();
    await migrate(opened);
    const client = await opened.connect();
    const query = vi.spyOn(client, "query");
    query.mockImplementationOnce(() => Promise.reject(Object.assign(new Error("already exists"), { code })));
    client.release();
    expect(await migrate(opened)).toEqual([]);
    query.mockRestore();
  });

  test("an edited file is refused, a failing one leaves nothing behind", async () => {
    const [first, ...rest] = readMigrations();
    if (!first) throw new Error("no migrations");
    await expect(migrate(pool(), [{ ...first, sha256: "other" }, ...rest])).rejects.toThrow(/edited/);
    const broken: Migration = { name: "0009_x.sql", sql: "create table half (id text); select no_column", sha256: "x" };
    await expect(migrate(pool(), [broken])).rejects.toThrow(/no_column/);
    const { rows } = await pool().query("select to_regclass('half') as half");
    expect(rows).toEqual([{ half: null }]);
  });
});

describe("portable SQL", () => {
  const storeDir = fileURLToPath(new URL(".", import.meta.url));
  const sources = fs
    .readdirSync(storeDir)
    .filter((name) => name.endsWith(".ts") && !name.endsWith(".test.ts"))
    .map((name) => ({ name, sql: fs.readFileSync(path.join(storeDir, name), "utf8") }));
  const withoutComments = (sql: string): string => sql.replaceAll(/--.*$/gm, "");

  // serial only where a type stands: devices have serial numbers.
  const inMigrations =
    /\b(function|procedure|trigger|sequence|nextval|(?<=\w )(big|small)?serial[248]?|advisory|listen|notify|deferrable|partition|inherits|identity|extension|do \$\$)\b/i;
  test.each(readMigrations())("$name uses nothing that only one server has", ({ sql }) => {
    expect(withoutComments(sql)).not.toMatch(inMigrations);
  });

  const inQueries = /\b(pg_(try_)?advisory\w*|nextval|pg_notify|set constraints|savepoint|create temp\w*)\b/i;
  test.each(sources)("$name asks for nothing that only one server has", ({ sql }) => {
    expect(sql).not.toMatch(inQueries);
  });

  test("the linter finds what it looks for", () => {
    expect("id bigserial primary key").toMatch(inMigrations);
    expect("references a deferrable initially deferred").toMatch(inMigrations);
    expect("select pg_advisory_xact_lock(1)").toMatch(inQueries);
  });
});
