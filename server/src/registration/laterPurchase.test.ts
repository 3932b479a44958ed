/**
 * The stricter refund rule after a 补卡 binds the purchases that were open then. One that is made later needs it not: no
 * script of its number ever was for the card before, whatever that one holds and whenever it goes into the meter.
 */
import type { Id, Purchase } from "@citygas/core";
import { layoutByName, openAMoney, openBMoney } from "@citygas/gascard";
import fc from "fast-check";
import { expect, inject, test } from "vitest";
import { intoMeter, issuedCard, type TestCard } from "../cards/card.testkit.ts";
import { endSession } from "../cards/report.ts";
import { kiosk1, kiosk2, makeEarth, newAccount } from "../purchases/earth.testkit.ts";
import {
  amount,
  booksHold,
  bought,
  insert,
  makeWorld,
  pass,
  stateOf,
  type World,
  wanted,
  workOff,
  write,
} from "../purchases/world.testkit.ts";
import { openMemoryStore } from "../store/memory.ts";
import { issueImage, replaceCard } from "./replacement.ts";

const two: [Id, Id] = ["u1", "u2"];
/** Bytes written of a script that nobody hears of; null: none was asked for. */
const cut = fc.option(fc.integer({ min: 0, max: 20 }), { nil: null });

async function sold(world: World, card: TestCard, fen: number, bytes: number | null): Promise<Id> {
  const { visit, id } = await bought(world, kiosk1, card, amount(fen));
  const script = await wanted(world, kiosk1, id, visit);
  if (bytes !== null) await write(world, kiosk1, card, visit, script, bytes);
  await endSession(world.sale, kiosk1, visit.sessionId);
  return id;
}

test("a purchase made on a replaced card is refunded by its image alone, and comes by no other card", async () => {
  const ends = new Set<string>();
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(openAMoney.name, openBMoney.name),
      cut,
      cut,
      fc.boolean(),
      fc.integer({ min: 0, max: 5 }),
      async (layout, firstCut, laterCut, takeBack, oldAt) => {
        const driver = layoutByName(layout);
        if (driver === null) throw new Error(layout);
        const earth = makeEarth(openMemoryStore());
        const made = makeWorld(earth);
        let allowed: Id | null = null;
        const grantOf = async (p: Purchase) =>
          p.id === allowed
            ? { proposalId: "p", what: "refund" as const, by: two, scriptId: p.script?.id ?? null }
            : undefined;
        const world: World = { ...made, sale: { ...made.sale, grantOf } };
        const { card: old, cardId } = await newAccount(earth, "r", { driver });
        let moment = 0;
        // The card before is put into the meter at one of these moments.
        const tick = (): void => {
          if (moment === oldAt) intoMeter(old);
          moment += 1;
          earth.clock.now += 1_000;
        };
        const visit = async (card: TestCard): Promise<string> => {
          tick();
          const there = await insert(world, kiosk2, card);
          if (there.answer.kind === "script") await write(world, kiosk2, card, there, there.answer);
          await endSession(world.sale, kiosk2, there.sessionId);
          await workOff(world);
          return there.answer.kind;
        };
        const settled = async (card: TestCard): Promise<void> => {
          for (let round = 0; round < 3; round++) {
            await visit(card);
            intoMeter(card);
          }
          expect(await visit(card)).toBe("account");
        };
        await sold(world, old, 1_000, firstCut);
        tick();
        const key = { key: "replace", fingerprint: "f" };
        if (!(await replaceCard(world.sale, cardId, key)).ok) throw new Error("not replaced");
        const image = await issueImage(world.sale, cardId);
        if (!image.ok) throw new Error(image.error.code);
        const card = issuedCard(old, image.value.imageHex, image.value.secretHex ?? "");
        await settled(card);
        const later = await sold(world, card, 2_345, laterCut);
        expect(await stateOf(world, later)).toMatchObject({ replaced: false });
        if (takeBack) allowed = later;
        tick();
        await settled(card);
        tick();
        intoMeter(old);
        intoMeter(card);
        await pass(world, 40 * 60_000, 60_000);
        await settled(card);
        const all = [...earth.purchases.values()];
        const delivered = all.filter(({ state }) => state === "delivered");
        const value = delivered.reduce(
          (sum, { breakdown: { delivers: d } }) => sum + (d.kind === "volume" ? d.volumeL : d.meterCreditFen),
          0,
        );
        for (const { state } of all) expect(["delivered", "refunded"]).toContain(state);
        expect(card.meter.total).toBe(90_000 + value);
        ends.add(`${driver.cardClass} ${(await stateOf(world, later)).state}`);
        await booksHold(earth);
      },
    ),
    { numRuns: inject("long") ? 10_000 : 150 },
  );
  expect([...ends].sort()).toEqual(["A delivered", "A refunded", "B delivered", "B refunded"]);
});
