/**
 * 换表, whatever the class, whatever is open and wherever its card is: no gas is minted or lost, whichever of the two
 * cards goes into the new meter first.
 */
import { carriedOf, finalStates, type Id, type LastWord, type Purchase } from "@citygas/core";
import {
  type LayoutDriver,
  layoutByName,
  openAMoney,
  openAVolume,
  openBMoney,
  openBVolume,
  openCMoney,
  openCVolume,
} from "@citygas/gascard";
import fc from "fast-check";
import { describe, expect, inject, test } from "vitest";
import { intoMeter, issuedCard, type TestCard, type TestMeter } from "../cards/card.testkit.ts";
import { endSession } from "../cards/report.ts";
import { byAmount, byVolume, type Earth, kiosk1, kiosk2, makeEarth, newAccount } from "../purchases/earth.testkit.ts";
import {
  accountOf,
  amount,
  booksHold,
  bought,
  confirmed,
  insert,
  ledger,
  makeWorld,
  pass,
  quoted,
  stateOf,
  volume,
  type World,
  wanted,
  workOff,
  write,
} from "../purchases/world.testkit.ts";
import { openMemoryStore } from "../store/memory.ts";
import { replaceMeter, type Stated } from "./meterReplacement.ts";
import { issueImage } from "./replacement.ts";

const drivers = [openAVolume, openAMoney, openBVolume, openBMoney, openCVolume, openCMoney];
const total = 90_000;
const two: [Id, Id] = ["u1", "u2"];

/** How far the last sale got, and what the old meter had of it. `cut`: bytes written before the card was pulled. */
type Open =
  | { to: "nothing" }
  | { to: "paying" | "paid" }
  | { to: "delivered" | "written"; taken: boolean }
  | { to: "torn"; cut: number }
  | { to: "refundImage"; taken: boolean; heard: boolean };

interface Household {
  earth: Earth;
  world: World;
  card: TestCard;
  cardId: Id;
  accountId: Id;
  id: Id | null;
  refunds: boolean;
}

async function household(driver: LayoutDriver, left: number): Promise<Household> {
  const earth = makeEarth(openMemoryStore());
  const made = makeWorld(earth);
  const { card, cardId, accountId } = await newAccount(earth, "r", {
    driver,
    tariff: driver.unit === "volume" ? byVolume : byAmount,
    total,
  });
  card.meter.left = left;
  card.image = driver.meterImage(card.image, {
    count: card.meter.count,
    totalCredited: total,
    registerL: 31_480,
    remaining: left,
    valve: "open",
    batteryLow: false,
  });
  const it: Household = { earth, world: made, card, cardId, accountId, id: null, refunds: false };
  const grantOf = async (p: Purchase) =>
    it.refunds && p.state === "unknown"
      ? { proposalId: "p", what: "refund" as const, by: two, scriptId: p.script?.id ?? null }
      : undefined;
  it.world = { ...made, sale: { ...made.sale, grantOf } };
  return it;
}

const deafTo = (world: World): World => ({
  ...world,
  sale: { ...world.sale, store: { ...world.sale.store, commit: () => Promise.reject(new Error("no network")) } },
});

const entryOf = (driver: LayoutDriver) => (driver.unit === "volume" ? volume(5) : amount(5_000));

async function upTo(it: Household, open: Open): Promise<void> {
  const { world, card, earth } = it;
  if (open.to === "nothing") return;
  if (open.to === "paying") {
    const visit = await insert(world, kiosk1, card);
    it.id = (await quoted(world, kiosk1, visit, entryOf(card.driver))).id;
    await confirmed(world, kiosk1, it.id);
    await endSession(world.sale, kiosk1, visit.sessionId);
    return;
  }
  const { visit, id } = await bought(world, kiosk1, card, entryOf(card.driver));
  it.id = id;
  if (open.to !== "paid") {
    const script = await wanted(world, kiosk1, id, visit);
    const untouched = open.to === "refundImage";
    if (!untouched) {
      const heard = open.to === "delivered" ? world : deafTo(world);
      await write(heard, kiosk1, card, visit, script, open.to === "torn" ? open.cut : undefined).catch(() => undefined);
    }
  }
  await endSession(world.sale, kiosk1, visit.sessionId);
  earth.clock.now += 1_000;
  if (open.to === "refundImage") {
    it.refunds = true;
    const back = await insert(world, kiosk2, card);
    it.refunds = false;
    await write(open.heard ? world : deafTo(world), kiosk2, card, back, back.answer).catch(() => undefined);
    await endSession(world.sale, kiosk2, back.sessionId);
    earth.clock.now += 1_000;
    await workOff(world);
  }
  if ("taken" in open && open.taken) intoMeter(card);
}

