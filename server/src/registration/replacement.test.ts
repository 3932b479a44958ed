/** 补卡 with a purchase open: the claim goes on, the lost card is refused, and no order of the two cards pays twice. */
import { openCMoney } from "@citygas/gascard";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { intoMeter, issuedCard, type TestCard } from "../cards/card.testkit.ts";
import { endSession } from "../cards/report.ts";
import { kiosk1, kiosk2, newAccount, phone1 } from "../purchases/earth.testkit.ts";
import {
  amount,
  booksHold,
  bought,
  insert,
  pass,
  stateOf,
  wanted,
  workOff,
  write,
} from "../purchases/world.testkit.ts";
import { type Hall, type Member, openHall } from "../staff/people.testkit.ts";
import { issueImage, replaceCard, setCardStatus } from "./replacement.ts";

let hall: Hall;
let maker: Member;
let checker: Member;
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

interface Case {
  id: string;
  cardId: string;
  card: TestCard;
}
let names = 0;

/** Bought at a kiosk. `upTo`: paid only, its script out and unheard, or written so far and pulled. */
async function case_(upTo: "paid" | "unwritten" | "written" | number): Promise<Case> {
  names += 1;
  const { world } = hall;
  const { card, cardId } = await newAccount(hall.earth, `r${names}`);
  const { visit, id } = await bought(world, kiosk1, card, amount(1_234));
  if (upTo !== "paid") {
    const script = await wanted(world, kiosk1, id, visit);
    const deaf = {
      ...world,
      sale: { ...world.sale, store: { ...world.sale.store, commit: () => Promise.reject(new Error("no network")) } },
    };
    if (upTo !== "unwritten")
      await write(deaf, kiosk1, card, visit, script, upTo === "written" ? undefined : upTo).catch(() => undefined);
  }
  await endSession(world.sale, kiosk1, visit.sessionId);
  hall.earth.clock.now += 1_000;
  return { id, cardId, card };
}

const sale = () => hall.world.sale;
const once = () => ({ key: `replace-${sale().newId()}`, fingerprint: "f" });

async function newChip({ cardId, card }: Case): Promise<TestCard> {
  hall.earth.clock.now += 1_000;
  const image = await issueImage(sale(), cardId);
  if (!image.ok) throw new Error(image.error.code);
  return issuedCard(card, image.value.imageHex, image.value.secretHex ?? "");
}

async function replaced(it: Case): Promise<TestCard> {
  const done = await replaceCard(sale(), it.cardId, once());
  if (!done.ok) throw new Error(done.error.code);
  return await newChip(it);
}

async function byTwo(ref: string, doc: object) {
  const { decisions } = hall.people;
  const made = await decisions.propose(maker, { kind: "card.replace", ref, doc, evidence: "seen at the hall" }, once());
  return made.ok ? await decisions.confirm(checker, made.value.id, null) : made;
}
const done = { ok: true, value: { state: "done" } };
const refusedWith = (code: string) => ({ ok: false, error: { code } });

const at = async (card: TestCard, kiosk = kiosk2) => {
  hall.earth.clock.now += 1_000;
  const visit = await insert(hall.world, kiosk, card);
  if (visit.answer.kind === "script") await write(hall.world, kiosk, card, visit, visit.answer);
  await endSession(sale(), kiosk, visit.sessionId);
  await workOff(hall.world);
  return visit.answer;
};

