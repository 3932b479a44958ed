/** Tasks: asked for with an event, claimed for a while, finished, put off, taken over when a claimant dies. */
import type { TaskKind } from "@citygas/core";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { openMemoryStore } from "./memory.ts";
import type { Store } from "./port.ts";
import { account, accountTransition } from "./samples.ts";
import { openSqlStore } from "./sql.ts";
import { freshDatabase } from "./testDatabase.ts";

const kinds: { name: string; open: () => Promise<{ store: Store; drop: () => Promise<void> }> }[] = [
  { name: "in memory", open: async () => ({ store: openMemoryStore(), drop: async () => undefined }) },
  {
    name: "SQL",
    open: async () => {
      const { connection, drop } = await freshDatabase();
      return { store: openSqlStore(connection), drop };
    },
  },
];

describe.each(kinds)("tasks $name", ({ open }) => {
  let store: Store;
  let drop: () => Promise<void>;
  let events = 0;
  beforeEach(async () => {
    events = 0;
    ({ store, drop } = await open());
  });
  afterEach(async () => {
    await store.close();
    await drop();
  });

  type Asked = [kind: TaskKind, ref: string, dueAt: number];
  /** Commits an event that asks for some tasks and drops others. */
  const ask = async (add: Asked[], drops: [kind: TaskKind, ref: string][] = []): Promise<void> => {
    const tasks = {
      add: add.map(([kind, ref, dueAt]) => ({ kind, ref, dueAt })),
      drop: drops.map(([kind, ref]) => ({ kind, ref })),
    };
    const transition = accountTransition(`event-${events}`, account("a"), events, { tasks });
    events += 1;
    expect(await store.commit(transition)).toEqual({ kind: "done" });
  };
  const refs = async (now: number, limit = 10, leaseMs = 100): Promise<string[]> =>
    (await store.claim(now, limit, leaseMs)).map((task) => task.ref);

  test("only due ones, the longest due first, no more than asked for", async () => {
    await ask([
      ["refund", "later", 300],
      ["attemptQuery", "second", 200],
      ["purchaseDue", "first", 100],
      ["purchaseDue", "never", 9_000],
    ]);
    expect(await refs(99)).toEqual([]);
    expect(await refs(300, 2)).toEqual(["first", "second"]);
    expect(await refs(300)).toEqual(["later"]);
  });

  test("a claimed task is nobody else's until the lease lapses; then it comes back, counted", async () => {
    await ask([["purchaseDue", "p", 100]]);
    const [first] = await store.claim(100, 10, 50);
    expect(first).toMatchObject({ kind: "purchaseDue", ref: "p", dueAt: 100, attempt: 1 });
    expect(await refs(149)).toEqual([]);
    const [second] = await store.claim(150, 10, 50);
    expect(second).toMatchObject({ ref: "p", attempt: 2 });
    expect(second?.lease).not.toBe(first?.lease);
  });

  test("finish removes it; a claimant whose lease lapsed removes and moves nothing", async () => {
    await ask([["purchaseDue", "p", 100]]);
    const [late] = await store.claim(100, 10, 50);
    const [current] = await store.claim(150, 10, 50);
    if (!late || !current) throw new Error("no task");
    await store.finish(late);
    await store.retry(late, 100);
    expect(await refs(199)).toEqual([]);
    const [third] = await store.claim(200, 10, 50);
    if (!third) throw new Error("the task is gone");
    await store.finish(third);
    expect(await refs(10_000)).toEqual([]);
  });

  test("retry puts it off and keeps the count", async () => {
    await ask([["purchaseDue", "p", 100]]);
    const [task] = await store.claim(100, 10, 50_000);
    if (!task) throw new Error("no task");
    await store.retry(task, 400);
    expect(await refs(399)).toEqual([]);
    expect(await store.claim(400, 10, 50)).toMatchObject([{ ref: "p", dueAt: 400, attempt: 2 }]);
  });

  test("asking again replaces the due time, lifts the lease and starts the count anew", async () => {
    await ask([["purchaseDue", "p", 100]]);
    const [old] = await store.claim(100, 10, 50_000);
    if (!old) throw new Error("no task");
    await ask([["purchaseDue", "p", 150]]);
    await store.finish(old);
    expect(await refs(149)).toEqual([]);
    expect(await store.claim(150, 10, 50)).toMatchObject([{ ref: "p", dueAt: 150, attempt: 1 }]);
  });

  test("a task is dropped with the event; what is dropped and asked for at once stays", async () => {
    await ask([
      ["purchaseDue", "gone", 100],
      ["purchaseDue", "kept", 100],
      ["refund", "gone", 100],
    ]);
    await ask(
      [["purchaseDue", "kept", 120]],
      [
        ["purchaseDue", "gone"],
        ["purchaseDue", "kept"],
        ["staff", "unknown"],
      ],
    );
    expect((await store.claim(1_000, 10, 50)).map(({ kind, ref }) => [kind, ref])).toEqual([
      ["refund", "gone"],
      ["purchaseDue", "kept"],
    ]);
  });

  test("two who claim at once share the tasks", async () => {
    await ask(Array.from({ length: 40 }, (_, index): Asked => ["attemptQuery", `ref-${index}`, index]));
    const claims = await Promise.all(Array.from({ length: 4 }, () => refs(1_000, 10)));
    const rest = await refs(1_000, 40);
    const all = [...claims.flat(), ...rest];
    expect(new Set(all).size).toBe(40);
    expect(all).toHaveLength(40);
  });
});
