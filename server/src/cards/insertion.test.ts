/** What an insertion leads to beside the road of a sale: core decides, here it must be carried out. */
import { beforeEach, expect, test } from "vitest";
import type { TerminalFacts } from "../context.ts";
import { type Earth, kiosk1, kiosk2, makeEarth, newAccount } from "../purchases/earth.testkit.ts";
import { quotePurchase } from "../purchases/quote.ts";
import {
  accountOf,
  amount,
  booksHold,
  bought,
  insert,
  keyed,
  ledger,
  makeWorld,
  quoted,
  stateOf,
  value,
  type World,
  write,
} from "../purchases/world.testkit.ts";
import { openMemoryStore } from "../store/memory.ts";
import { intoMeter, runScript, type TestCard, testCard } from "./card.testkit.ts";
import { endSession } from "./report.ts";
import { openSession, putImage, wantScript } from "./sessions.ts";

let earth: Earth;
let world: World;
let card: TestCard;
let cardId: string;
let accountId: string;

beforeEach(async () => {
  earth = makeEarth(openMemoryStore());
  world = makeWorld(earth);
  ({ card, cardId, accountId } = await newAccount(earth, "a"));
});

const cardState = async () => (await earth.store.load([{ kind: "card", id: cardId }])).get("card", cardId)?.state;
const elsewhere = { countBefore: 3, totalBefore: 90_000, boughtOn: "2026-11-01" } as const;
const staffKinds = () => [...earth.staff.values()].map((task) => task.kind);

test("a card that the books don't know is refused", async () => {
  const stranger = testCard(card.driver, "0399999999", 2, 50);
  expect((await insert(world, kiosk1, stranger)).answer).toMatchObject({ kind: "refused", code: "card.unknown" });
});

test("a blank card is refused", async () => {
  card.image = card.image.map((byte, at) => (at < 32 ? byte : 0xff));
  expect((await insert(world, kiosk1, card)).answer).toMatchObject({ kind: "refused", code: "card.blank" });
});

test("a card that is pulled while it is probed can't be read, and is read in the same session afterwards", async () => {
  const { id, script } = await openSession(world.sale, kiosk1, { reader: "r", atr: "", powerUpId: "p" });
  const failure = { step: 1, reason: "readerFault" } as const;
  const report = { scriptId: script.id, powerUpId: "p", results: [{ step: 0 }] };
  expect(value(await putImage(world.sale, kiosk1, id, { ...report, failure }))).toMatchObject({
    kind: "refused",
    code: "card.unreadable",
  });
  expect(value(await putImage(world.sale, kiosk1, id, runScript(card, script, "p"))).kind).toBe("account");
});

test("an image of another power-up, or one that doesn't fit the probe, is refused", async () => {
  const { id, script } = await openSession(world.sale, kiosk1, { reader: "r", atr: "", powerUpId: "p" });
  expect(await putImage(world.sale, kiosk1, id, runScript(card, script, "q"))).toMatchObject({
    error: { code: "card.stale" },
  });
  const half = { scriptId: script.id, powerUpId: "p", results: [] };
  expect(await putImage(world.sale, kiosk1, id, half)).toMatchObject({ error: { code: "request.invalid" } });
});

test("a higher count on the card is refused and put on the staff's list once", async () => {
  card.image = card.driver.purchaseImage(card.image, { ...elsewhere, amount: { kind: "money", amountFen: 5 } });
  intoMeter(card);
  for (let visit = 0; visit < 2; visit++)
    expect((await insert(world, kiosk1, card)).answer).toMatchObject({ kind: "refused", code: "card.countMismatch" });
  expect(staffKinds()).toEqual(["card.countMismatch"]);
});

