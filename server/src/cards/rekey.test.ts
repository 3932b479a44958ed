/** Cards of class A get another secret with each write: torn anywhere, the next insertions open them and finish. */
import { openAMoney } from "@citygas/gascard";
import { beforeEach, describe, expect, test } from "vitest";
import { kiosk1, kiosk2, newAccount } from "../purchases/earth.testkit.ts";
import { inWorld } from "../purchases/inWorld.testkit.ts";
import { earths } from "../purchases/stores.testkit.ts";
import { amount, bought, insert, wanted, write } from "../purchases/world.testkit.ts";
import { cardSecret, intoMeter, type TestCard } from "./card.testkit.ts";
import { endSession } from "./report.ts";

describe.each(earths)("a change of secret, store $name", ({ open }) => {
  const our = inWorld(open);

  let names = 0;
  let card: TestCard;
  let cardId: string;
  beforeEach(async () => {
    names += 1;
    ({ card, cardId } = await newAccount(our.earth, `rekey-${names}`, { driver: openAMoney }));
  });

  const inBooks = async () =>
    (await our.earth.store.load([{ kind: "card", id: cardId }])).get("card", cardId)?.state.secret;
  const onCard = () => {
    const read = card.driver.read(card.image);
    return read.ok ? read.facts.keyVersion : read.problem;
  };
  async function sold(fen: number, pullAfter?: number) {
    our.earth.clock.now += 1_000;
    const { visit, id } = await bought(our.world, kiosk1, card, amount(fen));
    const script = await wanted(our.world, kiosk1, id, visit);
    const answer = await write(our.world, kiosk1, card, visit, script, pullAfter);
    await endSession(our.world.sale, kiosk1, visit.sessionId);
    return answer;
  }
  /** Once more into the other kiosk. */
  async function again() {
    our.earth.clock.now += 5_000;
    const there = await insert(our.world, kiosk2, card);
    const answer =
      there.answer.kind === "script" ? await write(our.world, kiosk2, card, there, there.answer) : there.answer;
    await endSession(our.world.sale, kiosk2, there.sessionId);
    return answer;
  }

  test("each sale gives the next one; card, chip and books agree", async () => {
    for (const version of [1, 2, 3]) {
      expect(await sold(1_000 * version)).toMatchObject({ kind: "delivered" });
      expect(card.secret).toBe(cardSecret(version));
      expect(onCard()).toBe(version);
      expect(await inBooks()).toEqual({ version, pending: null, onPhone: false });
      intoMeter(card);
    }
  });

  test("torn at every byte after the change: the new secret opens it, at the first insertion", async () => {
    // The number and its checksum, then the purchase area.
    for (let bytes = 0; bytes < 24; bytes++) {
      const before = await inBooks();
      const answer = await sold(1_234 + bytes, bytes);
      if (answer.kind !== "delivered") {
        expect(await inBooks()).toMatchObject({ pending: (before?.version ?? 0) + 1 });
        expect(await again()).toMatchObject({ kind: "delivered" });
      }
      expect(card.counter).toBe(7);
      expect(card.secret).toBe(cardSecret((before?.version ?? 0) + 1));
      expect(onCard()).toBe((before?.version ?? 0) + 1);
      intoMeter(card);
    }
  });

  test("torn in the change, and nobody reported it", async () => {
    for (const cut of ["old", "new"] as const) {
      const version = (await inBooks())?.version ?? 0;
      our.earth.clock.now += 1_000;
      const { visit, id } = await bought(our.world, kiosk1, card, amount(700));
      const script = await wanted(our.world, kiosk1, id, visit);
      if (script.kind !== "script") throw new Error(script.kind);
      const rekey = script.script.steps.find(({ op }) => op === "rekey");
      expect(rekey).toEqual({ op: "rekey", secret: cardSecret(version + 1) });
      if (cut === "new") card.secret = cardSecret(version + 1);
      await endSession(our.world.sale, kiosk1, visit.sessionId);
      let answer = await again();
      if (answer.kind === "writeFailed") answer = await again();
      expect(answer).toMatchObject({ kind: "delivered" });
      expect(card.secret).toBe(cardSecret(version + 1));
      intoMeter(card);
    }
  });
});
