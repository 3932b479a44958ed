/** What sets the open layouts apart from each other: totals, plain cards, prices, replacements. */
import { describe, expect, test } from "vitest";
import { seal } from "../area.ts";
import { account, amount, tableOf } from "../cards.testkit.ts";
import { classify } from "../classify.ts";
import { intoMeter } from "../conformance/meter.ts";
import type { CardPrice, LayoutDriver, PurchaseOnCard } from "../layout.ts";
import {
  identifyImage,
  layouts,
  openAVolume,
  openBCpuVolume,
  openBMoney,
  openBVolume,
  openCVolume,
} from "../layouts.ts";

const all = layouts.map((driver) => [driver.name, driver] as const);
const buy = (driver: LayoutDriver, countBefore: number, totalBefore: number, value: number): PurchaseOnCard => ({
  countBefore,
  totalBefore,
  amount: amount(driver, value),
  boughtOn: "2026-11-23",
});

describe.each(all)("%s", (_name, driver) => {
  test("its image is known as its own, and by its chip", () => {
    const image = driver.format(account);
    expect(identifyImage(image)).toMatchObject({ ok: true, driver });
    expect(identifyImage(image, driver.chip)).toMatchObject({ ok: true, driver });
    for (const other of layouts) if (other !== driver) expect(other.identify(image)).toBeNull();
  });

  test("user, opening, tool and replaced cards say what they are, with alarm, overdraft and price", () => {
    const price: CardPrice = { nowE4: 25_300, next: { priceE4: 27_100, from: "2027-01-01" } };
    for (const role of ["user", "opening", "tool"] as const) {
      const card = { ...account, role, replacement: 2, alarm: 5_000, overdraft: 3_000, price };
      const read = driver.read(driver.format(card));
      expect(read).toMatchObject({
        ok: true,
        facts: { role, replacement: 2, alarm: 5_000, overdraft: 3_000, price, meterCeiling: 9_999_999 },
      });
    }
  });

  test("a sale brings the meter's price along, and leaves it alone when it brings none", () => {
    const priceOf = (image: Uint8Array) => {
      const read = driver.read(image);
      return read.ok ? read.facts.price : read;
    };
    const price: CardPrice = { nowE4: 34_500, next: null };
    const priced = driver.purchaseImage(driver.format(account), { ...buy(driver, 0, 0, 1_000), price });
    expect(priceOf(priced)).toEqual(price);
    const visited = intoMeter(driver, { count: 0, total: 0 }, priced);
    const again = driver.purchaseImage(visited.image, buy(driver, 1, 1_000, 2_000));
    expect(priceOf(again)).toEqual(price);
    if (driver.refundImage !== null)
      expect(priceOf(driver.refundImage(again, buy(driver, 2, 3_000, 1_000)))).toEqual(price);
  });

  test("a price nobody ever wrote is none, a price half written makes the card bad", () => {
    const image = driver.format(account);
    const [price] = driver.areas.written;
    if (price === undefined) throw new Error("no price area");
    const unwritten = image.slice().fill(0xff, price.offset, price.offset + price.length);
    expect(driver.read(unwritten)).toMatchObject({ ok: true, facts: { price: null } });
    unwritten[price.offset + 1] = 0;
    expect(driver.read(unwritten)).toMatchObject({ ok: false, problem: "badChecksum" });
    expect(driver.identify(unwritten)?.cardNumber).toBe(account.cardNumber);
  });

  test("a card in place of a lost one: what the old one was credited with is not credited again", () => {
    const first = driver.purchaseImage(driver.format(account), buy(driver, 0, 0, 50_000));
    const loaded = intoMeter(driver, { count: 0, total: 0 }, first);
    const replaced = driver.format({ ...account, replacement: 1, count: 1, totalCredited: 50_000 });
    expect(intoMeter(driver, loaded.meter, replaced).credited).toBe(0);
    const next = driver.purchaseImage(replaced, buy(driver, 1, 50_000, 30_000));
    expect(intoMeter(driver, loaded.meter, next).credited).toBe(30_000);
  });
});

