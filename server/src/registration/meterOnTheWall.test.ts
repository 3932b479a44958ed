/**
 * 换表 with the sandbox's meters, which read the published pages and none of our code: what the old one said last is what
 * is stated, and the new one comes from the factory.
 */
import {
  type LayoutDriver,
  openAMoney,
  openAVolume,
  openBMoney,
  openBVolume,
  openCMoney,
  openCVolume,
} from "@citygas/gascard";
import { type MeterRow, takeCard } from "@citygas/sandbox";
import { expect, test } from "vitest";
import { issuedCard, type TestCard } from "../cards/card.testkit.ts";
import { endSession } from "../cards/report.ts";
import { byAmount, byVolume, kiosk1, kiosk2, makeEarth, newAccount } from "../purchases/earth.testkit.ts";
import {
  amount,
  booksHold,
  bought,
  insert,
  ledger,
  makeWorld,
  stateOf,
  volume,
  wanted,
  workOff,
  write,
} from "../purchases/world.testkit.ts";
import { openMemoryStore } from "../store/memory.ts";
import { replaceMeter } from "./meterReplacement.ts";
import { issueImage } from "./replacement.ts";

const total = 90_000;

function meterOf({ driver, number: cardNumber }: TestCard, over: Partial<MeterRow>): MeterRow {
  const layout = (["open-a", "open-b", "open-c"] as const).find((page) => driver.name.startsWith(page));
  if (layout === undefined) throw new Error(`no page of ${driver.name}`);
  return {
    ...{ id: "m", label: "m", device: "meter", layout, unit: driver.unit, replacement: 0, count: 3 },
    ...{ totalCredited: total, remaining: 700, registerL: 500, valve: "open", batteryLow: false },
    boundTo: { areaCode: "0996", cardNumber },
    ...over,
  };
}

/** The card goes in, all the way. */
function into(meter: MeterRow, card: TestCard): MeterRow {
  const { meter: next, takenOut, returnArea } = takeCard(meter, card.image);
  const { purchase, returned } = card.driver.areas;
  card.image = card.image.slice();
  if (takenOut !== null) card.image.set(takenOut, purchase.offset);
  if (returnArea !== null) card.image.set(returnArea, returned.offset);
  return next;
}

test.each(
  [openAVolume, openAMoney, openBVolume, openBMoney, openCVolume, openCMoney].flatMap((driver) =>
    [true, false].map((taken): [string, LayoutDriver, boolean] => [driver.name, driver, taken]),
  ),
)(
  "%s: the new meter has what was bought and what was left, once (taken by the old one: %3$s)",
  async (_, driver, taken) => {
    const earth = makeEarth(openMemoryStore());
    const world = makeWorld(earth);
    const tariff = driver.unit === "volume" ? byVolume : byAmount;
    const { card, cardId, accountId } = await newAccount(earth, "r", { driver, tariff, total });
    let old = into(meterOf(card, {}), card);
    const { visit, id } = await bought(world, kiosk1, card, driver.unit === "volume" ? volume(5) : amount(5_000));
    await write(world, kiosk1, card, visit, await wanted(world, kiosk1, id, visit));
    await endSession(world.sale, kiosk1, visit.sessionId);
    const copy = { ...card, image: card.image.slice() };
    if (taken) old = into(old, card);
    const word = {
      acceptedCount: old.count,
      totalCredited: old.totalCredited,
      remaining: old.remaining,
      indexL: old.registerL,
    };
    const cardState = (await earth.store.load([{ kind: "card", id: cardId }])).get("card", cardId)?.state;
    const stated = { newMeterId: "meter-new", newIndexL: 0, ceiling: 0, word, cardSeq: cardState?.scriptSeq ?? -1 };
    const how = { handedIn: true, owedFen: 0, approvedBy: ["u1", "u2"] as [string, string] };
    const by = { key: "swap", fingerprint: "f" };
    expect(await replaceMeter(world.sale, cardId, { ...stated, ...how }, by)).toMatchObject({ ok: true });
    const customer = earth.customers.get(accountId);
    if (customer?.meter) earth.customers.set(accountId, { ...customer, meter: { ...customer.meter, id: "meter-new" } });
    const image = await issueImage(world.sale, cardId);
    if (!image.ok) throw new Error(image.error.code);
    const fresh = issuedCard(card, image.value.imageHex, image.value.secretHex ?? "");
    let meter = meterOf(card, { boundTo: null, count: 0, totalCredited: 0, remaining: 0, registerL: 0 });
    meter = into(meter, fresh);
    // Whatever the card before holds, the meter knows that it is an old one.
    expect(takeCard(meter, copy.image).verdict).toMatchObject({ kind: "notOurs", reason: "oldCard" });
    const kinds: string[] = [];
    for (let round = 0; round < 3; round++) {
      earth.clock.now += 1_000;
      const there = await insert(world, kiosk2, fresh);
      kinds.push(there.answer.kind);
      if (there.answer.kind === "script") await write(world, kiosk2, fresh, there, there.answer);
      await endSession(world.sale, kiosk2, there.sessionId);
      await workOff(world);
      meter = into(meter, fresh);
    }
    expect(kinds).toEqual(["script", "account", "account"]);
    expect(meter.remaining).toBe(5_000 + 700);
    expect((await stateOf(world, id)).state).toBe("delivered");
    expect(await ledger(earth, `carried:${accountId}`)).toBe(0);
    expect(await ledger(earth, `${driver.unit === "volume" ? "gas" : "meter"}:meter-new`)).toBe(5_000 + 700);
    await booksHold(earth);
  },
);
