/**
 * Random schedules of everything that people, cards, gateways and dying servers may do, over the real services: sales at
 * kiosks and phones, writes cut anywhere, refunds that two people allow, cards lost and replaced at any moment that turn
 * up again in readers and meters, and, in some worlds, a phone that writes memory cards and lies about them.
 *
 * | | checked |
 * | --- | --- |
 * | I1 delivered xor refunded | at the end, when all had time: every purchase is final, and the meters hold what was delivered |
 * | I2 never over | at the end: the meters hold no more than was delivered, the bank no less than was sold; with a lying phone too |
 * | I3 refund needs proof | at the end, in every log: `refundProven` after a script, by the meter's word where it is needed |
 * | I4 one open purchase | after each step |
 * | I5 intent first, I11 once | at each call: the bank refuses one whose row is not there, and a second pay call |
 * | I6 no cross-talk, I10 masked | at each answer |
 * | I7 books, I8 replay | at the end |
 * | I9 the price holds | after each step |
 * | I12 bounded | at the end: nothing is left waiting; each state's due time is core's machine.test.ts |
 */
import { finalStates, type Id, openStates } from "@citygas/core";
import { openBMoney } from "@citygas/gascard";
import fc from "fast-check";
import { expect, inject, test } from "vitest";
import { attemptIdOf } from "../callbacks/memoryNotifications.testkit.ts";
import { intoMeter } from "../cards/card.testkit.ts";
import type { Grant } from "../decisions/proposalRows.ts";
import { openMemoryStore } from "../store/memory.ts";
import { applyEvent, loggedEvent } from "./applyEvent.ts";
import { makeEarth, newAccount } from "./earth.testkit.ts";
import { act, allow, openOn, type Scene, shown, startServer, step, terminalOf } from "./random.testkit.ts";
import { booksHold, deliver, insert, ledger, pass, write } from "./world.testkit.ts";

/** I9 */
function billsStand({ earth, bills }: Scene): void {
  for (const { id, confirmedAt, breakdown } of earth.purchases.values()) {
    if (confirmedAt === null) continue;
    const now = JSON.stringify(breakdown);
    const confirmed = bills.get(id) ?? now;
    bills.set(id, confirmed);
    expect(now).toBe(confirmed);
  }
}

/** I3: a purchase whose script was out has a refund only by the card's proof. */
async function refundsWereProven({ earth }: Scene): Promise<void> {
  for (const p of earth.purchases.values()) {
    const log = await earth.store.events({ kind: "purchase", id: p.id });
    const events = log.map(({ event }) => loggedEvent(event).event);
    if (p.refund === null || !events.some(({ type }) => type === "scriptIssued")) continue;
    const by = p.refundNeeds === "returnArea" ? { by: "returnArea" } : {};
    expect(events).toContainEqual({ type: "refundProven", scriptId: p.script?.id, ...by });
  }
}

function neverTwoOpen({ earth }: Scene): void {
  const open = [...earth.purchases.values()].filter((p) => openStates.some((state) => state === p.state));
  expect(new Set(open.map((p) => p.cardId)).size).toBe(open.length);
}

/** Everybody comes back: gateway up, both cards read once more and written if they must be, days pass. */
async function settle(scene: Scene, lostFirst: boolean): Promise<void> {
  const { earth } = scene;
  earth.bank.down = false;
  await pass(scene.world, 35 * 60_000, 10_000);
  // Read, written, loaded; the meter's word brought back where it is waited for, and once more for what that led to.
  for (const [card, it] of [...scene.cards.entries(), ...scene.cards.entries(), ...scene.cards.entries()]) {
    earth.clock.now += 200;
    const visit = await insert(scene.world, terminalOf(0), it);
    shown(scene, card, visit.answer);
    if (visit.answer.kind === "script") await write(scene.world, terminalOf(0), it, visit, visit.answer);
    // Of the cards that were lost none is worth anything beside the one in hand, whichever is first in the meter.
    const lost = scene.lost[card === 0 ? 0 : 1];
    for (const each of lostFirst ? [...lost, it] : [it, ...lost]) intoMeter(each);
    const open = await openOn(scene, card);
    if (open?.state === "manual") allow(scene, open, "refund");
  }
  // A gateway that was away for long is asked hourly; three answers must agree.
  await pass(scene.world, 6 * 3_600_000, 120_000);
  await deliver(scene.world);
  await payOutStuck(scene);
}

