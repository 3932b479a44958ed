/** The process dies at every commit of a sale, before it took effect and after: another one finishes what stands. */
import { describe, expect, test } from "vitest";
import { intoMeter } from "../cards/card.testkit.ts";
import { openMemoryStore } from "../store/memory.ts";
import type { Store } from "../store/port.ts";
import { type Earth, kiosk1, kiosk2, makeEarth, newAccount } from "./earth.testkit.ts";
import { amount, booksHold, bought, insert, ledger, makeWorld, pass, wanted, write } from "./world.testkit.ts";

class Killed extends Error {}

/** Lets `lives` commits through; the next one kills, before or after it took effect. */
function dyingStore(store: Store, lives: number, when: "before" | "after"): Store {
  let left = lives;
  const dead = () => Promise.reject(new Killed());
  return {
    ...store,
    commit: async (transition) => {
      if (left < 0) return await dead();
      left -= 1;
      if (left >= 0) return await store.commit(transition);
      if (when === "after") await store.commit(transition);
      return await dead();
    },
    load: (refs) => (left < 0 ? dead() : store.load(refs)),
  };
}

const commitsOfASale = 8;

describe.each(["before", "after"] as const)("killed %s a commit took effect", (when) => {
  test.each(Array.from({ length: commitsOfASale }, (_, lives) => lives))("number %i", async (lives) => {
    const earth: Earth = makeEarth(openMemoryStore());
    const { card } = await newAccount(earth, "a", { balanceFen: 30 });
    const doomed = makeWorld(earth, dyingStore(earth.store, lives, when));
    let died = false;
    try {
      const { visit, id } = await bought(doomed, kiosk1, card, amount(1_030));
      await write(doomed, kiosk1, card, visit, await wanted(doomed, kiosk1, id, visit));
    } catch {
      // What the terminal then sees differs by the moment; here only what the centre is left with counts.
      died = true;
    }
    const heir = makeWorld(earth);
    await pass(heir, 30_000);
    const there = await insert(heir, kiosk2, card);
    if (there.answer.kind === "script") await write(heir, kiosk2, card, there, there.answer);
    await pass(heir, 40 * 60_000, 30_000);
    intoMeter(card);
    await insert(heir, kiosk2, card);

    expect(died || lives >= commitsOfASale - 1).toBe(true);
    const delivered = [...earth.purchases.values()].filter((p) => p.state === "delivered");
    for (const p of earth.purchases.values()) expect(["delivered", "refunded", "void"]).toContain(p.state);
    expect(earth.bank.netFen()).toBe(delivered.length * 1_000);
    expect(await ledger(earth, "gateway:wechat")).toBe(earth.bank.netFen());
    expect(card.meter.total - 90_000).toBe(delivered.length * 1_030);
    expect(await ledger(earth, "customer:account-a")).toBe(delivered.length === 0 ? -30 : 0);
    await booksHold(earth);
  });
});
