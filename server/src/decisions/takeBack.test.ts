/** The customer wants the money although a script was issued: only the card's own proof brings it back (I3). */
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { intoMeter, type TestCard } from "../cards/card.testkit.ts";
import { endSession } from "../cards/report.ts";
import type { TerminalFacts } from "../context.ts";
import { kiosk1, kiosk2, newAccount } from "../purchases/earth.testkit.ts";
import { amount, booksHold, bought, insert, stateOf, wanted, workOff, write } from "../purchases/world.testkit.ts";
import { type Hall, type Member, openHall } from "../staff/people.testkit.ts";

let hall: Hall;
let maker: Member;
let checker: Member;
const phone: TerminalFacts = { ...kiosk2, id: "phone-1", kind: "phone" };
beforeAll(async () => {
  hall = await openHall();
  maker = await hall.member("王芳", "cashier");
  checker = await hall.member("李娜", "supervisor");
});
beforeEach(() => {
  hall.earth.clock.now += 10 * 60_000;
});
afterAll(async () => {
  await booksHold(hall.earth);
  await hall.close();
});

let names = 0;
/** A purchase whose script is out, with the card in hand as it was, or as the write left it. */
async function issued(pullAfter: number | null = null): Promise<{ id: string; card: TestCard }> {
  names += 1;
  const { world } = hall;
  const { card } = await newAccount(hall.earth, `${names}`);
  const { visit, id } = await bought(world, kiosk1, card, amount(1_234));
  const script = await wanted(world, kiosk1, id, visit);
  if (pullAfter !== null) await write(world, kiosk1, card, visit, script, pullAfter);
  await endSession(world.sale, kiosk1, visit.sessionId);
  hall.earth.clock.now += 1_000;
  return { id, card };
}

async function allow(ref: string) {
  const body = { kind: "purchase.refundAtReader", ref, doc: {}, evidence: "the customer asks for the money" };
  const made = await hall.ask(maker, "POST", "/decisions", body);
  return made.status === 201 ? await hall.ask(checker, "POST", `/decisions/${made.body.id}/confirm`, {}) : made;
}

test("allowed by two, proven by the card, refunded; the zero then goes into the meter before the next sale", async () => {
  const { id, card } = await issued();
  expect((await allow(id)).body).toMatchObject({ state: "done", outcome: { grants: "refund" } });
  expect((await stateOf(hall.world, id)).state).toBe("unknown");
  const there = await insert(hall.world, kiosk2, card);
  expect(there.answer).toMatchObject({ kind: "script", script: { purpose: "refund" } });
  expect(await write(hall.world, kiosk2, card, there, there.answer)).toMatchObject({ kind: "refunding" });
  await workOff(hall.world);
  expect((await stateOf(hall.world, id)).state).toBe("refunded");
  expect(card.driver.purchaseArea(card.image)).toMatchObject({ count: 4, amount: 0 });
  const log = JSON.stringify(await hall.earth.store.events({ kind: "purchase", id }));
  expect(log).toContain(`"approvedBy":["${maker.id}","${checker.id}"]`);
  expect((await insert(hall.world, kiosk1, card)).answer.kind).toBe("gasOnCard");
  intoMeter(card);
  expect((await insert(hall.world, kiosk1, card)).answer.kind).toBe("account");
});

test("the result is lost: the refund image on the card proves it at the next reader", async () => {
  const { id, card } = await issued();
  await allow(id);
  const there = await insert(hall.world, kiosk2, card);
  if (there.answer.kind !== "script") throw new Error(there.answer.kind);
  await write(
    {
      ...hall.world,
      sale: {
        ...hall.world.sale,
        store: { ...hall.world.sale.store, commit: () => Promise.reject(new Error("killed")) },
      },
    },
    kiosk2,
    card,
    there,
    there.answer,
  ).catch(() => undefined);
  hall.earth.clock.now += 1_000;
  expect((await insert(hall.world, kiosk1, card)).answer).toMatchObject({ kind: "refunding" });
  await workOff(hall.world);
  expect((await stateOf(hall.world, id)).state).toBe("refunded");
});

test("pulled before its first byte, the refund goes on at the next reader; torn in the middle, the gas is written", async () => {
  for (let bytes = 0; bytes < 14; bytes++) {
    const { id, card } = await issued();
    const before = card.image.slice();
    await allow(id);
    const there = await insert(hall.world, kiosk2, card);
    const end = await write(hall.world, kiosk2, card, there, there.answer, bytes);
    await endSession(hall.world.sale, kiosk2, there.sessionId);
    hall.earth.clock.now += 1_000;
    if (end.kind !== "refunding") {
      const torn = card.image.some((byte, at) => byte !== before[at]);
      const next = await insert(hall.world, kiosk1, card);
      expect(next.answer).toMatchObject({ kind: "script", script: { purpose: torn ? "write" : "refund" } });
      await write(hall.world, kiosk1, card, next, next.answer);
    }
    await workOff(hall.world);
    const { state } = await stateOf(hall.world, id);
    const on = card.driver.purchaseArea(card.image);
    expect(on).toMatchObject({ count: 4, amount: state === "delivered" ? 1_234 : 0 });
    expect(["delivered", "refunded"]).toContain(state);
  }
});

test("gas that is on the card, or in the meter, is delivered whatever was allowed", async () => {
  for (const loaded of [false, true]) {
    names += 1;
    const { card } = await newAccount(hall.earth, `${names}`);
    const { visit, id } = await bought(hall.world, kiosk1, card, amount(1_234));
    const script = await wanted(hall.world, kiosk1, id, visit);
    const heard = {
      ...hall.world,
      sale: {
        ...hall.world.sale,
        store: { ...hall.world.sale.store, commit: () => Promise.reject(new Error("killed")) },
      },
    };
    await write(heard, kiosk1, card, visit, script).catch(() => undefined);
    await endSession(hall.world.sale, kiosk1, visit.sessionId);
    if (loaded) intoMeter(card);
    await allow(id);
    hall.earth.clock.now += 1_000;
    await insert(hall.world, kiosk2, card);
    expect((await stateOf(hall.world, id)).state).toBe("delivered");
  }
});

test("a phone is given no refund script, and its report proves nothing", async () => {
  const { id, card } = await issued();
  await allow(id);
  const there = await insert(hall.world, phone, card).catch((refused: Error) => refused);
  expect(there instanceof Error ? there.message : there.answer.kind).not.toBe("script");
  expect((await stateOf(hall.world, id)).script?.kind).toBe("sale");
});

test.each<[string, "A" | "C", string]>([
  ["needs another secret on the card", "A", "refund.cardRule"],
  ["no image proves it", "C", "refund.cardRule"],
])("not for class %2$s: %1$s", async (_why, cardClass, code) => {
  const { id } = await issued();
  const { cardId } = await stateOf(hall.world, id);
  await hall.world.sale.db.query(`update card set state = jsonb_set(state, '{cardClass}', $2) where id = $1`, [
    cardId,
    JSON.stringify(cardClass),
  ]);
  expect((await allow(id)).body).toMatchObject({ code, number: (await stateOf(hall.world, id)).number });
});

test("not where nothing is out: from paid a refund needs no card", async () => {
  names += 1;
  const { card } = await newAccount(hall.earth, `${names}`);
  const paid = await bought(hall.world, kiosk1, card, amount(500));
  expect((await allow(paid.id)).body).toMatchObject({ code: "decision.notApplicable" });
});