const stateOfCard = async ({ earth, cardId }: Household) => {
  const found = (await earth.store.load([{ kind: "card", id: cardId }])).get("card", cardId);
  if (found === undefined) throw new Error("no card");
  return found.state;
};

async function statedOf(it: Household, over: Partial<Stated> = {}): Promise<Stated> {
  const { meter } = it.card;
  const word: LastWord = {
    acceptedCount: meter.count,
    totalCredited: meter.total,
    remaining: meter.left ?? 0,
    indexL: 31_480,
  };
  const { scriptSeq } = await stateOfCard(it);
  return {
    newMeterId: "meter-new",
    newIndexL: 0,
    ceiling: 0,
    word,
    cardSeq: scriptSeq,
    handedIn: true,
    owedFen: 77,
    approvedBy: two,
    ...over,
  };
}

async function swap(it: Household, over: Partial<Stated> = {}, key = "swap") {
  const stated = await statedOf(it, over);
  const done = await replaceMeter(it.world.sale, it.cardId, stated, { key, fingerprint: key });
  const { customers } = it.earth;
  const customer = customers.get(it.accountId);
  // The registry has the new meter from then on.
  if (done.ok && customer?.meter)
    customers.set(it.accountId, { ...customer, meter: { ...customer.meter, id: done.value.meterId } });
  return done;
}

async function newChip(it: Household, meter: TestMeter): Promise<TestCard> {
  const image = await issueImage(it.world.sale, it.cardId);
  if (!image.ok) throw new Error(image.error.code);
  const driver = it.card.driver;
  return { ...issuedCard(it.card, image.value.imageHex, image.value.secretHex ?? ""), driver, meter };
}

async function visitAndLoad(it: Household, card: TestCard): Promise<string> {
  const { world, earth } = it;
  earth.clock.now += 1_000;
  const visit = await insert(world, kiosk2, card);
  if (visit.answer.kind === "script") await write(world, kiosk2, card, visit, visit.answer);
  await endSession(world.sale, kiosk2, visit.sessionId);
  await workOff(world);
  intoMeter(card);
  return visit.answer.kind === "refused" ? visit.answer.code : visit.answer.kind;
}

/** Σ of what the customer got or keeps, in the meter's unit, against what was sold. */
async function nothingMintedOrLost(it: Household, old: TestMeter, fresh: TestMeter, began: number): Promise<void> {
  const { earth, accountId } = it;
  const all = [...earth.purchases.values()];
  for (const { state } of all) expect(finalStates as readonly string[]).toContain(state);
  const value = ({ breakdown: { delivers: d } }: Purchase) => (d.kind === "volume" ? d.volumeL : d.meterCreditFen);
  const sold = all
    .filter(({ state, breakdown }) => state === "delivered" && breakdown.fromCarried !== true)
    .reduce((sum, p) => sum + value(p), 0);
  const carried = carriedOf(await accountOf(it.world, accountId));
  const waiting = carried.volumeL + carried.meterCreditFen;
  expect(waiting).toBe(0);
  // What the old one had, less what moved on out of it, and all that the new one was credited with.
  const left = Math.max(0, old.left ?? 0);
  expect(old.total - total + (fresh.total - began) - left).toBe(sold);
  expect(fresh.left).toBe(fresh.total - began);
  await booksHold(earth);
  expect(await ledger(earth, `carried:${accountId}`)).toBe(0);
  const inBooks = (id: Id) => ledger(earth, `${it.card.driver.unit === "volume" ? "gas" : "meter"}:${id}`);
  expect(await inBooks("meter-new")).toBe(fresh.total - began);
  expect(await inBooks("meter-r")).toBe(old.total - total - (old.left ?? 0));
}

const taken = fc.boolean();
const anyOpen: fc.Arbitrary<Open> = fc.oneof(
  fc.constant<Open>({ to: "nothing" }),
  fc.record({ to: fc.constantFrom("paying" as const, "paid" as const) }),
  fc.record({ to: fc.constantFrom("delivered" as const, "written" as const), taken }),
  fc.record({ to: fc.constant("torn" as const), cut: fc.integer({ min: 0, max: 24 }) }),
  fc.record({ to: fc.constant("refundImage" as const), taken, heard: fc.boolean() }),
);