describe("an open purchase follows the account to the new card", () => {
  test("paid: the new card is written at any reader, and the window runs on", async () => {
    const it = await case_("paid");
    const card = await replaced(it);
    expect(await stateOf(hall.world, it.id)).toMatchObject({ state: "paid", replaced: true });
    expect(await at(card)).toMatchObject({ kind: "script", script: { purpose: "write" } });
    expect((await stateOf(hall.world, it.id)).state).toBe("delivered");
  });

  test.each(["unwritten", 3, 12, "written"] as const)("its script out (%s): the new card carries it", async (upTo) => {
    const it = await case_(upTo);
    const card = await replaced(it);
    expect(card.secret).not.toBe(it.card.secret);
    expect(card.driver.purchaseArea(card.image)).toMatchObject({ count: 4, amount: 1_234 });
    expect(await stateOf(hall.world, it.id)).toMatchObject({ state: "unknown", refundNeeds: "returnArea" });
    // The lost one turns up, first in a reader and then in the meter: it speaks no more, and takes nothing twice.
    expect(await at(it.card)).toMatchObject({ kind: "refused", code: "card.replaced" });
    intoMeter(it.card);
    expect(await at(card)).toMatchObject({ kind: "delivered", resumed: true });
    intoMeter(card);
    expect(card.meter.total).toBe(90_000 + 1_234);
    expect(await at(card)).toMatchObject({ kind: "account" });
  });

  test("the new card first in the meter: consumed, and delivered", async () => {
    const it = await case_("written");
    const card = await replaced(it);
    intoMeter(card);
    intoMeter(it.card);
    await at(card);
    expect((await stateOf(hall.world, it.id)).state).toBe("delivered");
    expect(card.meter.total).toBe(90_000 + 1_234);
  });

  test("the desk's chip failed: it is replaced once more", async () => {
    const it = await case_("unwritten");
    await replaced(it);
    const card = await replaced(it);
    expect(card.driver.identify(card.image)?.replacement).toBe(2);
    expect(await at(card)).toMatchObject({ kind: "delivered" });
  });

  test("the same request replaces once, also after the purchase has ended", async () => {
    const it = await case_("unwritten");
    const key = once();
    expect(await replaceCard(sale(), it.cardId, key)).toMatchObject({ ok: true, value: { replacement: 1 } });
    expect(await replaceCard(sale(), it.cardId, key)).toMatchObject({ ok: true, value: { replacement: 1 } });
    await at(await newChip(it));
    expect(await replaceCard(sale(), it.cardId, key)).toMatchObject({ ok: true, value: { replacement: 1 } });
  });

  test("the report of the old card's script comes late and settles nothing", async () => {
    const it = await case_("unwritten");
    const { script } = await stateOf(hall.world, it.id);
    await replaced(it);
    expect(script && (await sale().cardRows.write(script.id))).toBeDefined();
    await pass(hall.world, 2 * 86_400_000, 86_400_000);
    expect((await stateOf(hall.world, it.id)).script?.id).not.toBe(script?.id);
    expect((await stateOf(hall.world, it.id)).state).toBe("unknown");
  });
});

