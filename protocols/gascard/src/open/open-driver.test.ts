import fc from "fast-check";
import { describe, expect, inject, test } from "vitest";
import { account, amount, bothLayouts, loadedCard, sale, word } from "../cards.testkit.ts";
import { identifyImage, layoutByName, layouts, openBMoney, openBVolume, withReturnArea } from "../layouts.ts";

/** A second reading of the published checksum, table-driven, so that the driver is not its own judge. */
function published(bytes: Uint8Array): number {
  const table = Array.from({ length: 256 }, (_, n) => {
    let value = n << 8;
    for (let bit = 0; bit < 8; bit++) value = ((value << 1) ^ (value & 0x8000 ? 0x1021 : 0)) & 0xffff;
    return value;
  });
  return bytes.reduce((crc, byte) => ((crc << 8) & 0xffff) ^ (table[(crc >> 8) ^ byte] ?? 0), 0xffff);
}

const checksumAt = (image: Uint8Array, from: number, at: number) =>
  published(image.subarray(from, at)) === (image[at] ?? 0) * 256 + (image[at + 1] ?? 0);

const allSound = (image: Uint8Array) =>
  [
    [32, 62],
    [64, 78],
    [80, 95],
    [128, 146],
  ].every(([from = 0, at = 0]) => checksumAt(image, from, at));

const u32 = fc.integer({ min: 1, max: 0xffff_ffff });
const day = fc
  .date({ min: new Date("2000-01-01"), max: new Date("2099-12-31"), noInvalidDate: true })
  .map((date) => date.toISOString().slice(0, 10));

