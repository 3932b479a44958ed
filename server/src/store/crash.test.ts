/** kill -9 of PostgreSQL under load: what was acknowledged is there, what was not is whole or absent, nothing twice. */
import { expect, test } from "vitest";
import { account, accountTransition } from "./samples.ts";
import { openSqlStore } from "./sql.ts";
import { freshDatabase, testCluster } from "./testDatabase.ts";

const callers = 32;
const crashes = 2;

test("no acknowledged transition is lost, and callers go on by themselves", async () => {
  const { connection, drop } = await freshDatabase("crash");
  const store = openSqlStore(connection, { lanes: 2, awayMaxMs: 60_000 });
  let acknowledged = 0;
  let stopping = false;
  const waiting: { at: number; go: () => void }[] = [];
  const reached = (at: number): Promise<void> => new Promise((go) => waiting.push({ at, go }));

  /** Each owns an account, so every commit must be done: neither stale nor a replay, crash or not. */
  const caller = async (n: number): Promise<{ id: string; version: number }> => {
    const id = `account-${n}`;
    let version = 0;
    while (!stopping) {
      const postings = [
        { account: `customer:${id}`, commodity: "fen" as const, amount: -1 },
        { account: "gateway:test", commodity: "fen" as const, amount: 1 },
      ];
      const transition = accountTransition(`${id}-${version}`, account(id, version + 1), version, { postings });
      expect(await store.commit(transition)).toEqual({ kind: "done" });
      version += 1;
      acknowledged += 1;
      for (const { at, go } of waiting) if (acknowledged >= at) go();
    }
    return { id, version };
  };

  const running = Promise.all(Array.from({ length: callers }, (_, n) => caller(n)));
  for (let crash = 0; crash < crashes; crash++) {
    await reached(acknowledged + 500);
    await testCluster("crash", true);
  }
  await reached(acknowledged + 500);
  stopping = true;
  const told = await running;

  const loaded = await store.load(told.map(({ id }) => ({ kind: "account", id })));
  let total = 0;
  for (const { id, version } of told) {
    expect(loaded.get("account", id)).toEqual({ version, state: account(id, version) });
    expect(await store.events({ kind: "account", id })).toHaveLength(version);
    total += version;
  }
  expect(total).toBe(acknowledged);
  const balance = await store.trialBalance();
  expect(balance.find((line) => line.account === "gateway:test")?.amount).toBe(total);
  expect(balance.reduce((sum, { amount }) => sum + amount, 0)).toBe(0);
  await store.close();
  await drop();
}, 120_000);
