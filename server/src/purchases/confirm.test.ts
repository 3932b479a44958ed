/** What a confirmation only looks at must still be so when its commit lands: somebody else's commit comes just before it. */
import type { Transition, Write } from "@citygas/core";
import { expect, test } from "vitest";
import { intoMeter } from "../cards/card.testkit.ts";
import { openMemoryStore } from "../store/memory.ts";
import type { Store } from "../store/port.ts";
import { confirmPurchase } from "./confirm.ts";
import { byVolume, kiosk1, makeEarth, newAccount } from "./earth.testkit.ts";
import { bought, insert, keyed, makeWorld, quoted, stateOf, volume, wanted, write } from "./world.testkit.ts";

/** A commit needs a subject, and the row that it moves must be the only one that the confirmation knows of. */
const bystander = "card-b";

type Moved = Extract<Write, { kind: "account" | "card" | "tier" }>;

/** Just before the first confirmation another server commits `change` to one row. */
function overtakenStore(store: Store, kind: Moved["kind"], change: (state: Moved["state"]) => object): Store {
  let overtaken = false;
  const overtake = async ({ guards, writes, at }: Transition) => {
    const row = [...guards, ...writes].find((of) => of.kind === kind);
    if (row === undefined) throw new Error(`a confirmation that knows of no ${kind}`);
    const loaded = await store.load([
      { kind, id: row.id },
      { kind: "card", id: bystander },
    ]);
    const [seen, beside] = [loaded.get(kind, row.id), loaded.get("card", bystander)];
    if (seen === undefined || beside === undefined) throw new Error(`no ${kind} ${row.id}`);
    const write = {
      kind,
      id: row.id,
      expected: seen.version,
      state: { ...seen.state, ...change(seen.state) },
    } as Moved;
    const done = await store.commit({
      eventId: `overtakes-${kind}`,
      at,
      subject: { kind: "card", id: bystander },
      event: { type: "overtakes" },
      writes: [write, { kind: "card", id: bystander, expected: beside.version, state: beside.state }],
      guards: [],
      postings: [],
      tasks: { add: [], drop: [] },
    });
    expect(done.kind).toBe("done");
  };
  return {
    ...store,
    commit: async (transition) => {
      const isConfirmation = JSON.stringify(transition.event).includes('"confirmed"');
      if (isConfirmation && !overtaken) {
        overtaken = true;
        await overtake(transition);
      }
      return await store.commit(transition);
    },
  };
}

test.each([
  ["account", () => ({ block: { reason: "safetyCheck", since: 0 } }), "account.safetyCheck"],
  ["card", () => ({ status: "lost" }), "card.lost"],
  ["tier", () => ({ usedL: 419_000 }), "purchase.quoteStale"],
] as const)("a confirmation that was overtaken by a change of its %s is decided anew", async (kind, change, code) => {
  const earth = makeEarth(openMemoryStore());
  const { card } = await newAccount(earth, "a", { tariff: byVolume });
  await newAccount(earth, "b");
  const calm = makeWorld(earth);
  const { visit, id } = await bought(calm, kiosk1, card, volume(10));
  await write(calm, kiosk1, card, visit, await wanted(calm, kiosk1, id, visit));
  intoMeter(card);
  const quote = await quoted(calm, kiosk1, await insert(calm, kiosk1, card), volume(30));
  const world = makeWorld(earth, overtakenStore(earth.store, kind, change));
  expect(await confirmPurchase(world.sale, kiosk1, quote.id, keyed("yes"))).toMatchObject({ error: { code } });
  expect((await stateOf(world, quote.id)).state).toBe("quoted");
});

test.each([1, 2, 3, 4, 5, 6])(
  "a price that comes into force at look %i of a confirmation is shown first",
  async (at) => {
    const earth = makeEarth(openMemoryStore());
    const changeAt = earth.clock.now + 60_000;
    const { card, accountId } = await newAccount(earth, "a", { tariff: byVolume });
    const customer = earth.customers.get(accountId);
    if (customer === undefined) throw new Error("no customer");
    earth.customers.set(accountId, {
      ...customer,
      tariff: [byVolume, { ...byVolume, id: "v2", effectiveFrom: changeAt }],
    });
    const calm = makeWorld(earth);
    const quote = await quoted(calm, kiosk1, await insert(calm, kiosk1, card), volume(10));
    let looks = 0;
    const load: Store["load"] = async (refs) => {
      looks += 1;
      if (looks === at) earth.clock.now = changeAt;
      return await earth.store.load(refs);
    };
    const { sale } = makeWorld(earth, { ...earth.store, load });
    await confirmPurchase(sale, kiosk1, quote.id, keyed("yes"));
    const { state, confirmedAt, breakdown } = await stateOf(calm, quote.id);
    expect(breakdown.tariffVersionId).toBe((confirmedAt ?? earth.clock.now) < changeAt ? byVolume.id : "v2");
    expect(state).toBe(breakdown.tariffVersionId === "v2" ? "quoted" : "paying");
  },
);
