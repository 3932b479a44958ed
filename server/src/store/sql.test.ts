/** What only the SQL store has: faults injected between it and a real database, its running sums, its look-up columns. */
import pg from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openPool } from "./database.ts";
import type { BatchDoor } from "./persistence.ts";
import { account, accountTransition, attempt, card, purchase, purchaseTransition } from "./samples.ts";
import { openSqlStore, type SqlStoreOptions } from "./sql.ts";
import { type FreshDatabase, freshDatabase } from "./testDatabase.ts";

let database: FreshDatabase;
let pool: pg.Pool;
beforeAll(async () => {
  database = await freshDatabase();
  pool = openPool(database.connection, { max: 1, name: "test" });
});
afterAll(async () => {
  await pool.end();
  await database.drop();
});
const rowsOf = async (sql: string): Promise<Record<string, unknown>[]> =>
  (await pool.query<Record<string, unknown>>(sql)).rows;

/** A store whose first `count` batches meet a fault, before or after the database took them. */
function faulty(count: number, fault: () => Error, when: "before" | "after", options: SqlStoreOptions = {}) {
  let runs = 0;
  const intercept = (door: BatchDoor): BatchDoor => ({
    ...door,
    run: async (batch) => {
      runs += 1;
      if (runs <= count && when === "before") throw fault();
      const verdicts = await door.run(batch);
      if (runs <= count) throw fault();
      return verdicts;
    },
  });
  const store = openSqlStore(database.connection, { ...options, intercept });
  return { store, runs: () => runs };
}
const serialization = (): Error => Object.assign(new pg.DatabaseError("injected", 0, "error"), { code: "40001" });
const reset = (): Error => Object.assign(new Error("injected"), { code: "ECONNRESET" });

describe("faults", () => {
  test("40001 twice, then done once", async () => {
    const { store, runs } = faulty(2, serialization, "before");
    expect(await store.commit(accountTransition("serial-1", account("serial"), 0))).toEqual({ kind: "done" });
    expect(runs()).toBe(3);
    expect(await store.events({ kind: "account", id: "serial" })).toHaveLength(1);
    await store.close();
  });

  test("a connection that dies after COMMIT: done, and once", async () => {
    const { store, runs } = faulty(1, reset, "after");
    const transitions = [1, 2, 3].map((n) => accountTransition(`reset-${n}`, account(`reset-${n}`), 0));
    expect(await Promise.all(transitions.map((transition) => store.commit(transition)))).toEqual([
      { kind: "done" },
      { kind: "done" },
      { kind: "done" },
    ]);
    expect(runs()).toBe(2);
    const [first] = transitions;
    if (!first) throw new Error("no transition");
    expect(await store.commit(first)).toEqual({ kind: "replay", subjectId: "reset-1", sameRequest: true });
    await store.close();
  });

  test("a database that stays away: the caller is told, later callers are served", async () => {
    const { store } = faulty(1, reset, "before", { awayMaxMs: -1 });
    await expect(store.commit(accountTransition("away-1", account("away"), 0))).rejects.toThrow(/injected/);
    expect(await store.commit(accountTransition("away-1", account("away"), 0))).toEqual({ kind: "done" });
    await store.close();
  });
});

test("a text that the database cannot hold refuses its own transition only", async () => {
  const store = openSqlStore(database.connection);
  const bad = accountTransition("nul-bad", { ...account("nul-bad"), unitId: "\u0000" }, 0);
  const results = await Promise.allSettled([
    store.commit(accountTransition("nul-1", account("nul-1"), 0)),
    store.commit(bad),
    store.commit(accountTransition("nul-2", account("nul-2"), 0)),
  ]);
  expect(results.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
  await store.close();
});

test("the running sums equal the sums of the postings, over all writers", async () => {
  const stores = ["north", "south"].map((writer) => openSqlStore(database.connection, { writer, lanes: 2 }));
  await Promise.all(
    Array.from({ length: 60 }, (_, n) =>
      stores[n % 2]?.commit(
        accountTransition(`sum-${n}`, account(`sum-${n}`), 0, {
          postings: [
            { account: `customer:${n % 7}`, commodity: "fen", amount: -n },
            { account: "gateway:test", commodity: "fen", amount: n },
          ],
        }),
      ),
    ),
  );
  const bySum = "select account, commodity, sum(amount)::bigint as amount from";
  const grouped = "group by account, commodity order by account, commodity";
  const sums = await rowsOf(`${bySum} posting ${grouped}`);
  expect(await rowsOf(`${bySum} ledger_balance ${grouped}`)).toEqual(sums);
  expect(sums).toContainEqual({ account: "gateway:test", commodity: "fen", amount: 1770 });
  expect((await rowsOf("select distinct lane from ledger_balance where lane like 'north%'")).length).toBeGreaterThan(0);
  await Promise.all(stores.map((store) => store.close()));
});

test("the plain columns follow the state", async () => {
  const store = openSqlStore(database.connection);
  const state = purchase("columns-p", "columns-a");
  await store.commit(
    purchaseTransition("columns-1", state, 0, {
      writes: [
        { kind: "attempt", id: "columns-t", expected: 0, state: attempt("columns-t", "columns-p") },
        { kind: "card", id: "columns-c", expected: 0, state: card("columns-c", "columns-a", "columns-m") },
      ],
    }),
  );
  const changed = { ...state, state: "void" as const, dueAt: null, cardId: "columns-c" };
  await store.commit(purchaseTransition("columns-2", changed, 1));
  expect(
    await rowsOf("select status, due_at, card_id, number, quoted_at from purchase where id = 'columns-p'"),
  ).toEqual([{ status: "void", due_at: null, card_id: "columns-c", number: state.number, quoted_at: 1_000 }]);
  expect(await rowsOf("select out_trade_no from attempt where purchase_id = 'columns-p'")).toEqual([
    { out_trade_no: "trade columns-t" },
  ]);
  expect(await rowsOf("select card_number, status from card where account_id = 'columns-a'")).toEqual([
    { card_number: "number of columns-c", status: "current" },
  ]);
  await store.close();
});

test("a task that another server is just taking is passed over, not waited for", async () => {
  const store = openSqlStore(database.connection);
  const client = await pool.connect();
  await client.query(`insert into task (kind, ref, due_at, attempt, lease, lease_until) values
    ('purchaseDue', 'being-taken', 1, 0, null, null), ('purchaseDue', 'free', 2, 0, null, null)`);
  await client.query("begin");
  await client.query("select 1 from task where ref = 'being-taken' for update");
  expect((await store.claim(2, 10, 30_000)).map(({ ref }) => ref)).toEqual(["free"]);
  await client.query("rollback");
  client.release();
  expect((await store.claim(2, 10, 30_000)).map(({ ref }) => ref)).toEqual(["being-taken"]);
  await store.close();
});