test("a swap mints no gas and loses none, whatever the class and whatever is open", async () => {
  const seen = new Set<string>();
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...drivers.map(({ name }) => name)),
      anyOpen,
      fc.integer({ min: -500, max: total }),
      fc.boolean(),
      fc.boolean(),
      async (name, wantedOpen, left, oldFirst, twice) => {
        const driver = layoutByName(name);
        if (driver === null) throw new Error(name);
        const open: Open = driver.cardClass === "C" && wantedOpen.to === "refundImage" ? { to: "nothing" } : wantedOpen;
        const it = await household(driver, left);
        await upTo(it, open);
        const before = it.id === null ? null : await stateOf(it.world, it.id);
        const oldCard = it.card;
        const done = await swap(it);
        if (driver.cardClass === "C" && before?.state === "unknown" && oldCard.meter.total === total) {
          expect(done).toMatchObject({ error: { code: "purchase.open" } });
          return;
        }
        if (!done.ok) {
          // A refund image that was taken and not heard of is no proof on class A: people.
          expect([driver.cardClass, open.to, done.error.code]).toEqual(["A", "refundImage", "meter.wordDisagrees"]);
          expect((await stateOf(it.world, it.id ?? "")).state).toBe("manual");
          return;
        }
        if (twice) expect(await swap(it)).toMatchObject({ ok: true });
        seen.add(`${driver.cardClass} ${open.to} ${before?.state} ${it.id && (await stateOf(it.world, it.id)).state}`);
        const fresh: TestMeter = { count: 0, total: 0, left: 0, fresh: true, replacement: 0 };
        const card = await newChip(it, fresh);
        const meterBegan = (await it.earth.store.load([{ kind: "meter", id: "meter-new" }])).get("meter", "meter-new");
        const start = meterBegan?.state.began?.totalCredited ?? 0;
        const oldMeter = { ...oldCard.meter };
        // Of class C the old card was handed in. Of a copy made before the old meter took it nothing is said here.
        const again = { ...oldCard, meter: fresh };
        if (oldFirst && driver.cardClass !== "C") intoMeter(again);
        intoMeter(card);
        if (!oldFirst && driver.cardClass !== "C") intoMeter(again);
        for (let round = 0; round < 4; round++) await visitAndLoad(it, card);
        await pass(it.world, 40 * 60_000, 60_000);
        for (let round = 0; round < 2; round++) await visitAndLoad(it, card);
        expect(await visitAndLoad(it, card)).toBe("account");
        await nothingMintedOrLost(it, oldMeter, fresh, start);
      },
    ),
    { numRuns: inject("long") ? 10_000 : 150 },
  );
  // Every way that a purchase can be met was.
  for (const cls of ["A", "B", "C"])
    for (const to of ["paying", "paid", "delivered", "written"])
      expect(
        [...seen].some((each) => each.startsWith(`${cls} ${to} `)),
        `${cls} ${to}`,
      ).toBe(true);
});

const refusedWith = (code: string) => ({ ok: false, error: { code } });

describe("what is said of the old meter", () => {
  test("must be of after the card's last script, and no script may be running", async () => {
    const it = await household(openBMoney, 3_520);
    await upTo(it, { to: "written", taken: false });
    expect(await swap(it, { cardSeq: 0 })).toMatchObject(refusedWith("card.scriptRunning"));
    const other = await household(openBMoney, 3_520);
    const there = await bought(other.world, kiosk1, other.card, amount(5_000));
    await wanted(other.world, kiosk1, there.id, there.visit);
    expect(await swap(other)).toMatchObject(refusedWith("card.scriptRunning"));
  });

  test.each([
    ["another total", { totalCredited: total + 1 }],
    ["another number", { acceptedCount: 9 }],
    ["more left than was ever put in", { remaining: total + 1 }],
  ])("that does not fit the books is refused (%s), and an open purchase goes to people", async (_, wrong) => {
    for (const open of [{ to: "nothing" }, { to: "written", taken: false }] as const) {
      const it = await household(openBMoney, 3_520);
      await upTo(it, open);
      const { word } = await statedOf(it);
      expect(await swap(it, { word: word && { ...word, ...wrong } })).toMatchObject(refusedWith("meter.wordDisagrees"));
      if (it.id !== null && !("remaining" in wrong)) expect((await stateOf(it.world, it.id)).state).toBe("manual");
      expect((await stateOfCard(it)).meterId).toBe("meter-r");
    }
  });

  test("nothing: what it was last sent counts as taken, and nothing as left; an open purchase is decided first", async () => {
    const it = await household(openBMoney, 3_520);
    await upTo(it, { to: "delivered", taken: false });
    expect(await swap(it, { word: null })).toMatchObject({
      ok: true,
      value: { acceptedCount: 4, totalCredited: 95_000 },
    });
    const fresh: TestMeter = { count: 0, total: 0, left: 0, fresh: true, replacement: 0 };
    const card = await newChip(it, fresh);
    intoMeter(card);
    expect(fresh).toMatchObject({ count: 4, total: 95_000, left: 0 });
    const open = await household(openBMoney, 3_520);
    await upTo(open, { to: "written", taken: false });
    expect(await swap(open, { word: null })).toMatchObject(refusedWith("meter.wordDisagrees"));
    expect((await stateOf(open.world, open.id ?? "")).state).toBe("manual");
  });

  test("by one person only, is no swap", async () => {
    for (const to of ["paid", "written"] as const) {
      const it = await household(openBMoney, 3_520);
      await upTo(it, to === "paid" ? { to } : { to, taken: false });
      expect(await swap(it, { approvedBy: ["u1", "u1"] })).toMatchObject({ ok: false });
    }
  });
});