test("in the adoption window the higher count is taken over, with an opening entry and a line for finance", async () => {
  const customer = earth.customers.get(accountId);
  if (customer === undefined) throw new Error("no customer");
  const { now } = earth.clock;
  const days = { from: now - 1_000, until: now + 1_000 };
  const window = { id: "w", layout: card.driver.name, ...days, purchasesMost: 1, creditedMost: 500 };
  const believe = (...adoption: (typeof window)[]) => earth.customers.set(accountId, { ...customer, adoption });
  card.image = card.driver.purchaseImage(card.image, { ...elsewhere, amount: { kind: "money", amountFen: 500 } });
  intoMeter(card);
  // Another maker's window, one of tomorrow, one that has ended, one that allows less: none of them.
  believe(
    { ...window, layout: "open-a-money" },
    { ...window, from: now + 1 },
    { ...window, until: now },
    { ...window, creditedMost: 499 },
  );
  expect((await insert(world, kiosk1, card)).answer).toMatchObject({ kind: "refused", code: "card.countMismatch" });
  earth.staff.clear();
  believe(window);
  expect((await insert(world, kiosk1, card)).answer.kind).toBe("account");
  expect(await cardState()).toMatchObject({ count: 4, totalCredited: 90_500 });
  expect(await ledger(earth, "meter:meter-a")).toBe(500);
  expect(staffKinds()).toEqual(["card.adopted"]);
  await booksHold(earth);
});

test("a server that dies while it adopts leaves finance its line, and the next insertion adopts once", async () => {
  const customer = earth.customers.get(accountId);
  if (customer === undefined) throw new Error("no customer");
  const days = { from: 0, until: earth.clock.now + 1_000 };
  const window = { id: "w", layout: card.driver.name, ...days, purchasesMost: 1, creditedMost: 500 };
  earth.customers.set(accountId, { ...customer, adoption: [window] });
  card.image = card.driver.purchaseImage(card.image, { ...elsewhere, amount: { kind: "money", amountFen: 500 } });
  intoMeter(card);
  const { store } = earth;
  const dying = makeWorld(earth, { ...store, commit: () => Promise.reject(new Error("the process died")) });
  await expect(insert(dying, kiosk1, card)).rejects.toThrow("died");
  expect([staffKinds(), await ledger(earth, "meter:meter-a")]).toEqual([["card.adopted"], 0]);
  for (let again = 0; again < 2; again++) expect((await insert(world, kiosk1, card)).answer.kind).toBe("account");
  expect([staffKinds(), await ledger(earth, "meter:meter-a")]).toEqual([["card.adopted"], 500]);
});

test("what card and meter say is stored when it is news, and only then", async () => {
  await insert(world, kiosk1, card);
  const first = await cardState();
  expect(first?.lastReading).toMatchObject({ count: 3, acceptedCount: 3, totalCredited: 90_000 });
  earth.clock.now += 1_000;
  await insert(world, kiosk1, card);
  expect(await cardState()).toEqual(first);
});

test("a blocked account is refused at the card and at the quote", async () => {
  const visit = await insert(world, kiosk1, card);
  const account = await accountOf(world, accountId);
  await earth.store.commit({
    eventId: "block",
    at: earth.clock.now,
    subject: { kind: "account", id: accountId },
    event: { type: "blocked" },
    writes: [
      {
        kind: "account",
        id: accountId,
        expected: 1,
        state: { ...account, block: { reason: "safetyCheck", since: earth.clock.now } },
      },
    ],
    guards: [],
    postings: [],
    tasks: { add: [], drop: [] },
  });
  const body = { cardSessionId: visit.sessionId, entry: amount(100) };
  expect(await quotePurchase(world.sale, kiosk1, body, keyed("q"))).toMatchObject({
    error: { code: "account.safetyCheck" },
  });
  expect((await insert(world, kiosk1, card)).answer).toMatchObject({ kind: "refused", code: "account.safetyCheck" });
});

test("after its card is out a session sells nothing", async () => {
  const visit = await insert(world, kiosk1, card);
  await quoted(world, kiosk1, visit, amount(100));
  await endSession(world.sale, kiosk1, visit.sessionId);
  const body = { cardSessionId: visit.sessionId, entry: amount(100) };
  expect(await quotePurchase(world.sale, kiosk1, body, keyed("q"))).toMatchObject({
    error: { code: "session.ended" },
  });
});