test("class A: the same purchase on the old card and on its replacement is credited once", () => {
  const old = openAVolume.purchaseImage(openAVolume.format(account), buy(openAVolume, 0, 0, 50_000));
  const renewed = openAVolume.purchaseImage(
    openAVolume.format({ ...account, replacement: 1 }),
    buy(openAVolume, 0, 0, 50_000),
  );
  const first = intoMeter(openAVolume, { count: 0, total: 0 }, old);
  expect(first.credited).toBe(50_000);
  expect(intoMeter(openAVolume, first.meter, renewed).credited).toBe(0);
});

test("class A: what is on the card is what the meter is short of its total", () => {
  const gasOf = (image: Uint8Array) => {
    const read = openAVolume.read(image);
    return read.ok ? read.facts.gas : read;
  };
  const image = openAVolume.purchaseImage(openAVolume.format(account), buy(openAVolume, 0, 0, 50_000));
  const visited = intoMeter(openAVolume, { count: 0, total: 0 }, image);
  expect(gasOf(image)).toEqual({ kind: "volume", volumeL: 50_000 });
  expect(gasOf(visited.image)).toEqual({ kind: "volume", volumeL: 0 });
  const next = openAVolume.purchaseImage(visited.image, buy(openAVolume, 1, 50_000, 7_000));
  expect(gasOf(next)).toEqual({ kind: "volume", volumeL: 7_000 });
});

test("class C: the amount goes out of the card, and an emptied card in no meter is nobody's proof", () => {
  const before = openCVolume.format(account);
  const purchase = buy(openCVolume, 0, 0, 50_000);
  const after = openCVolume.purchaseImage(before, purchase);
  const visited = intoMeter(openCVolume, { count: 0, total: 0 }, after);
  expect(openCVolume.purchaseArea(visited.image)).toMatchObject({ count: 1, amount: 0 });
  expect(intoMeter(openCVolume, visited.meter, visited.image).credited).toBe(0);
  // Emptied by somebody who is no meter.
  const emptied = openCVolume.format({ ...account, count: 1 });
  expect(classify(openCVolume, emptied, before, after, emptied, purchase)).toBe("other");
  expect(classify(openCVolume, visited.image, before, after, null, purchase)).toBe("consumed");
});

test("class C: a mark that differs is a torn write even under a right checksum", () => {
  const table = tableOf(openCVolume);
  const { mark, endMark } = table.purchase.fields;
  for (const field of [mark, endMark]) {
    const image = openCVolume.purchaseImage(openCVolume.format(account), buy(openCVolume, 0, 0, 50_000));
    const at = field?.offset ?? -1;
    image[at] = (image[at] ?? 0) ^ 0x80;
    seal(image, table.purchase);
    expect(openCVolume.purchaseArea(image)).toBeNull();
    expect(openCVolume.read(image)).toMatchObject({ ok: false, problem: "badChecksum" });
  }
});

test("an image says which chip it may be from", () => {
  const ff = (length: number) => new Uint8Array(length).fill(0xff);
  expect(identifyImage(ff(256))).toEqual({ ok: false, problem: "upsideDown" });
  expect(identifyImage(ff(256), "at24c02")).toEqual({ ok: false, problem: "blank" });
  expect(identifyImage(ff(128))).toEqual({ ok: false, problem: "blank" });
  expect(identifyImage(ff(112), "cpu")).toEqual({ ok: false, problem: "blank" });
  expect(identifyImage(ff(256), "sle4428")).toEqual({ ok: false, problem: "foreign" });
  expect(identifyImage(openBVolume.format(account), "at24c02")).toEqual({ ok: false, problem: "foreign" });
  const damaged = openBCpuVolume.format(account);
  damaged[10] = 0xff;
  expect(identifyImage(damaged)).toEqual({ ok: false, problem: "badIdentity" });
  // A card of the other unit is whole: to the driver asked it is just not its own.
  expect(openBMoney.read(openBVolume.format(account))).toMatchObject({ problem: "foreign" });
});
