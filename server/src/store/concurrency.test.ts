/** Many at once: on one account, through two lanes, from two servers, at the strictest isolation. No update is lost. */
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { openMemoryStore } from "./memory.ts";
import type { CommitResult, Store } from "./port.ts";
import { account, accountTransition, purchase, purchaseTransition } from "./samples.ts";
import { openSqlStore } from "./sql.ts";
import { freshDatabase } from "./testDatabase.ts";

interface World {
  /** Servers on the same rows. */
  stores: Store[];
  drop: () => Promise<void>;
}

async function onSql(servers: number, lanes: number, isolation: string): Promise<World> {
  const { connection, drop } = await freshDatabase();
  const strict = { ...connection, options: `-c default_transaction_isolation=${isolation}` };
  const stores = Array.from({ length: servers }, (_, n) => openSqlStore(strict, { lanes, writer: `server-${n}` }));
  return { stores, drop };
}

const worlds: { name: string; open: () => Promise<World> }[] = [
  { name: "in memory", open: async () => ({ stores: [openMemoryStore()], drop: async () => undefined }) },
  { name: "SQL, one lane", open: () => onSql(1, 1, "read\\ committed") },
  { name: "SQL, two lanes", open: () => onSql(1, 2, "read\\ committed") },
  { name: "SQL, two servers of two lanes", open: () => onSql(2, 2, "read\\ committed") },
  { name: "SQL, two servers, serializable", open: () => onSql(2, 2, "serializable") },
];

describe.each(worlds)("at once, $name", ({ open }) => {
  let stores: Store[];
  let drop: () => Promise<void>;
  beforeEach(async () => {
    ({ stores, drop } = await open());
  });
  afterEach(async () => {
    await Promise.all(stores.map((store) => store.close()));
    await drop();
  });
  const storeOf = (index: number): Store => {
    const store = stores[index % stores.length];
    if (!store) throw new Error("no store");
    return store;
  };
  const count = (results: CommitResult[], kind: CommitResult["kind"]): number =>
    results.filter((result) => result.kind === kind).length;

  test("of a hundred changes of one account from the same version exactly one is done", async () => {
    await storeOf(0).commit(accountTransition("open", account("a"), 0));
    const results = await Promise.all(
      Array.from({ length: 100 }, (_, n) => storeOf(n).commit(accountTransition(`event-${n}`, account("a", n), 1))),
    );
    expect(count(results, "done")).toBe(1);
    expect(count(results, "stale")).toBe(99);
    const winner = results.findIndex((result) => result.kind === "done");
    const row = (await storeOf(0).load([{ kind: "account", id: "a" }])).get("account", "a");
    expect(row).toEqual({ version: 2, state: account("a", winner) });
  });

  test("forty additions that are decided again when stale all arrive", async () => {
    await storeOf(0).commit(accountTransition("open", account("a"), 0));
    const add = async (n: number): Promise<void> => {
      for (let tries = 0; tries < 200; tries++) {
        const row = (await storeOf(n).load([{ kind: "account", id: "a" }])).get("account", "a");
        if (!row) throw new Error("no account");
        const postings = [
          { account: "customer:a", commodity: "fen" as const, amount: -n },
          { account: "gateway:test", commodity: "fen" as const, amount: n },
        ];
        const state = account("a", row.state.balanceFen + n);
        const transition = accountTransition(`add-${n}-${tries}`, state, row.version, { postings });
        if ((await storeOf(n).commit(transition)).kind === "done") return;
      }
      throw new Error("never done");
    };
    await Promise.all(Array.from({ length: 40 }, (_, n) => add(n + 1)));
    const row = (await storeOf(0).load([{ kind: "account", id: "a" }])).get("account", "a");
    expect(row).toEqual({ version: 41, state: account("a", 820) });
    const log = await storeOf(0).events({ kind: "account", id: "a" });
    expect(log.map(({ seq }) => seq)).toEqual(Array.from({ length: 41 }, (_, n) => n + 1));
    expect(await storeOf(0).trialBalance()).toEqual([
      { account: "customer:a", commodity: "fen", amount: -820 },
      { account: "gateway:test", commodity: "fen", amount: 820 },
    ]);
  }, 60_000);

  test("the same new purchase from all sides is made once", async () => {
    const results = await Promise.all(
      Array.from({ length: 20 }, (_, n) =>
        storeOf(n).commit(
          purchaseTransition(`event-${n}`, purchase("p", "a"), 0, {
            writes: [{ kind: "account", id: `account-${n}`, expected: 0, state: account(`account-${n}`) }],
          }),
        ),
      ),
    );
    expect(count(results, "done")).toBe(1);
    expect(count(results, "stale")).toBe(19);
    const refs = results.map((_, n) => ({ kind: "account" as const, id: `account-${n}` }));
    const loaded = await storeOf(0).load(refs);
    expect(refs.filter(({ id }) => loaded.get("account", id) !== undefined)).toHaveLength(1);
  });

  test("one idempotency key from all sides makes one purchase; the others learn which", async () => {
    const results = await Promise.all(
      Array.from({ length: 20 }, (_, n) =>
        storeOf(n).commit(
          purchaseTransition(`event-${n}`, purchase(`p-${n}`, "a"), 0, {
            idempotency: { key: "key", fingerprint: "same" },
          }),
        ),
      ),
    );
    const winner = results.findIndex((result) => result.kind === "done");
    expect(count(results, "done")).toBe(1);
    for (const [n, result] of results.entries())
      if (n !== winner) expect(result).toEqual({ kind: "replay", subjectId: `p-${winner}`, sameRequest: true });
  });

  test("crossed pairs of accounts neither block each other for ever nor lose a change", async () => {
    const ids = ["a", "b", "c", "d"];
    for (const id of ids) await storeOf(0).commit(accountTransition(`open-${id}`, account(id), 0));
    const move = async (n: number): Promise<void> => {
      const [from, to] = [ids[n % 4] ?? "a", ids[(n + 1 + (n % 3)) % 4] ?? "b"];
      for (let tries = 0; tries < 200; tries++) {
        const loaded = await storeOf(n).load([from, to].map((id) => ({ kind: "account", id })));
        const [source, target] = [loaded.get("account", from), loaded.get("account", to)];
        if (!source || !target) throw new Error("no account");
        const changed = account(to, target.state.balanceFen + 1);
        const transition = accountTransition(
          `move-${n}-${tries}`,
          account(from, source.state.balanceFen - 1),
          source.version,
          { writes: [{ kind: "account", id: to, expected: target.version, state: changed }] },
        );
        if ((await storeOf(n).commit(transition)).kind === "done") return;
      }
      throw new Error("never done");
    };
    await Promise.all(Array.from({ length: 40 }, (_, n) => move(n)));
    const loaded = await storeOf(0).load(ids.map((id) => ({ kind: "account", id })));
    const rows = ids.map((id) => loaded.get("account", id));
    expect(rows.reduce((sum, row) => sum + (row?.state.balanceFen ?? Number.NaN), 0)).toBe(0);
    expect(rows.reduce((sum, row) => sum + (row?.version ?? Number.NaN), 0)).toBe(4 + 80);
  }, 60_000);

  test("whoever waits at one server sees the commit of another", async () => {
    const waiting = storeOf(1).waitForVersion({ kind: "account", id: "a" }, 0, 20_000);
    await storeOf(0).commit(accountTransition("open", account("a"), 0));
    expect(await waiting).toBe(1);
  });
});
