/** A write that came to no end, or whose end nobody heard of: the next reading at any reader settles it. */
import { describe, expect, test } from "vitest";
import { kiosk1, kiosk2, newAccount } from "../purchases/earth.testkit.ts";
import { inWorld } from "../purchases/inWorld.testkit.ts";
import { earths } from "../purchases/stores.testkit.ts";
import { amount, bought, insert, pass, stateOf, value, wanted, write } from "../purchases/world.testkit.ts";
import { intoMeter, runScript } from "./card.testkit.ts";
import { endSession, takeReport } from "./report.ts";
import { openSession, putImage } from "./sessions.ts";

describe.each(earths)("an unfinished write, store $name", ({ open }) => {
  const our = inWorld(open);

  let names = 0;
  const account = (options: Parameters<typeof newAccount>[2] = {}) => {
    names += 1;
    return newAccount(our.earth, `${names}`, options);
  };

  test("a card pulled at every byte of the write is finished at the other kiosk", async () => {
    let whole = false;
    for (let bytes = 0; !whole; bytes++) {
      const { card } = await account();
      const { visit, id } = await bought(our.world, kiosk1, card, amount(1_234));
      const script = await wanted(our.world, kiosk1, id, visit);
      const answer = await write(our.world, kiosk1, card, visit, script, bytes);
      whole = answer.kind === "delivered";
      if (!whole) {
        expect(answer).toMatchObject({ kind: "writeFailed", hall: false, purchase: { state: "unknown" } });
        await endSession(our.world.sale, kiosk1, visit.sessionId);
        our.earth.clock.now += 5_000;
        const there = await insert(our.world, kiosk2, card);
        expect(there.answer).toMatchObject({ kind: "script", resumed: true });
        expect(await write(our.world, kiosk2, card, there, there.answer)).toMatchObject({ kind: "delivered" });
      }
      expect(card.driver.purchaseArea(card.image)).toMatchObject({ count: 4, amount: 1_234 });
    }
  });

  test("a try that is missing after another step of ours is somebody else's: no secret is tried again", async () => {
    const { card } = await account();
    const { visit, id } = await bought(our.world, kiosk1, card, amount(1_234));
    await write(our.world, kiosk1, card, visit, await wanted(our.world, kiosk1, id, visit), 5);
    await endSession(our.world.sale, kiosk1, visit.sessionId);
    card.counter = 3;
    our.earth.clock.now += 5_000;
    const there = await insert(our.world, kiosk2, card);
    expect(there.answer).toMatchObject({ kind: "refused", code: "card.secretCounter" });
    expect((await stateOf(our.world, id)).state).toBe("unknown");
    await endSession(our.world.sale, kiosk2, there.sessionId);
    // Whoever guessed let it be: the write is finished as ever.
    card.counter = 7;
    our.earth.clock.now += 5_000;
    const again = await insert(our.world, kiosk2, card);
    expect(await write(our.world, kiosk2, card, again, again.answer)).toMatchObject({ kind: "delivered" });
  });

  test("a write that is finished the next day puts the same purchase on the card, day and all", async () => {
    const { card } = await account();
    const { visit, id } = await bought(our.world, kiosk1, card, amount(1_234));
    await write(our.world, kiosk1, card, visit, await wanted(our.world, kiosk1, id, visit), 3);
    const day = (await stateOf(our.world, id)).script?.after;
    our.earth.clock.now += 86_400_000;
    const there = await insert(our.world, kiosk2, card);
    expect((await stateOf(our.world, id)).script?.after).toBe(day);
    expect(await write(our.world, kiosk2, card, there, there.answer)).toMatchObject({ kind: "delivered" });
  });

  test("torn, tried in the meter and pulled from there too early as well: finished at the other kiosk, and counted once", async () => {
    for (const bytes of [0, 3, 8]) {
      const { card } = await account();
      const { visit, id } = await bought(our.world, kiosk1, card, amount(1_234));
      await write(our.world, kiosk1, card, visit, await wanted(our.world, kiosk1, id, visit), bytes);
      expect((await stateOf(our.world, id)).state).toBe("unknown");
      await endSession(our.world.sale, kiosk1, visit.sessionId);
      our.earth.clock.now += 5_000;
      intoMeter(card);
      const { offset } = card.driver.areas.returned;
      card.image = card.image.map((byte, at) => (at === offset + 5 ? byte ^ 0x10 : byte));
      const there = await insert(our.world, kiosk2, card);
      expect(there.answer).toMatchObject({ kind: "script", resumed: true });
      expect(await write(our.world, kiosk2, card, there, there.answer)).toMatchObject({ kind: "delivered" });
      const before = card.meter.total;
      intoMeter(card);
      intoMeter(card);
      expect(card.meter.total - before).toBe(1_234);
    }
  });

  test("pulled while the secret was presented: one try short, and still finished", async () => {
    const { card } = await account();
    const { visit, id } = await bought(our.world, kiosk1, card, amount(1_234));
    await write(our.world, kiosk1, card, visit, await wanted(our.world, kiosk1, id, visit), -1);
    expect(card.counter).toBe(3);
    our.earth.clock.now += 5_000;
    const there = await insert(our.world, kiosk2, card);
    expect(await write(our.world, kiosk2, card, there, there.answer)).toMatchObject({ kind: "delivered" });
    expect(card.counter).toBe(7);
  });

  test("written but never reported: the next reading settles it, on the card or already in the meter", async () => {
    for (const loaded of [false, true]) {
      const { card } = await account();
      const { visit, id } = await bought(our.world, kiosk1, card, amount(1_234));
      const script = await wanted(our.world, kiosk1, id, visit);
      if (script.kind !== "script") throw new Error("no script");
      const report = runScript(card, script.script, visit.powerUpId);
      await pass(our.world, 61_000, 61_000);
      expect((await stateOf(our.world, id)).state).toBe("unknown");
      if (loaded) intoMeter(card);
      const { answer } = await insert(our.world, kiosk2, card);
      expect(answer).toMatchObject(
        loaded
          ? { kind: "account", notice: { kind: "delivered" } }
          : { kind: "delivered", resumed: true, purchase: { id } },
      );
      expect((await stateOf(our.world, id)).state).toBe("delivered");
      expect(value(await takeReport(our.world.sale, kiosk1, report)).kind).toBe("delivered");
    }
  });

  test("an image taken before the last script counts for nothing", async () => {
    const { card } = await account();
    const old = await openSession(our.world.sale, kiosk2, { reader: "r", atr: "", powerUpId: "old" });
    const image = runScript(card, old.script, "old");
    our.earth.clock.now += 1_000;
    const { visit, id } = await bought(our.world, kiosk1, card, amount(1_234));
    const script = await wanted(our.world, kiosk1, id, visit);
    expect(value(await putImage(our.world.sale, kiosk2, old.id, image))).toMatchObject({ code: "card.stale" });
    await write(our.world, kiosk1, card, visit, script);
    expect(value(await putImage(our.world.sale, kiosk2, old.id, image))).toMatchObject({ code: "card.stale" });
    expect((await stateOf(our.world, id)).state).toBe("delivered");
  });

  test("a report of an older script does nothing", async () => {
    const { card } = await account();
    const { visit, id } = await bought(our.world, kiosk1, card, amount(1_234));
    const first = await wanted(our.world, kiosk1, id, visit);
    if (first.kind !== "script") throw new Error("no script");
    const lost = runScript({ ...card }, first.script, visit.powerUpId);
    await endSession(our.world.sale, kiosk1, visit.sessionId);
    our.earth.clock.now += 1_000;
    const there = await insert(our.world, kiosk2, card);
    expect(value(await takeReport(our.world.sale, kiosk1, lost))).toMatchObject({ kind: "writeFailed" });
    expect((await stateOf(our.world, id)).state).toBe("issued");
    expect(await write(our.world, kiosk2, card, there, there.answer)).toMatchObject({ kind: "delivered" });
  });

  test("an image that fits nothing goes to people, and so do later ones", async () => {
    const { card } = await account();
    const { visit, id } = await bought(our.world, kiosk1, card, amount(1_234));
    await wanted(our.world, kiosk1, id, visit);
    await endSession(our.world.sale, kiosk1, visit.sessionId);
    const purchase = { countBefore: 6, totalBefore: 0, boughtOn: "2026-11-01" };
    card.image = card.driver.purchaseImage(card.image, { ...purchase, amount: { kind: "money", amountFen: 5 } });
    our.earth.clock.now += 1_000;
    expect((await insert(our.world, kiosk2, card)).answer).toMatchObject({ kind: "writeFailed", hall: true });
    expect((await stateOf(our.world, id)).state).toBe("manual");
    const { number } = await stateOf(our.world, id);
    expect((await insert(our.world, kiosk2, card)).answer).toMatchObject({
      kind: "refused",
      code: "purchase.manual",
      number,
    });
  });

  test("the process dies before the write's row is there: the terminal asks again and is given the same script", async () => {
    const { card } = await account();
    const { visit, id } = await bought(our.world, kiosk1, card, amount(1_234));
    const cardRows = { ...our.world.sale.cardRows, addWrite: () => Promise.reject(new Error("killed")) };
    await expect(wanted({ ...our.world, sale: { ...our.world.sale, cardRows } }, kiosk1, id, visit)).rejects.toThrow(
      "killed",
    );
    expect((await stateOf(our.world, id)).state).toBe("issued");
    const script = await wanted(our.world, kiosk1, id, visit);
    expect(script).toMatchObject({ script: { id: (await stateOf(our.world, id)).script?.id } });
    expect(await write(our.world, kiosk1, card, visit, script)).toMatchObject({ kind: "delivered" });
  });
});
