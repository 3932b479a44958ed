import { afterAll, beforeAll, expect, test } from "vitest";
import { cancelPurchase } from "../purchases/cancel.ts";
import { type Earth, kiosk1, makeEarth, newAccount } from "../purchases/earth.testkit.ts";
import {
  amount,
  bought,
  confirmed,
  insert,
  keyed,
  makeWorld,
  pass,
  pay,
  quoted,
  stateOf,
  type World,
} from "../purchases/world.testkit.ts";
import { openPool } from "../store/database.ts";
import { openMemoryStore } from "../store/memory.ts";
import type { Store } from "../store/port.ts";
import { openSqlStore } from "../store/sql.ts";
import { type FreshDatabase, freshDatabase } from "../store/testDatabase.ts";
import { runnerLimits, sweepTasks, taskRunner } from "./runner.ts";

let database: FreshDatabase;
beforeAll(async () => {
  database = await freshDatabase();
});
afterAll(() => database.drop());

async function quote(earth: Earth, world: World, name: string): Promise<string> {
  const { card } = await newAccount(earth, name);
  return (await quoted(world, kiosk1, await insert(world, kiosk1, card), amount(100))).id;
}

test("runs by itself once started, when woken, and stops with its work done", async () => {
  const earth = makeEarth(openMemoryStore());
  const world = makeWorld(earth);
  const id = await quote(earth, world, "a");
  earth.clock.now += 5 * 60_000;
  world.runner.start();
  world.runner.wake();
  await earth.store.waitForVersion({ kind: "purchase", id }, 1, 10_000);
  await world.runner.stop();
  expect((await stateOf(world, id)).state).toBe("void");
});

test.each([1, 2, 3])("a clock set back at look %i while a purchase falls due: its task comes again", async (at) => {
  const earth = makeEarth(openMemoryStore());
  const world = makeWorld(earth);
  const id = await quote(earth, world, "a");
  earth.clock.now += 5 * 60_000;
  const { store } = earth;
  let looks = 0;
  const load: Store["load"] = async (refs) => {
    looks += 1;
    if (looks === at) earth.clock.now -= 30_000;
    return await store.load(refs);
  };
  expect(await taskRunner({ ...world.sale, store: { ...store, load } }, world.payments).runDue()).toBe(1);
  await pass(world, 65_000);
  expect((await stateOf(world, id)).state).toBe("void");
});

test("a task that fails comes back later; the lease of a dead process lapses", async () => {
  const earth = makeEarth(openMemoryStore());
  const world = makeWorld(earth);
  const id = await quote(earth, world, "a");
  earth.clock.now += 5 * 60_000;
  const broken = { ...world.sale, store: { ...earth.store, load: () => Promise.reject(new Error("away")) } };
  expect(await taskRunner(broken, world.payments).runDue()).toBe(1);
  expect(await world.runner.runDue()).toBe(0);
  await pass(world, 10_000);
  expect((await stateOf(world, id)).state).toBe("void");

  const other = await quote(earth, world, "b");
  earth.clock.now += 5 * 60_000;
  await earth.store.claim(earth.clock.now, 10, 30_000);
  await pass(world, 29_000);
  expect((await stateOf(world, other)).state).toBe("quoted");
  await pass(world, 2_000, 1_000);
  expect((await stateOf(world, other)).state).toBe("void");
});

test("what fails again and again is tried ever later, at least once a minute", async () => {
  const earth = makeEarth(openMemoryStore());
  const world = makeWorld(earth);
  await quote(earth, world, "a");
  earth.clock.now += 5 * 60_000;
  const waits: number[] = [];
  const store: Store = {
    ...earth.store,
    load: () => Promise.reject(new Error("away")),
    retry(task, at) {
      waits.push((at - earth.clock.now) / 1_000);
      return earth.store.retry(task, at);
    },
  };
  const runner = taskRunner({ ...world.sale, store }, world.payments);
  for (let tries = 0; tries < 12; tries++) {
    expect(await runner.runDue()).toBe(1);
    earth.clock.now += runnerLimits.retryMaxMs;
  }
  expect(waits).toEqual([2, 4, 8, 16, 32, 60, 60, 60, 60, 60, 60, 60]);
});