/** What its channel won't give back is given by two people, once. */
async function payOutStuck({ earth, world }: Scene): Promise<void> {
  const payOut = { way: "bank", drawerId: null, by: ["u1", "u2"] as [Id, Id], evidence: "transfer" } as const;
  for (const { id, refund } of [...earth.purchases.values()])
    if (refund?.stuck === true)
      for (let twice = 0; twice < 2; twice++)
        await applyEvent(world.sale, id, () => ({
          do: "commit",
          event: { type: "purchase", event: { type: "refundPaidOut", payOut } },
        }));
  for (const outTradeNo of earth.bank.trades.keys()) {
    const attemptId = attemptIdOf(outTradeNo);
    const a = (await earth.store.load([{ kind: "attempt", id: attemptId }])).get("attempt", attemptId)?.state;
    if (a?.lateSuccess?.stuck === true)
      await applyEvent(
        world.sale,
        a.purchaseId,
        () => ({
          do: "commit",
          event: { type: "attempt", attemptId, event: { type: "latePaidOut", payOut } },
        }),
        { attemptId },
      );
  }
}

test("random schedules leave nobody's money and nobody's gas behind", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { minLength: 1, maxLength: 40, size: "max" }),
      fc.boolean(),
      fc.boolean(),
      async (steps, keyedChecksums, lostFirst) => {
        const earth = makeEarth(openMemoryStore());
        // As a maker's would be whose checksums need a key: then a phone may write its cards.
        Object.assign(openBMoney, { checksums: keyedChecksums ? "keyed" : "plain" });
        const accounts = [await newAccount(earth, "a", { balanceFen: 500 }), await newAccount(earth, "b")];
        const cards = accounts.map(({ card }) => card);
        for (const [id, customer] of earth.customers) {
          const [holderName, address] = id === "account-a" ? ["李小明", "秦淮人家6号楼"] : ["王大力", "和静花园2号楼"];
          earth.customers.set(id, { ...customer, holderName, address, later: true });
        }
        const grants = new Map<Id, Grant>();
        const scene: Scene = {
          earth,
          world: startServer({ grants }, earth),
          cards,
          cardIds: accounts.map(({ cardId }) => cardId),
          lost: [[], []],
          readers: [null, null, null],
          grants,
          phone: new Map(),
          lied: false,
          bills: new Map(),
        };
        for (const todo of steps) {
          await act(scene, todo);
          neverTwoOpen(scene);
          billsStand(scene);
        }
        await settle(scene, lostFirst);
        billsStand(scene);
        await refundsWereProven(scene);
        const all = [...earth.purchases.values()];
        const credited = cards.reduce((total, card) => total + card.meter.total - 90_000, 0);
        const delivered = all.filter((p) => p.state === "delivered");
        const sum = (of: (p: (typeof all)[number]) => number) => delivered.reduce((total, p) => total + of(p), 0);
        expect(credited).toBeLessThanOrEqual(sum((p) => p.breakdown.goodsFen));
        await booksHold(earth);
        // Who lied about a card may have to come to the hall, or has lost what only he says is there.
        if (scene.lied) return;
        for (const p of all) expect(finalStates).toContain(p.state);
        expect(credited).toBe(sum((p) => p.breakdown.goodsFen));
        // What went back another way is still at the gateway, and no longer in the bank.
        const paidOutFen = -(await ledger(earth, "bank:unit-1"));
        expect(earth.bank.netFen()).toBe(sum((p) => p.breakdown.payableFen) + paidOutFen);
        expect(await ledger(earth, "gateway:wechat")).toBe(earth.bank.netFen());
        expect(await ledger(earth, "returns:wechat")).toBe(0);
        expect(await ledger(earth, "held:account-a")).toBe(0);
        expect(await ledger(earth, "open:unit-1")).toBe(0);
      },
    ),
    { numRuns: inject("long") ? 1_500 : 100 },
  );
});