describe.each(bothLayouts)("%s", (name, driver) => {
  test("a formatted card says what it was formatted with", () => {
    const card = fc.record({
      cardNumber: fc.stringMatching(/^[0-9]{1,12}$/),
      areaCode: fc.stringMatching(/^[0-9]{1,4}$/),
      role: fc.constantFrom("user" as const, "opening" as const, "tool" as const),
      replacement: fc.integer({ min: 0, max: 255 }),
      count: fc.integer({ min: 0, max: 0xffff }),
      totalCredited: u32,
      meterCeiling: u32,
      alarm: u32,
      overdraft: u32,
      keyVersion: fc.integer({ min: 0, max: 255 }),
      price: fc.constantFrom(
        { nowE4: 25_300, next: null },
        { nowE4: 25_300, next: { priceE4: 27_100, from: "2027-01-01" } },
      ),
    });
    fc.assert(
      fc.property(card, ({ totalCredited, ...facts }) => {
        const image = driver.format({ ...facts, totalCredited });
        expect(allSound(image)).toBe(true);
        const expected = { ...facts, layout: name, gas: amount(driver, 0), boughtOn: null, returned: null };
        expect(driver.read(image)).toEqual({ ok: true, facts: expected });
      }),
    );
  });

  test("a purchase and the meter's answer come back as they were written, and touch nothing else", () => {
    const returned = fc.record({
      count: fc.integer({ min: 0, max: 0xffff }),
      totalCredited: u32,
      registerL: u32,
      remaining: fc.integer({ min: -100_000, max: 0x7fff_ffff }),
      valve: fc.constantFrom("open" as const, "closed" as const),
      batteryLow: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 0xfffe }), u32, day, returned, (countBefore, value, boughtOn, meter) => {
        const before = driver.format(account);
        const purchase = { countBefore, amount: amount(driver, value), totalBefore: 0, boughtOn };
        const bought = driver.purchaseImage(before, purchase);
        const image = withReturnArea(bought, meter);
        expect(allSound(image)).toBe(true);
        const { totalCredited: _, ...identity } = account;
        const gas = amount(driver, meter.count >= countBefore + 1 ? 0 : value);
        const none = { alarm: 0, overdraft: 0, price: null, keyVersion: 0 };
        const facts = { ...identity, ...none, layout: name, count: countBefore + 1, gas, boughtOn, returned: meter };
        expect(driver.read(image)).toEqual({ ok: true, facts });
        expect(before).toEqual(driver.format(account));
        const { offset, length } = driver.areas.purchase;
        bought.forEach((byte, at) => {
          if (at < offset || at >= offset + length) expect(byte).toBe(before[at]);
        });
      }),
      { numRuns: inject("long") ? 2_000 : 100 },
    );
  });

  test("gas is on the card until the meter has accepted its number", () => {
    const { before, after, purchase, meterWrites, totalAfter } = sale(driver);
    const gasOf = (image: Uint8Array) => {
      const result = driver.read(image);
      return result.ok ? result.facts.gas : result;
    };
    expect(gasOf(before)).toEqual(amount(driver, 0));
    expect(gasOf(after)).toEqual(purchase.amount);
    expect(gasOf(meterWrites(after, 8, totalAfter))).toEqual(amount(driver, 0));
    const never = driver.purchaseImage(driver.format({ ...account, count: 7 }), purchase);
    expect(gasOf(never)).toEqual(purchase.amount);
  });

  test("consumed needs the count and the total", () => {
    const { before, after, refundAfter, purchase, meterWrites, totalAfter } = sale(driver);
    const consumed = (image: Uint8Array) => driver.consumed(image, purchase);
    expect(consumed(meterWrites(after, 8, totalAfter))).toBe(true);
    expect(consumed(meterWrites(after, 8, purchase.totalBefore))).toBe(false);
    expect(consumed(meterWrites(after, 7, totalAfter))).toBe(false);
    expect(consumed(meterWrites(refundAfter, 8, purchase.totalBefore))).toBe(false);
    expect(consumed(meterWrites(after, 9, totalAfter))).toBe(false);
    expect(consumed(after)).toBe(false);
    expect(consumed(before)).toBe(false);
    const torn = meterWrites(after, 8, totalAfter);
    torn[147] = (torn[147] ?? 0) ^ 1;
    expect(consumed(torn)).toBe(false);
  });

  test("a bad area names its problem and keeps the identity when that is sound", () => {
    const { after, purchase } = sale(driver);
    const identity = driver.identify(after);
    expect(identity?.cardNumber).toBe(account.cardNumber);
    for (const at of [64, 80, 81, 90, 94, 95, 96, 128, 136, 147]) {
      const image = after.slice();
      image[at] = (image[at] ?? 0) ^ 0x10;
      expect(driver.read(image)).toEqual({ ok: false, problem: "badChecksum", identity });
      expect(identifyImage(image)).toEqual({ ok: true, driver, identity });
    }
    const image = after.slice();
    image[45] = (image[45] ?? 0) ^ 0x10;
    expect(driver.read(image)).toEqual({ ok: false, problem: "badIdentity", identity: null });
    expect(identifyImage(image)).toEqual({ ok: false, problem: "badIdentity" });
    expect(driver.consumed(image, purchase)).toBe(false);
  });

  test("a mark or a backup that differs is a torn write even under a right checksum", () => {
    for (const at of [80, 81, 89]) {
      const image = sale(driver).after;
      image[at] = (image[at] ?? 0) ^ 0x04;
      const crc = published(image.subarray(80, 95));
      image.set([crc >> 8, crc & 0xff], 95);
      expect(allSound(image)).toBe(true);
      expect(driver.read(image)).toMatchObject({ ok: false, problem: "badChecksum" });
      expect(driver.purchaseArea(image)).toBeNull();
    }
  });

  test("programmer's errors throw", () => {
    const { before, purchase } = sale(driver);
    const other = driver === openBVolume ? openBMoney : openBVolume;
    const write = (change: Partial<typeof purchase>) => () => driver.purchaseImage(before, { ...purchase, ...change });
    for (const value of [0, -1, 1.5, 2 ** 32]) expect(write({ amount: amount(driver, value) })).toThrow();
    expect(write({ amount: amount(other, 5) })).toThrow();
    expect(write({ countBefore: 0xffff })).toThrow();
    expect(write({ boughtOn: "2026-02-30" })).toThrow();
    expect(() => other.purchaseImage(before, { ...purchase, amount: amount(other, 5) })).toThrow();
    expect(() => driver.purchaseImage(driver.format({ ...account, role: "tool" }), purchase)).toThrow();
    expect(() => driver.format({ ...account, role: "blank" })).toThrow();
  });

  test("mutated cards are read only when every checksum fits", () => {
    const good = loadedCard(driver, 12, 50_000, 70_000, "2026-01-31");
    const change = fc.tuple(fc.integer({ min: 0, max: 255 }), fc.integer({ min: 0, max: 255 }));
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 6 }), (changes) => {
        const image = good.slice();
        for (const [at, byte] of changes) image[at] = byte;
        const result = driver.read(image);
        if (result.ok) expect(allSound(image)).toBe(true);
        else expect(image).not.toEqual(good);
        identifyImage(image);
        driver.consumed(image, sale(driver).purchase);
      }),
      { numRuns: inject("long") ? 100_000 : 1_000 },
    );
  });
});

