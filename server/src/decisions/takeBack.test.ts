/** The customer wants the money although a script was issued: only the card's own proof brings it back (I3). */
import { type LayoutDriver, openAMoney, openBMoney } from "@citygas/gascard";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { cardSecret, intoMeter, type TestCard } from "../cards/card.testkit.ts";
import { endSession, takeReport } from "../cards/report.ts";
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
async function issued(
  pullAfter: number | null = null,
  driver: LayoutDriver = openBMoney,
): Promise<{ id: string; card: TestCard }> {
  names += 1;
  const { world } = hall;
  const { card } = await newAccount(hall.earth, `${names}`, { driver });
  const { visit, id } = await bought(world, kiosk1, card, amount(1_234));
  const script = await wanted(world, kiosk1, id, visit);
  if (script.kind !== "script") throw new Error(script.kind);
  // Pulled at once: nothing was done, and the kiosk says so.
  const failure = { step: 0, reason: "removed" } as const;
  const report = { scriptId: script.script.id, powerUpId: visit.powerUpId, results: [], failure };
  if (pullAfter === null) await takeReport(world.sale, kiosk1, report);
  else await write(world, kiosk1, card, visit, script, pullAfter);
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

test("not for class C, of which no image proves anything", async () => {
  const { id } = await issued();
  const { cardId } = await stateOf(hall.world, id);
  const layout = `update card set state = jsonb_set(state, '{layout}', $2) where id = $1`;
  await hall.world.sale.db.query(layout, [cardId, JSON.stringify("open-c-money")]);
  expect((await allow(id)).body).toMatchObject({
    code: "refund.cardRule",
    number: (await stateOf(hall.world, id)).number,
  });
});

/** A script that was carried out, and nobody heard of it. */
const unheard = () => ({
  ...hall.world,
  sale: {
    ...hall.world.sale,
    store: { ...hall.world.sale.store, commit: () => Promise.reject(new Error("no network")) },
  },
});
const at = async (card: TestCard, terminal = kiosk2, pullAfter?: number) => {
  hall.earth.clock.now += 1_000;
  const visit = await insert(hall.world, terminal, card);
  const told =
    visit.answer.kind === "script"
      ? await write(hall.world, terminal, card, visit, visit.answer, pullAfter)
      : visit.answer;
  await endSession(hall.world.sale, terminal, visit.sessionId);
  await workOff(hall.world);
  return told;
};
const secretOfCard = async (id: string) => {
  const cardId = (await stateOf(hall.world, id)).cardId ?? "";
  return (await hall.earth.store.load([{ kind: "card", id: cardId }])).get("card", cardId)?.state.secret;
};

describe("class A proves it with a new secret beside the image", () => {
  const bySelf = () => issued(null, openAMoney);
  test("the total stays, the secret is another one, and the next sale goes on with it", async () => {
    const { id, card } = await bySelf();
    await allow(id);
    expect(await at(card)).toMatchObject({ kind: "refunding" });
    expect((await stateOf(hall.world, id)).state).toBe("refunded");
    expect(card.secret).toBe(cardSecret(1));
    expect(card.driver.purchaseArea(card.image)).toMatchObject({ count: 4, amount: 0, total: 90_000 });
    expect(await secretOfCard(id)).toEqual({ version: 1, pending: null, onPhone: false });
    intoMeter(card);
    const next = await bought(hall.world, kiosk1, card, amount(700));
    const script = await wanted(hall.world, kiosk1, next.id, next.visit);
    expect(await write(hall.world, kiosk1, card, next.visit, script)).toMatchObject({ kind: "delivered" });
    intoMeter(card);
    expect(card.meter.total).toBe(90_700);
  });

  test("pulled between the secret and the first byte: the new one is tried first; where it did not take, the old one", async () => {
    for (const took of [true, false]) {
      const { id, card } = await bySelf();
      await allow(id);
      const there = await insert(hall.world, kiosk2, card);
      expect(there.answer).toMatchObject({ kind: "script", script: { purpose: "refund" } });
      if (took) card.secret = cardSecret(1);
      await endSession(hall.world.sale, kiosk2, there.sessionId);
      expect(await secretOfCard(id)).toMatchObject({ version: 0, pending: 1 });
      if (!took) {
        expect(await at(card)).toMatchObject({ kind: "writeFailed" });
        expect(card.counter).toBe(3);
      }
      expect(await at(card)).toMatchObject({ kind: "refunding" });
      expect(card.secret).toBe(cardSecret(1));
      expect(card.counter).toBe(7);
      expect(await secretOfCard(id)).toEqual({ version: 1, pending: null, onPhone: false });
    }
  });
});

describe("a memory card that was written at a phone", () => {
  /** As a maker's would be whose checksums need a key; the open layouts' don't, so no phone writes them. */
  const keyed = async <T>(driver: LayoutDriver, run: () => Promise<T>): Promise<T> => {
    Object.assign(driver, { checksums: "keyed" });
    try {
      return await run();
    } finally {
      Object.assign(driver, { checksums: "plain" });
    }
  };

  /** The phone got the script, and did nothing with it that it told of. */
  async function onPhone(driver: LayoutDriver = openBMoney): Promise<{ id: string; card: TestCard }> {
    names += 1;
    const { card } = await newAccount(hall.earth, `${names}`, { driver });
    const { visit, id } = await bought(hall.world, kiosk1, card, amount(1_234));
    await endSession(hall.world.sale, kiosk1, visit.sessionId);
    hall.earth.clock.now += 1_000;
    const there = await keyed(driver, () => insert(hall.world, phone, card));
    expect(there.answer).toMatchObject({ kind: "script", script: { purpose: "write" } });
    await endSession(hall.world.sale, phone, there.sessionId);
    return { id, card };
  }
  const onCard = {
    keyVersion: 1,
    countBefore: 3,
    totalBefore: 90_000,
    amount: { kind: "money", amountFen: 1_234 } as const,
    boughtOn: "2026-11-23",
  };

  test("the refund image carries a new secret and a blank return area, and the meter has the last word", async () => {
    const { id, card } = await onPhone();
    expect(await stateOf(hall.world, id)).toMatchObject({ issuedToPhone: true, refundNeeds: "returnArea" });
    await allow(id);
    expect(await at(card)).toMatchObject({ kind: "refused", code: "refund.meterFirst" });
    expect(card.secret).toBe(cardSecret(1));
    expect(card.driver.returnArea(card.image)).toBe("never");
    expect(await stateOf(hall.world, id)).toMatchObject({ state: "unknown", awaitsMeter: true });
    expect(await secretOfCard(id)).toEqual({ version: 1, pending: null, onPhone: false });
    expect(await at(card)).toMatchObject({ kind: "refused", code: "refund.meterFirst" });
    intoMeter(card);
    expect(await at(card)).toMatchObject({ kind: "refunding" });
    expect(card.meter).toEqual({ count: 4, total: 90_000 });
  });

  test("what the phone had loaded before comes to light: delivered, not refunded", async () => {
    const { id, card } = await onPhone();
    const before = card.image;
    // It writes the gas, loads it, and shows the card as it was.
    card.image = card.driver.purchaseImage(before, onCard);
    intoMeter(card);
    card.image = before;
    await allow(id);
    expect(await at(card)).toMatchObject({ kind: "refused", code: "refund.meterFirst" });
    intoMeter(card);
    await at(card);
    expect((await stateOf(hall.world, id)).state).toBe("delivered");
    expect(card.meter.total).toBe(91_234);
  });

  test("a refund image under the old secret proves nothing: it is written again, with the new one", async () => {
    const { id, card } = await onPhone();
    await allow(id);
    const there = await insert(hall.world, kiosk2, card);
    await endSession(hall.world.sale, kiosk2, there.sessionId);
    // Pulled at once; the phone puts the image there, and has the meter take it.
    const { refundImage } = openBMoney;
    card.image = refundImage(card.image, onCard, { blankReturn: true });
    intoMeter(card);
    // The new secret is tried, does not open the card, and then the old one is changed.
    expect(await at(card)).toMatchObject({ kind: "writeFailed" });
    expect(await at(card)).toMatchObject({ kind: "refused", code: "refund.meterFirst" });
    expect(card.secret).toBe(cardSecret(1));
    expect(card.driver.returnArea(card.image)).toBe("never");
    expect((await stateOf(hall.world, id)).state).toBe("unknown");
    intoMeter(card);
    expect(await at(card)).toMatchObject({ kind: "refunding" });
  });

  test("its result is lost: presenting the new secret is how it becomes known", async () => {
    const { id, card } = await onPhone();
    await allow(id);
    hall.earth.clock.now += 1_000;
    const there = await insert(hall.world, kiosk2, card);
    await write(unheard(), kiosk2, card, there, there.answer).catch(() => undefined);
    await endSession(hall.world.sale, kiosk2, there.sessionId);
    expect(await secretOfCard(id)).toMatchObject({ version: 0, pending: 1, onPhone: true });
    expect(await at(card)).toMatchObject({ kind: "refused", code: "refund.meterFirst" });
    expect(await secretOfCard(id)).toEqual({ version: 1, pending: null, onPhone: false });
    intoMeter(card);
    expect(await at(card)).toMatchObject({ kind: "refunding" });
  });

  test("the need outlives the secret: another purchase on the card has it, until the secret is changed", async () => {
    const { id, card } = await onPhone();
    expect(await at(card)).toMatchObject({ kind: "delivered" });
    expect((await stateOf(hall.world, id)).state).toBe("delivered");
    intoMeter(card);
    const next = await bought(hall.world, kiosk1, card, amount(500));
    await wanted(hall.world, kiosk1, next.id, next.visit);
    await endSession(hall.world.sale, kiosk1, next.visit.sessionId);
    expect(await stateOf(hall.world, next.id)).toMatchObject({ issuedToPhone: false, refundNeeds: "returnArea" });
  });

  test("of class A it is written, or left", async () => {
    const { id, card } = await onPhone(openAMoney);
    expect((await allow(id)).body).toMatchObject({ code: "refund.cardRule" });
    // Whether the phone changed the secret it does not say: the new one is tried, and then the old one.
    expect(await at(card)).toMatchObject({ kind: "writeFailed" });
    expect(await at(card)).toMatchObject({ kind: "delivered" });
  });
});

test("not where nothing is out: from paid a refund needs no card", async () => {
  names += 1;
  const { card } = await newAccount(hall.earth, `${names}`);
  const paid = await bought(hall.world, kiosk1, card, amount(500));
  expect((await allow(paid.id)).body).toMatchObject({ code: "decision.notApplicable" });
});