describe("taken back instead", () => {
  async function takenBack(upTo: "unwritten" | "written"): Promise<{ it: Case; card: TestCard }> {
    const it = await case_(upTo);
    expect(await byTwo(it.cardId, { carries: "refund" })).toMatchObject(done);
    const card = await newChip(it);
    expect(card.driver.purchaseArea(card.image)).toMatchObject({ count: 4, amount: 0 });
    expect(await stateOf(hall.world, it.id)).toMatchObject({ state: "unknown", awaitsMeter: true });
    return { it, card };
  }

  test("refunded once the meter has taken the new card's number for nothing; the lost one is worth nothing then", async () => {
    const { it, card } = await takenBack("written");
    expect(await at(card)).toMatchObject({ kind: "refused", code: "refund.meterFirst" });
    expect((await stateOf(hall.world, it.id)).state).toBe("unknown");
    intoMeter(card);
    expect(await at(card)).toMatchObject({ kind: "refunding" });
    expect((await stateOf(hall.world, it.id)).state).toBe("refunded");
    intoMeter(it.card);
    expect(card.meter.total).toBe(90_000);
    expect(await at(card)).toMatchObject({ kind: "account" });
  });

  test("delivered where the lost card was in the meter before", async () => {
    const { it, card } = await takenBack("written");
    intoMeter(it.card);
    intoMeter(card);
    await at(card);
    expect((await stateOf(hall.world, it.id)).state).toBe("delivered");
    expect(card.meter.total).toBe(90_000 + 1_234);
  });

  test("a phone's image of it proves nothing", async () => {
    const { it, card } = await takenBack("unwritten");
    intoMeter(card);
    hall.earth.clock.now += 1_000;
    await insert(hall.world, phone1, card).catch(() => undefined);
    expect((await stateOf(hall.world, it.id)).state).toBe("unknown");
    expect(await at(card)).toMatchObject({ kind: "refunding" });
  });

  test("not by one person, and not before a script was out", async () => {
    const it = await case_("unwritten");
    expect(await replaceCard(sale(), it.cardId, once(), { carries: "refund" })).toMatchObject({
      error: { code: "decision.required" },
    });
    const paid = await case_("paid");
    expect(await byTwo(paid.cardId, { carries: "refund" })).toMatchObject(refusedWith("refund.cardRule"));
  });

  test("lost after its refund script went out: only the meter's word tells what became of it", async () => {
    const it = await case_("unwritten");
    const grant = { kind: "purchase.refundAtReader", ref: it.id, doc: {}, evidence: "the customer asks" };
    const made = await hall.ask(maker, "POST", "/decisions", grant);
    await hall.ask(checker, "POST", `/decisions/${made.body.id}/confirm`, {});
    const there = await insert(hall.world, kiosk2, it.card);
    expect(there.answer).toMatchObject({ kind: "script", script: { purpose: "refund" } });
    await endSession(sale(), kiosk2, there.sessionId);
    const card = await replaced(it);
    expect(card.driver.purchaseArea(card.image)).toMatchObject({ count: 4, amount: 0 });
    intoMeter(card);
    expect(await at(card)).toMatchObject({ kind: "refunding" });
  });
});

describe("class C, whose lost card could be loaded again", () => {
  async function holdingGas(): Promise<Case> {
    names += 1;
    const { card, cardId } = await newAccount(hall.earth, `r${names}`, { driver: openCMoney });
    const { store } = hall.earth;
    const found = (await store.load([{ kind: "card", id: cardId }])).get("card", cardId);
    if (found === undefined) throw new Error("no card");
    // Number 4 was delivered, and the meter was not seen to take it.
    await store.commit({
      eventId: `bought-${cardId}`,
      at: hall.earth.clock.now,
      subject: { kind: "card", id: cardId },
      event: { type: "test" },
      writes: [
        { kind: "card", id: cardId, expected: found.version, state: { ...found.state, count: 4, lastAmount: 700 } },
      ],
      guards: [],
      postings: [],
      tasks: { add: [], drop: [] },
    });
    return { id: "", cardId, card };
  }

  test("is replaced by two people: with the index, empty; with the old card in hand, holding the same", async () => {
    const it = await holdingGas();
    for (const carries of ["carry", "loaded", "handedIn"] as const)
      expect(await replaceCard(sale(), it.cardId, once(), { carries })).toMatchObject(refusedWith("decision.required"));
    expect(await byTwo(it.cardId, { carries: "loaded" })).toMatchObject(refusedWith("refund.indexNeeded"));
    const { decisions } = hall.people;
    const alone = { kind: "card.replace", ref: it.cardId, doc: { carries: "loaded", indexL: 1_234 }, evidence: "read" };
    const made = await decisions.propose(checker, alone, once());
    if (!made.ok) throw new Error(made.error.code);
    expect(await decisions.confirm(checker, made.value.id, null)).toMatchObject(refusedWith("staff.samePerson"));
    await decisions.withdraw(checker, made.value.id, "by two");
    expect(await byTwo(it.cardId, { carries: "loaded", indexL: 1_234 })).toMatchObject(done);
    const empty = await newChip(it);
    expect(empty.driver.purchaseArea(empty.image)).toMatchObject({ count: 4, amount: 0 });
    const other = await holdingGas();
    expect(await byTwo(other.cardId, { carries: "handedIn" })).toMatchObject(done);
    const full = await newChip(other);
    expect(full.driver.purchaseArea(full.image)).toMatchObject({ count: 4, amount: 700 });
  });

  test("with a script out it is not replaced; lost, people decide, and a refund takes the index", async () => {
    names += 1;
    const { card, cardId } = await newAccount(hall.earth, `r${names}`, { driver: openCMoney });
    const { visit, id } = await bought(hall.world, kiosk1, card, amount(900));
    await wanted(hall.world, kiosk1, id, visit);
    await endSession(sale(), kiosk1, visit.sessionId);
    expect(await stateOf(hall.world, id)).toMatchObject({ refundNeeds: "index" });
    expect(await replaceCard(sale(), cardId, once())).toMatchObject(refusedWith("purchase.open"));
    await setCardStatus(sale(), cardId, "lost", once());
    expect((await stateOf(hall.world, id)).state).toBe("manual");
    const { decisions } = hall.people;
    const back = (doc: object) =>
      decisions.propose(maker, { kind: "purchase.decide", ref: id, doc, evidence: "read on site" }, once());
    expect(await back({ to: "refunding" })).toMatchObject(refusedWith("refund.indexNeeded"));
    const made = await back({ to: "refunding", indexL: 31_480 });
    if (!made.ok) throw new Error(made.error.code);
    await decisions.confirm(checker, made.value.id, null);
    await workOff(hall.world);
    expect((await stateOf(hall.world, id)).state).toBe("refunded");
    expect(await replaceCard(sale(), cardId, once())).toMatchObject({ ok: true });
  });
});