test("lost tasks are put back page by page: all of them, or one page while work goes on", async () => {
  const { sale } = makeWorld(makeEarth(openMemoryStore()));
  const pages = () => {
    const left = [runnerLimits.sweepPage, runnerLimits.sweepPage, 3];
    const restoreTasks = async (_now: number, limit: number) => {
      expect(limit).toBe(runnerLimits.sweepPage);
      return left.shift() ?? 0;
    };
    return { ...sale, taskRows: { ...sale.taskRows, restoreTasks } };
  };
  expect(await sweepTasks(pages())).toBe(2 * runnerLimits.sweepPage + 3);
  expect(await sweepTasks(pages(), 1)).toBe(runnerLimits.sweepPage);
});

test("what hangs keeps its place: no more is claimed than there is room for", async () => {
  const earth = makeEarth(openMemoryStore());
  const world = makeWorld(earth);
  await quote(earth, world, "a");
  earth.clock.now += 5 * 60_000;
  let begin = (): void => undefined;
  let answer = (): void => undefined;
  const begun = new Promise<void>((resolve) => {
    begin = resolve;
  });
  const answered = new Promise<void>((resolve) => {
    answer = resolve;
  });
  const rooms: number[] = [];
  const store: Store = {
    ...earth.store,
    async load(refs) {
      begin();
      await answered;
      return await earth.store.load(refs);
    },
    claim(now, limit, leaseMs) {
      rooms.push(limit);
      return earth.store.claim(now, limit, leaseMs);
    },
  };
  const runner = taskRunner({ ...world.sale, store }, world.payments);
  const hanging = runner.runDue();
  await begun;
  expect(await runner.runDue()).toBe(0);
  answer();
  expect(await hanging).toBe(1);
  expect(rooms).toEqual([runnerLimits.batch, runnerLimits.batch - 1]);
});

/** Another server wins every race for a purchase while `busy`. */
function contested(earth: Earth): { world: World; busy: boolean } {
  const held = { world: makeWorld(earth), busy: false };
  held.world = makeWorld(earth, {
    ...earth.store,
    commit: async (transition) => (held.busy ? { kind: "stale" } : await earth.store.commit(transition)),
  });
  return held;
}

test.each<[string, (world: World, earth: Earth) => Promise<string>, string]>([
  ["a timer", async (world, earth) => await quote(earth, world, "a"), "void"],
  [
    "a query",
    async (world, earth) => {
      const id = await quote(earth, world, "a");
      await confirmed(world, kiosk1, id);
      earth.bank.fates.push("silent");
      await pay(world, kiosk1, id);
      return id;
    },
    "paid",
  ],
  [
    "a reverse",
    async (world, earth) => {
      const id = await quote(earth, world, "a");
      await confirmed(world, kiosk1, id);
      earth.bank.fates.push("password");
      await pay(world, kiosk1, id);
      await cancelPurchase(world.sale, kiosk1, id, keyed("cancel"));
      earth.bank.down = true;
      await pass(world, 15_000);
      earth.bank.down = false;
      return id;
    },
    "void",
  ],
  [
    "a refund",
    async (world, earth) => {
      const { card } = await newAccount(earth, "a");
      const { id } = await bought(world, kiosk1, card, amount(100));
      await cancelPurchase(world.sale, kiosk1, id, keyed("cancel"));
      return id;
    },
    "refunded",
  ],
])("%s that lost every race comes back: nothing waits for ever", async (_what, begin, end) => {
  const earth = makeEarth(openMemoryStore());
  const held = contested(earth);
  const id = await begin(held.world, earth);
  held.busy = true;
  earth.clock.now += end === "void" ? 5 * 60_000 : 5_000;
  expect(await held.world.runner.runDue()).toBeGreaterThan(0);
  held.busy = false;
  await pass(held.world, 30_000);
  expect((await stateOf(held.world, id)).state).toBe(end);
});

test("states that lost their task get it back at start", async () => {
  const db = openPool(database.connection, { max: 2, name: "test" });
  const store = openSqlStore(database.connection);
  const earth = makeEarth(store, db);
  const world = makeWorld(earth);
  const id = await quote(earth, world, "a");
  await confirmed(world, kiosk1, id);
  earth.bank.fates.push("silent");
  await pay(world, kiosk1, id);
  await db.query("delete from task");
  expect(await sweepTasks(world.sale)).toBe(2);
  expect(await sweepTasks(world.sale)).toBe(0);
  await pass(world, 5_000);
  expect((await stateOf(world, id)).state).toBe("paid");
  await store.close();
  await db.end();
});