test("an image from before a script stays so, whatever the other server's clock says", async () => {
  const behind: World = { ...world, sale: { ...world.sale, now: () => earth.clock.now - 1_000 } };
  const { visit, id } = await bought(world, kiosk1, card, amount(100));
  const script = value(await wantScript(behind.sale, kiosk1, id, visit.sessionId));
  if (script.kind !== "script") throw new Error(script.kind);
  // Its answer was lost: asked again and again, the image makes no second script, but gives the same.
  for (let again = 0; again < 2; again++)
    expect(value(await wantScript(behind.sale, kiosk1, id, visit.sessionId))).toMatchObject({
      kind: "script",
      script: { id: script.script.id },
    });
  await write(behind, kiosk1, card, visit, script);
  const body = { cardSessionId: visit.sessionId, entry: amount(100) };
  expect(await quotePurchase(world.sale, kiosk1, body, keyed("q"))).toMatchObject({ error: { code: "card.stale" } });
});

test("a phone sells nothing that it may not write", async () => {
  const phone: TerminalFacts = { ...kiosk1, id: "phone-1", kind: "phone" };
  const visit = await insert(world, phone, card);
  const body = { cardSessionId: visit.sessionId, entry: amount(100) };
  expect(await quotePurchase(world.sale, phone, body, keyed("q"))).toMatchObject({ error: { code: "auth.forbidden" } });
});

test("a session that ended while its image was judged stays ended", async () => {
  const { id, script } = await openSession(world.sale, kiosk1, { reader: "r", atr: "", powerUpId: "p" });
  const { registry } = world.sale;
  const slow = {
    ...world.sale,
    registry: {
      ...registry,
      customer: async (account: string) => {
        await endSession(world.sale, kiosk1, id);
        return await registry.customer(account);
      },
    },
  };
  await putImage(slow, kiosk1, id, runScript(card, script, "p"));
  const body = { cardSessionId: id, entry: amount(100) };
  expect(await quotePurchase(world.sale, kiosk1, body, keyed("q"))).toMatchObject({ error: { code: "session.ended" } });
});

test("another city's card with a number of ours is foreign, with no purchase open too", async () => {
  const ours = earth.customers.get(accountId);
  if (ours === undefined) throw new Error("no customer");
  earth.customers.set(accountId, { ...ours, areaCode: "0991" });
  expect((await insert(world, kiosk1, card)).answer).toMatchObject({ kind: "refused", code: "card.foreign" });
  earth.customers.set(accountId, ours);
  expect((await insert(world, kiosk1, card)).answer).toMatchObject({ kind: "account" });
});

test("another city's card with this number is foreign, and says nothing about the purchase that is out", async () => {
  const { visit, id } = await bought(world, kiosk1, card, amount(100));
  value(await wantScript(world.sale, kiosk1, id, visit.sessionId));
  await endSession(world.sale, kiosk1, visit.sessionId);
  const image = card.driver.format({
    cardNumber: card.number,
    areaCode: "0991",
    role: "user",
    replacement: 0,
    count: 3,
    totalCredited: 90_000,
    meterCeiling: 0,
  });
  const stranger = { ...card, image };
  earth.clock.now += 1_000;
  expect((await insert(world, kiosk1, stranger)).answer).toMatchObject({ kind: "refused", code: "card.foreign" });
  expect((await stateOf(world, id)).state).toBe("unknown");
});

test.each([
  ["fast", 86_400_000],
  ["slow", -86_400_000],
])("which came first, an image or a script, no clock decides: the session's server is a day %s", async (_, skewMs) => {
  const skewed: World = { ...world, sale: { ...world.sale, now: () => earth.clock.now + skewMs } };
  const { visit, id } = await bought(world, kiosk1, card, amount(1_234));
  await endSession(world.sale, kiosk1, visit.sessionId);
  const early = await openSession(skewed.sale, kiosk2, { reader: "r", atr: "", powerUpId: "early" });
  const image = runScript(card, early.script, "early");
  // Meanwhile the script leaves from another server, and nobody hears of it.
  const there = await insert(world, kiosk1, card);
  expect(there.answer.kind).toBe("script");
  await endSession(world.sale, kiosk1, there.sessionId);
  expect(value(await putImage(skewed.sale, kiosk2, early.id, image))).toMatchObject({ code: "card.stale" });
  expect((await stateOf(world, id)).state).toBe("unknown");
  const late = await openSession(skewed.sale, kiosk2, { reader: "r", atr: "", powerUpId: "late" });
  expect(value(await putImage(skewed.sale, kiosk2, late.id, runScript(card, late.script, "late"))).kind).toBe("script");
});