describe("a card that is lost", () => {
  test("is refused from that second on, and an image from before it counts for nothing", async () => {
    const it = await case_("unwritten");
    const before = await insert(hall.world, kiosk2, it.card);
    expect(before.answer.kind).toBe("script");
    await setCardStatus(sale(), it.cardId, "lost", once());
    expect(await at(it.card)).toMatchObject({ kind: "refused", code: "card.lost" });
    expect((await stateOf(hall.world, it.id)).state).not.toBe("delivered");
  });

  test("and found again is read anew: what was read before it was lost leads to no script", async () => {
    names += 1;
    const { card, cardId } = await newAccount(hall.earth, `r${names}`);
    const { visit, id } = await bought(hall.world, kiosk1, card, amount(1_234));
    for (const status of ["lost", "current"] as const) await setCardStatus(sale(), cardId, status, once());
    await expect(wanted(hall.world, kiosk1, id, visit)).rejects.toThrow("card.stale");
    await endSession(sale(), kiosk1, visit.sessionId);
    expect(await at(card)).toMatchObject({ kind: "script" });
    expect((await stateOf(hall.world, id)).state).toBe("delivered");
  });

  test("whose new card's count the meter refuses as used gets that count with amount 0", async () => {
    const it = await case_("written");
    const card = await replaced(it);
    await at(card);
    expect((await stateOf(hall.world, it.id)).state).toBe("delivered");
    // The lost one was loaded; the meter says so of the new one, and leaves it as it is.
    intoMeter(it.card);
    expect(await at(card)).toMatchObject({ kind: "gasOnCard" });
    expect(await byTwo(it.cardId, { carries: "used" })).toMatchObject(done);
    const set = await newChip(it);
    expect(set.driver.purchaseArea(set.image)).toMatchObject({ count: 4, amount: 0 });
    intoMeter(set);
    expect(await at(set)).toMatchObject({ kind: "account" });
    expect(set.meter.total).toBe(90_000 + 1_234);
    expect(await byTwo(it.cardId, { carries: "used" })).toMatchObject(refusedWith("decision.notApplicable"));
  });
});
