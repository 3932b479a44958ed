/**
 * A change of secret goes first in a write, and is torn at each of the chip's steps; what comes after it is torn again, at
 * each step of a change that is begun anew and at each byte. Why first is the safe order is in docs/keys.md.
 *
 * Whatever was torn: no card is ever locked, bytes of ours under an old secret are never found, and the purchase is
 * delivered once, by the card itself or, where a half-changed secret shuts it for good, by its replacement.
 */
import { openAMoney } from "@citygas/gascard";
import { describe, expect, inject, test } from "vitest";
import { kiosk1, kiosk2, newAccount } from "../purchases/earth.testkit.ts";
import { inWorld } from "../purchases/inWorld.testkit.ts";
import { earths } from "../purchases/stores.testkit.ts";
import { amount, bought, insert, stateOf, wanted, write } from "../purchases/world.testkit.ts";
import { issueImage, replaceCard } from "../registration/replacement.ts";
import { cardSecret, changeSteps, intoMeter, issuedCard, type TestCard } from "./card.testkit.ts";
import { endSession } from "./report.ts";

const fen = 1_234;
const startTotal = 90_000;
const steps = Array.from({ length: changeSteps + 1 }, (_, step) => step);
/** Number and checksum, then the purchase area: never more than so many bytes. */
const bytes = Array.from({ length: 24 }, (_, at) => at);

describe.each(inject("long") ? earths : earths.slice(0, 1))("torn in a change of secret, store $name", ({ open }) => {
  const our = inWorld(open);

  let names = 0;
  /** A sale whose change of secret is torn after so many steps. */
  async function tornAfter(step: number): Promise<{ card: TestCard; cardId: string; id: string }> {
    names += 1;
    our.earth.clock.now += 1_000;
    const { card, cardId } = await newAccount(our.earth, `tears-${names}`, { driver: openAMoney });
    const { visit, id } = await bought(our.world, kiosk1, card, amount(fen));
    const script = await wanted(our.world, kiosk1, id, visit);
    card.cutChange = step;
    const before = card.image;
    expect(await write(our.world, kiosk1, card, visit, script)).toMatchObject({ kind: "writeFailed", hall: false });
    await endSession(our.world.sale, kiosk1, visit.sessionId);
    // The change is the first that happens to a card: nothing of the sale stands there.
    expect(card.image).toEqual(before);
    return { card, cardId, id };
  }
  /** Once more into a reader; `cut`: where this one is torn. */
  async function again(card: TestCard, cut: { step?: number; byte?: number } = {}): Promise<string> {
    our.earth.clock.now += 5_000;
    const visit = await insert(our.world, kiosk2, card);
    if (cut.step !== undefined) card.cutChange = cut.step;
    const { answer } = visit;
    const last = answer.kind === "script" ? await write(our.world, kiosk2, card, visit, answer, cut.byte) : answer;
    delete card.cutChange;
    await endSession(our.world.sale, kiosk2, visit.sessionId);
    expect(card.counter, "never its last try").toBeGreaterThan(0);
    return last.kind === "refused" ? last.code : last.kind;
  }
  const inBooks = async (cardId: string) =>
    (await our.earth.store.load([{ kind: "card", id: cardId }])).get("card", cardId)?.state.secret;

  /** Insertions without a tear, until it is settled; what the last one said. */
  async function untilSettled(card: TestCard): Promise<string> {
    for (let insertion = 0; insertion < 4; insertion++) {
      const said = await again(card);
      if (said !== "writeFailed") return said;
    }
    throw new Error("four insertions did not settle it");
  }
  /** By the card itself, or else by a new one in its place; and its meter credits it once. */
  async function deliveredOnce({
    card,
    cardId,
    id,
  }: Awaited<ReturnType<typeof tornAfter>>): Promise<"card" | "new card"> {
    const opens = [cardSecret(0), cardSecret(1)].includes(card.secret);
    const said = await untilSettled(card);
    if (opens) {
      expect(said).toBe("delivered");
      expect([card.secret, card.counter]).toEqual([cardSecret(1), 7]);
      expect(await inBooks(cardId)).toEqual({ version: 1, pending: null, onPhone: false });
      intoMeter(card);
      expect(card.meter.total).toBe(startTotal + fen);
      return "card";
    }
    expect(said).toBe("card.secretCounter");
    // It stays shut, and nobody guesses at it: the last try is left alone.
    expect([await again(card), card.counter]).toEqual(["card.secretCounter", 1]);
    expect((await stateOf(our.world, id)).state).toBe("unknown");
    const done = await replaceCard(our.world.sale, cardId, { key: `replace-${cardId}`, fingerprint: "f" });
    if (!done.ok) throw new Error(done.error.code);
    const issued = await issueImage(our.world.sale, cardId);
    if (!issued.ok) throw new Error(issued.error.code);
    const fresh = issuedCard(card, issued.value.imageHex, issued.value.secretHex ?? "");
    expect(await untilSettled(fresh)).toBe("delivered");
    for (const each of [card, fresh, card]) intoMeter(each);
    expect(fresh.meter.total).toBe(startTotal + fen);
    return "new card";
  }

  test("once, at each step", async ({ task }) => {
    const by = [];
    for (const step of steps) {
      const torn = await tornAfter(step);
      by.push(await deliveredOnce(torn));
      expect((await stateOf(our.world, torn.id)).state).toBe("delivered");
    }
    task.meta.cases = steps.length;
    // Whole or not begun, the card finishes it; in between it is shut.
    expect(by).toEqual(["card", ...Array(changeSteps - 1).fill("new card"), "card"]);
  });

  test("not begun, and torn again: at each step of the change, and at each byte after it", async ({ task }) => {
    for (const cut of [...steps.map((step) => ({ step })), ...bytes.map((byte) => ({ byte }))]) {
      const torn = await tornAfter(0);
      // The new one is tried first and is wrong; then the old one, and the change once more.
      expect(await again(torn.card)).toBe("writeFailed");
      const said = await again(torn.card, cut);
      if (said === "delivered") intoMeter(torn.card);
      else await deliveredOnce(torn);
      expect((await stateOf(our.world, torn.id)).state).toBe("delivered");
    }
    task.meta.cases = steps.length + bytes.length;
  });

  test("whole, and torn again at each byte: under the new secret alone", async ({ task }) => {
    for (const byte of bytes) {
      const torn = await tornAfter(changeSteps);
      const said = await again(torn.card, { byte });
      expect([torn.card.secret, torn.card.counter]).toEqual([cardSecret(1), 7]);
      if (said === "delivered") intoMeter(torn.card);
      else expect(await deliveredOnce(torn)).toBe("card");
      expect(torn.card.meter.total).toBe(startTotal + fen);
    }
    task.meta.cases = bytes.length;
  });
});
