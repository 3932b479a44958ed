/** What every store does, whatever it keeps its rows in: run on the SQL and on the in-memory version alike. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openMemoryStore } from "./memory.ts";
import type { Store } from "./port.ts";
import { account, accountTransition, attempt, card, meter, purchase, purchaseTransition, tier } from "./samples.ts";
import { openSqlStore } from "./sql.ts";
import { type FreshDatabase, freshDatabase } from "./testDatabase.ts";
import { DuplicateValueError } from "./transition.ts";

const kinds: { name: string; open: () => Promise<{ store: Store; drop: () => Promise<void> }> }[] = [
  { name: "in memory", open: async () => ({ store: openMemoryStore(), drop: async () => undefined }) },
  {
    name: "SQL",
    open: async () => {
      const database: FreshDatabase = await freshDatabase();
      return { store: openSqlStore(database.connection), drop: database.drop };
    },
  },
];

describe.each(kinds)("store $name", ({ open }) => {
  let store: Store;
  let drop: () => Promise<void>;
  beforeAll(async () => {
    ({ store, drop } = await open());
  });
  afterAll(async () => {
    await store.close();
    await drop();
  });

  /** Ids that no other test of this store uses. */
  let unique = 0;
  const newId = (what: string): string => {
    unique += 1;
    return `${what}-${unique}`;
  };
  const balanceOf = async (id: string): Promise<number | undefined> =>
    (await store.load([{ kind: "account", id }])).get("account", id)?.state.balanceFen;

  describe("load and commit", () => {
    test("gives back every kind of aggregate as it was written, one version up", async () => {
      const [a, c, m, p, t, at] = ["account", "card", "meter", "purchase", "tier", "attempt"].map(newId);
      if (!a || !c || !m || !p || !t || !at) throw new Error("ids");
      const states = {
        account: account(a, 500),
        card: card(c, a, m),
        meter: meter(m, a),
        tier: tier(t, a, "2026"),
        attempt: attempt(at, p),
        purchase: purchase(p, a),
      };
      const result = await store.commit(
        purchaseTransition(newId("event"), states.purchase, 0, {
          writes: [
            { kind: "account", id: a, expected: 0, state: states.account },
            { kind: "card", id: c, expected: 0, state: states.card },
            { kind: "meter", id: m, expected: 0, state: states.meter },
            { kind: "tier", id: t, expected: 0, state: states.tier },
            { kind: "attempt", id: at, expected: 0, state: states.attempt },
          ],
        }),
      );
      expect(result).toEqual({ kind: "done" });
      const loaded = await store.load([
        { kind: "account", id: a },
        { kind: "card", id: c },
        { kind: "meter", id: m },
        { kind: "tier", id: t },
        { kind: "attempt", id: at },
        { kind: "purchase", id: p },
      ]);
      expect(loaded.get("account", a)).toEqual({ version: 1, state: states.account });
      expect(loaded.get("card", c)).toEqual({ version: 1, state: states.card });
      expect(loaded.get("meter", m)).toEqual({ version: 1, state: states.meter });
      expect(loaded.get("tier", t)).toEqual({ version: 1, state: states.tier });
      expect(loaded.get("attempt", at)).toEqual({ version: 1, state: states.attempt });
      expect(loaded.get("purchase", p)).toEqual({ version: 1, state: states.purchase });
      expect(loaded.get("purchase", "nobody")).toBeUndefined();
    });

    test("a changed state replaces the old one", async () => {
      const id = newId("account");
      await store.commit(accountTransition(newId("event"), account(id, 1), 0));
      expect(await store.commit(accountTransition(newId("event"), account(id, 2), 1))).toEqual({ kind: "done" });
      expect((await store.load([{ kind: "account", id }])).get("account", id)).toEqual({
        version: 2,
        state: account(id, 2),
      });
    });

    test("what a caller changes afterwards in its own objects changes nothing stored", async () => {
      const id = newId("account");
      const state = account(id, 1);
      await store.commit(accountTransition(newId("event"), state, 0));
      state.balanceFen = 99;
      const loaded = (await store.load([{ kind: "account", id }])).get("account", id);
      if (loaded) loaded.state.heldFen = 99;
      expect(await balanceOf(id)).toBe(1);
      expect((await store.load([{ kind: "account", id }])).get("account", id)?.state.heldFen).toBe(0);
    });
  });

  describe("guards", () => {
    test("an old version, a missing row and an existing row that should be new are stale and write nothing", async () => {
      const id = newId("account");
      const other = newId("account");
      await store.commit(accountTransition(newId("event"), account(id, 1), 0));
      await store.commit(accountTransition(newId("event"), account(id, 2), 1));
      const write = { kind: "account", id: other, expected: 0, state: account(other) } as const;
      for (const expected of [0, 1, 3]) {
        const event = newId("event");
        const transition = accountTransition(event, account(id, 7), expected, {
          writes: [write],
          postings: [
            { account: `customer:${id}`, commodity: "fen", amount: 1 },
            { account: "customer:other", commodity: "fen", amount: -1 },
          ],
          tasks: { add: [{ kind: "staff", ref: event, dueAt: 0 }], drop: [] },
        });
        expect(await store.commit(transition)).toEqual({ kind: "stale" });
      }
      expect(await store.commit(accountTransition(newId("event"), account(newId("none")), 4))).toEqual({
        kind: "stale",
      });
      expect(await balanceOf(id)).toBe(2);
      expect((await store.load([{ kind: "account", id: other }])).get("account", other)).toBeUndefined();
      expect(await store.events({ kind: "account", id })).toHaveLength(2);
      expect((await store.trialBalance()).filter((line) => line.account.startsWith("never"))).toEqual([]);
      expect((await store.claim(0, 100, 1)).filter((task) => task.ref.startsWith("event"))).toEqual([]);
    });

    test("an aggregate that is only looked at guards too", async () => {
      const [id, looked] = [newId("account"), newId("account")];
      await store.commit(accountTransition(newId("event"), account(looked), 0));
      const guarded = (expected: number) =>
        accountTransition(newId("event"), account(id), 0, { guards: [{ kind: "account", id: looked, expected }] });
      expect(await store.commit(guarded(0))).toEqual({ kind: "stale" });
      expect(await store.commit(guarded(2))).toEqual({ kind: "stale" });
      expect(await store.commit(guarded(1))).toEqual({ kind: "done" });
      const version = (await store.load([{ kind: "account", id: looked }])).get("account", looked)?.version;
      expect(version).toBe(1);
    });

    test("a guard of 0 passes while the row does not exist", async () => {
      const [id, absent] = [newId("account"), newId("purchase")];
      const transition = accountTransition(newId("event"), account(id), 0, {
        guards: [{ kind: "purchase", id: absent, expected: 0 }],
      });
      expect(await store.commit(transition)).toEqual({ kind: "done" });
    });
  });

  describe("replay", () => {
    test("the same event again is a replay, even when the subject has moved on", async () => {
      const id = newId("account");
      const first = accountTransition(newId("event"), account(id, 1), 0);
      await store.commit(first);
      expect(await store.commit(first)).toEqual({ kind: "replay", subjectId: id, sameRequest: true });
      await store.commit(accountTransition(newId("event"), account(id, 2), 1));
      expect(await store.commit(first)).toEqual({ kind: "replay", subjectId: id, sameRequest: true });
      expect(await balanceOf(id)).toBe(2);
    });

    test("an event's id is used once, whatever version it comes with", async () => {
      const [id, event] = [newId("account"), newId("event")];
      await store.commit(accountTransition(event, account(id, 1), 0));
      expect(await store.commit(accountTransition(event, account(id, 2), 1))).toEqual({
        kind: "replay",
        subjectId: id,
        sameRequest: true,
      });
      expect(await balanceOf(id)).toBe(1);
    });

    test("an idempotency key answers with what the first request made, and whether it was the same request", async () => {
      const key = newId("key");
      const [first, second] = [newId("purchase"), newId("purchase")];
      const keyed = (id: string, fingerprint: string) =>
        purchaseTransition(newId("event"), purchase(id, "account"), 0, { idempotency: { key, fingerprint } });
      expect(await store.commit(keyed(first, "abc"))).toEqual({ kind: "done" });
      expect(await store.commit(keyed(second, "abc"))).toEqual({ kind: "replay", subjectId: first, sameRequest: true });
      expect(await store.commit(keyed(second, "xyz"))).toEqual({
        kind: "replay",
        subjectId: first,
        sameRequest: false,
      });
      const loaded = await store.load([{ kind: "purchase", id: second }]);
      expect(loaded.get("purchase", second)).toBeUndefined();
    });

    test("a stale request leaves its idempotency key free", async () => {
      const idempotency = { key: newId("key"), fingerprint: "abc" };
      const id = newId("account");
      expect(await store.commit(accountTransition(newId("event"), account(id), 5, { idempotency }))).toEqual({
        kind: "stale",
      });
      expect(await store.commit(accountTransition(newId("event"), account(id), 0, { idempotency }))).toEqual({
        kind: "done",
      });
    });
  });

  describe("refused transitions", () => {
    test("postings that do not sum to zero in each commodity, or stand on no chart", async () => {
      const id = newId("account");
      const wrong = accountTransition(newId("event"), account(id), 0, {
        postings: [
          { account: "customer:a", commodity: "fen", amount: 5 },
          { account: "gas:b", commodity: "litre", amount: -5 },
        ],
      });
      await expect(store.commit(wrong)).rejects.toThrow(/sum to 5/);
      const fraction = accountTransition(newId("event"), account(id), 0, {
        postings: [
          { account: "customer:a", commodity: "fen", amount: 0.5 },
          { account: "customer:b", commodity: "fen", amount: -0.5 },
        ],
      });
      await expect(store.commit(fraction)).rejects.toThrow(/integer/);
      for (const [name, commodity] of [
        ["pocket:me", "fen"],
        ["gas:m1", "fen"],
      ] as const) {
        const unknown = accountTransition(newId("event"), account(id), 0, {
          postings: [1, -1].map((amount) => ({ account: name, commodity, amount })),
        });
        await expect(store.commit(unknown)).rejects.toThrow(`${name} is on no chart for ${commodity}`);
      }
      expect(await balanceOf(id)).toBeUndefined();
    });

    test("a subject that is not written, an aggregate written twice, another's state", async () => {
      const id = newId("account");
      const proper = accountTransition(newId("event"), account(id), 0);
      await expect(store.commit({ ...proper, writes: [] })).rejects.toThrow(/subject/);
      await expect(store.commit({ ...proper, writes: [...proper.writes, ...proper.writes] })).rejects.toThrow(/twice/);
      const foreign = { kind: "account", id, expected: 0, state: account("other") } as const;
      await expect(store.commit({ ...proper, writes: [foreign] })).rejects.toThrow(/state of other/);
    });

    test("a number that another purchase has, alone: those beside it pass", async () => {
      const [first, second, beside] = [newId("purchase"), newId("purchase"), newId("purchase")];
      await store.commit(purchaseTransition(newId("event"), purchase(first, "account"), 0));
      const same = { ...purchase(second, "account"), number: purchase(first, "account").number };
      const results = await Promise.allSettled([
        store.commit(purchaseTransition(newId("event"), same, 0)),
        store.commit(purchaseTransition(newId("event"), purchase(beside, "account"), 0)),
      ]);
      expect(results[0]).toMatchObject({ status: "rejected", reason: expect.any(DuplicateValueError) });
      expect(results[0]).toMatchObject({ reason: { constraint: "purchase_number_key" } });
      expect(results[1]).toEqual({ status: "fulfilled", value: { kind: "done" } });
    });
  });

  describe("events and postings", () => {
    test("the log is the subject's, in order, and folding it gives the row's version", async () => {
      const id = newId("purchase");
      const states = ["quoted", "paying", "paid"] as const;
      for (const [expected, state] of states.entries()) {
        const event = { type: state, detail: { expected } };
        await store.commit(
          purchaseTransition(`${id} ${state}`, purchase(id, "account", state), expected, { at: 10 + expected, event }),
        );
      }
      const log = await store.events({ kind: "purchase", id });
      expect(log).toEqual([
        { seq: 1, eventId: `${id} quoted`, at: 10, event: { type: "quoted", detail: { expected: 0 } } },
        { seq: 2, eventId: `${id} paying`, at: 11, event: { type: "paying", detail: { expected: 1 } } },
        { seq: 3, eventId: `${id} paid`, at: 12, event: { type: "paid", detail: { expected: 2 } } },
      ]);
      const row = (await store.load([{ kind: "purchase", id }])).get("purchase", id);
      expect(log.at(-1)).toMatchObject({ seq: row?.version, event: { type: row?.state.state } });
      expect(await store.events({ kind: "account", id })).toEqual([]);
    });

    test("the trial balance adds up postings by account and commodity, to zero in each commodity", async () => {
      const id = newId("account");
      const [here, there] = [`carried:${id}`, `opening:${id}`];
      for (const [expected, amount] of [700, 50, -20].entries())
        await store.commit(
          accountTransition(newId("event"), account(id), expected, {
            postings: [
              { account: here, commodity: "litre", amount },
              { account: there, commodity: "litre", amount: -amount },
              { account: here, commodity: "meterCredit", amount: 3 },
              { account: there, commodity: "meterCredit", amount: -3 },
            ],
          }),
        );
      const lines = await store.trialBalance();
      expect(lines.filter((line) => line.account.endsWith(`:${id}`))).toEqual([
        { account: here, commodity: "litre", amount: 730 },
        { account: here, commodity: "meterCredit", amount: 9 },
        { account: there, commodity: "litre", amount: -730 },
        { account: there, commodity: "meterCredit", amount: -9 },
      ]);
      const sums: Record<string, number> = {};
      for (const { commodity, amount } of lines) sums[commodity] = (sums[commodity] ?? 0) + amount;
      expect(Object.values(sums).every((sum) => sum === 0)).toBe(true);
    });
  });

  describe("waiting for a version", () => {
    test("answers at once when it is there, on a commit when it comes, with the current one when time is up", async () => {
      const id = newId("account");
      const ref = { kind: "account", id } as const;
      expect(await store.waitForVersion(ref, 0, 1)).toBe(0);
      const first = store.waitForVersion(ref, 0, 20_000);
      await store.commit(accountTransition(newId("event"), account(id), 0));
      expect(await first).toBe(1);
      expect(await store.waitForVersion(ref, 0, 20_000)).toBe(1);
      expect(await store.waitForVersion(ref, 1, 1)).toBe(1);
      const two = [store.waitForVersion(ref, 1, 20_000), store.waitForVersion(ref, 1, 20_000)];
      await store.commit(accountTransition(newId("event"), account(id), 1));
      expect(await Promise.all(two)).toEqual([2, 2]);
    });
  });
});
