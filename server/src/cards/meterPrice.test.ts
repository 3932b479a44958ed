/**
 * I9 from the tariff to the flame: the price in force at the write goes on the card, the meter charges it, and changes to
 * the next one at its day. The meter is the sandbox's, which reads the published page and none of our code.
 */
import { dayAtStart, type TariffVersion } from "@citygas/core";
import { openBMoney } from "@citygas/gascard";
import { advance, burn, type MeterRow, takeCard } from "@citygas/sandbox";
import { beforeEach, expect, test } from "vitest";
import { byAmount, type Earth, kiosk1, makeEarth, newAccount } from "../purchases/earth.testkit.ts";
import { amount, bought, insert, makeWorld, stateOf, type World, wanted, write } from "../purchases/world.testkit.ts";
import { openMemoryStore } from "../store/memory.ts";
import type { TestCard } from "./card.testkit.ts";

const day = 86_400_000;
let earth: Earth;
let world: World;
let card: TestCard;
let cardId: string;
let accountId: string;
let meter: MeterRow;
let changeAt: number;

const at = (effectiveFrom: number, priceE4: number): TariffVersion => ({
  ...byAmount,
  id: `v${priceE4}`,
  effectiveFrom,
  pricing: { kind: "meter", tableE4: [{ uptoL: null, priceE4 }] },
});
function tariff(...versions: TariffVersion[]): void {
  const customer = earth.customers.get(accountId);
  if (customer === undefined) throw new Error("no customer");
  earth.customers.set(accountId, { ...customer, tariff: versions });
}

beforeEach(async () => {
  earth = makeEarth(openMemoryStore());
  world = makeWorld(earth);
  ({ card, cardId, accountId } = await newAccount(earth, "a"));
  changeAt = dayAtStart("2028-01-01");
  earth.clock.now = changeAt - 10 * day;
  tariff(at(0, 20_000), at(changeAt, 30_000));
  meter = {
    id: "m",
    label: "m",
    device: "meter",
    layout: "open-b",
    unit: "money",
    boundTo: { areaCode: "0996", cardNumber: card.number },
    replacement: 0,
    count: 3,
    totalCredited: 90_000,
    remaining: 0,
    registerL: 0,
    valve: "closed",
    batteryLow: false,
  };
});

const lastPrice = async () =>
  (await earth.store.load([{ kind: "card", id: cardId }])).get("card", cardId)?.state.lastReading?.price;
function intoSandboxMeter(): void {
  const { meter: next, returnArea } = takeCard(advance(meter, earth.clock.now), card.image);
  meter = next;
  if (returnArea === null) throw new Error("not this meter's card");
  card.image = card.image.slice();
  card.image.set(returnArea, 128);
}
async function sell(fen: number): Promise<string> {
  const { visit, id } = await bought(world, kiosk1, card, amount(fen));
  await write(world, kiosk1, card, visit, await wanted(world, kiosk1, id, visit));
  expect((await stateOf(world, id)).state).toBe("delivered");
  return id;
}

test("now and next go on the card, the meter charges the one and then the other, and the books learn what it was told", async () => {
  await sell(100_00);
  const read = openBMoney.read(card.image);
  const told = { nowE4: 20_000, next: { priceE4: 30_000, from: "2028-01-01" } };
  expect(read).toMatchObject({ ok: true, facts: { price: told } });
  expect(await lastPrice()).toBeUndefined();
  intoSandboxMeter();
  expect(meter).toMatchObject({ remaining: 10_000, valve: "open", price: told });
  meter = burn(meter, 1_000).meter;
  expect(meter.remaining).toBe(10_000 - 200);
  meter = burn(advance(meter, changeAt), 1_000).meter;
  expect(meter.remaining).toBe(10_000 - 200 - 300);
  await insert(world, kiosk1, card);
  expect(await lastPrice()).toEqual(told);
});

test("a write after the change carries the new price, though the purchase was confirmed at the old one", async () => {
  const { visit, id } = await bought(world, kiosk1, card, amount(100_00));
  earth.clock.now = changeAt + 1;
  const { breakdown } = await stateOf(world, id);
  const script = await wanted(world, kiosk1, id, visit);
  await write(world, kiosk1, card, visit, script);
  expect(openBMoney.read(card.image)).toMatchObject({ facts: { price: { nowE4: 30_000, next: null } } });
  expect((await stateOf(world, id)).breakdown).toEqual(breakdown);
});

test("a write that was cut before the change is finished after it with the new price and the old purchase", async () => {
  const { visit, id } = await bought(world, kiosk1, card, amount(100_00));
  const script = await wanted(world, kiosk1, id, visit);
  await write(world, kiosk1, card, visit, script, 12);
  expect((await stateOf(world, id)).state).toBe("unknown");
  earth.clock.now = changeAt + day;
  const again = await insert(world, kiosk1, card);
  await write(world, kiosk1, card, again, again.answer);
  expect((await stateOf(world, id)).state).toBe("delivered");
  const boughtOn = "2027-12-22";
  expect(openBMoney.read(card.image)).toMatchObject({
    facts: { price: { nowE4: 30_000, next: null }, boughtOn, count: 4, gas: { amountFen: 10_000 } },
  });
  intoSandboxMeter();
  expect(meter).toMatchObject({ remaining: 10_000, price: { nowE4: 30_000 } });
});

test("a tariff of several steps leaves the card's price as it is", async () => {
  const several = {
    kind: "meter",
    tableE4: [
      { uptoL: 1_000, priceE4: 1 },
      { uptoL: null, priceE4: 2 },
    ],
  } as const;
  tariff({ ...at(0, 1), pricing: { kind: "meter", tableE4: [...several.tableE4] } });
  await sell(100_00);
  expect(openBMoney.read(card.image)).toMatchObject({ ok: true, facts: { price: null, count: 4 } });
});