test("random images never throw and are never read", () => {
  const { purchase } = sale(openBVolume);
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 256, maxLength: 256 }), (image) => {
      expect(identifyImage(image).ok).toBe(false);
      for (const driver of layouts) expect(driver.read(image).ok && !allSound(image)).toBe(false);
      expect(openBVolume.consumed(image, purchase)).toBe(false);
    }),
    { numRuns: inject("long") ? 100_000 : 2_000 },
  );
});

test("random bytes behind a sound identity never throw, and read only when sound", () => {
  const head = openBVolume.format(account).subarray(0, 64);
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 192, maxLength: 192 }), (rest) => {
      const image = Uint8Array.of(...head, ...rest);
      const result = openBVolume.read(image);
      expect(result.ok).toBe(result.ok && allSound(image));
      if (!result.ok) expect(result.problem).toBe("badChecksum");
    }),
    { numRuns: inject("long") ? 100_000 : 2_000 },
  );
});

test("what is no card of ours says which kind of none", () => {
  const filled = (byte: number) => new Uint8Array(256).fill(byte);
  const blank = filled(0xff);
  blank.set([0xa2, 0x13, 0x10, 0x91, 0x46, 0x00]);
  const zeroed = filled(0);
  zeroed.set([0xa2, 0x13, 0x10, 0x91]);
  const expected: [Uint8Array, string][] = [
    [filled(0xff), "upsideDown"],
    [filled(0x00), "upsideDown"],
    [blank, "blank"],
    [zeroed, "foreign"],
    [new Uint8Array(100), "foreign"],
    [new Uint8Array(0), "foreign"],
  ];
  for (const [image, problem] of expected) {
    expect(identifyImage(image)).toEqual({ ok: false, problem });
    for (const driver of [openBVolume, openBMoney]) {
      expect(driver.read(image)).toEqual({ ok: false, problem, identity: null });
    }
    for (const driver of layouts) expect(driver.read(image).ok).toBe(false);
  }
});

test("each unit is its own layout", () => {
  const image = openBVolume.format(account);
  expect(identifyImage(image)).toMatchObject({ ok: true, driver: openBVolume });
  expect(openBMoney.identify(image)).toBeNull();
  expect(openBMoney.read(image)).toEqual({ ok: false, problem: "foreign", identity: null });
  expect(layoutByName("open-b-money")).toBe(openBMoney);
  expect(layoutByName("open-d")).toBeNull();
});

test("another version is another layout", () => {
  const image = openBVolume.format(account);
  image[36] = 2;
  expect(identifyImage(image)).toEqual({ ok: false, problem: "foreign" });
});

test("a meter in overdraft is read below zero", () => {
  const image = withReturnArea(openBVolume.format(account), { ...word, remaining: -500, count: 0, totalCredited: 0 });
  expect(openBVolume.read(image)).toMatchObject({ ok: true, facts: { returned: { remaining: -500 } } });
});