test("class C's old card is handed in where it may still hold gas", async () => {
  const it = await household(openCMoney, 3_520);
  await upTo(it, { to: "delivered", taken: false });
  expect(await swap(it, { handedIn: false })).toMatchObject(refusedWith("meter.cardNeeded"));
  expect(await swap(it)).toMatchObject({ ok: true });
});

test("what was quoted for the old meter is not confirmed any more", async () => {
  const it = await household(openBMoney, 3_520);
  const visit = await insert(it.world, kiosk1, it.card);
  const { id } = await quoted(it.world, kiosk1, visit, amount(5_000));
  expect(await swap(it)).toMatchObject({ ok: true });
  await expect(confirmed(it.world, kiosk1, id)).rejects.toThrow("meter.retired");
});

test("an overdraft is owed, once", async () => {
  const it = await household(openBMoney, -300);
  expect(await swap(it)).toMatchObject({ ok: true });
  expect(await swap(it)).toMatchObject({ ok: true });
  expect(await ledger(it.earth, "receivable:account-r")).toBe(77);
  expect(await ledger(it.earth, "meter:meter-r")).toBe(300);
});

test("a copy of the old card that the new meter took first is seen at the next insertion", async () => {
  const it = await household(openBMoney, 3_520);
  await upTo(it, { to: "written", taken: false });
  const copy = { ...it.card, image: it.card.image.slice() };
  intoMeter(it.card);
  expect(await swap(it)).toMatchObject({ ok: true });
  const fresh: TestMeter = { count: 0, total: 0, left: 0, fresh: true, replacement: 0 };
  intoMeter({ ...copy, meter: fresh });
  const card = await newChip(it, fresh);
  expect(await visitAndLoad(it, card)).toBe("script");
  expect(await visitAndLoad(it, card)).toBe("card.countMismatch");
});

test("of two swaps, and of a swap and a reader, one wins", async () => {
  const it = await household(openBMoney, 3_520);
  await upTo(it, { to: "written", taken: false });
  const [one, other, reader] = await Promise.all([
    swap(it, {}, "one"),
    swap(it, { newMeterId: "meter-other" }, "other"),
    visitAndLoad(it, it.card),
  ]);
  expect([one.ok, other.ok].filter(Boolean)).toHaveLength(1);
  expect(["delivered", "card.stale", "card.replaced"]).toContain(reader);
  const now = await stateOfCard(it);
  const meter = (await it.earth.store.load([{ kind: "meter", id: now.meterId }])).get("meter", now.meterId);
  expect(meter?.state.openPurchaseId).toBe(now.openPurchaseId);
  await booksHold(it.earth);
});

test("a controller is replaced under the same meter: it begins empty, and what was left is carried", async () => {
  const it = await household(openBMoney, 3_520);
  expect(await swap(it, { newMeterId: "meter-r" })).toMatchObject({ ok: true, value: { meterId: "meter-r" } });
  const fresh: TestMeter = { count: 0, total: 0, left: 0, fresh: true, replacement: 0 };
  const card = await newChip(it, fresh);
  expect(await visitAndLoad(it, card)).toBe("script");
  expect(await visitAndLoad(it, card)).toBe("account");
  expect(fresh.left).toBe(3_520);
  expect(await ledger(it.earth, "meter:meter-r")).toBe(0);
});
