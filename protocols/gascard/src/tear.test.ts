import fc from "fast-check";
import { describe, expect, inject, test } from "vitest";
import { amount, bothLayouts, loadedCard, sale, secret } from "./cards.testkit.ts";
import { classify } from "./classify.ts";
import { sameBytes, toHex } from "./hex.ts";
import type { LayoutDriver, PurchaseOnCard } from "./layout.ts";
import { openBVolume } from "./layouts.ts";
import { planWrite, resumeImages } from "./plan.ts";
import { cuts, fewMasks, type Masks, manyMasks } from "./tear.testkit.ts";

interface Write {
  before: Uint8Array;
  after: Uint8Array;
  purchase: PurchaseOnCard;
}

function write(driver: LayoutDriver, count: number, old: number, value: number, oldDay: string, day: string): Write {
  const total = Math.max(old, 900_000);
  const before = loadedCard(driver, count, old, total, oldDay);
  const purchase = { countBefore: count, amount: amount(driver, value), totalBefore: total, boughtOn: day };
  return { before, after: driver.purchaseImage(before, purchase), purchase };
}

/** What a meter sees at every cut: the facts of before, those of after, or a bad checksum. Never a half. */
function neverHalf(driver: LayoutDriver, { before, after }: Write, images: readonly Uint8Array[]): void {
  const whole = [driver.read(before), driver.read(after)].map((result) => JSON.stringify(result));
  for (const image of images) {
    const result = driver.read(image);
    if (result.ok) expect(whole).toContain(JSON.stringify(result));
    else expect(result).toEqual({ ok: false, problem: "badChecksum", identity: driver.identify(before) });
  }
}

/** What we see at every cut, against the script that was running. */
function rightlyClassed(driver: LayoutDriver, script: Write, started: Uint8Array, images: readonly Uint8Array[]): void {
  const startedWhole = driver.read(started).ok;
  for (const image of images) {
    const found = classify(driver, image, started, script.after, null, script.purchase);
    if (sameBytes(image, script.after)) expect(found).toBe("written");
    else if (sameBytes(image, started) && startedWhole) expect(found).toBe("unwritten");
    else expect(found).toBe("torn");
  }
}

/** Cut everywhere; resume from each cut; cut the resumed write everywhere; each ends in exactly `after`. */
function survivesEveryCut(driver: LayoutDriver, script: Write, masks: Masks): number {
  const first = cuts(script.before, planWrite(driver, script.before, script.after, secret), masks);
  expect(first.at(-1)).toEqual(script.after);
  neverHalf(driver, script, first);
  rightlyClassed(driver, script, script.before, first);
  let count = first.length;
  for (const torn of first.slice(0, -1)) {
    if (sameBytes(torn, script.after)) continue;
    const resumed = resumeImages(driver, torn, script.after);
    const second = cuts(torn, planWrite(driver, resumed.before, resumed.after, secret), masks);
    expect(second.at(-1)).toEqual(script.after);
    neverHalf(driver, script, second);
    rightlyClassed(driver, script, torn, second);
    count += second.length;
  }
  return count;
}

describe.each(bothLayouts)("%s torn", (_name, driver) => {
  test("at every point of one write, with bytes half erased and half programmed", () => {
    const script = write(driver, 7, 50_000, 120_000, "2026-10-01", "2026-11-23");
    const images = cuts(script.before, planWrite(driver, script.before, script.after, secret), manyMasks);
    expect(images.length).toBeGreaterThan(150);
    neverHalf(driver, script, images);
    rightlyClassed(driver, script, script.before, images);
  });

  test.for<[what: string, count: number, old: number, value: number, oldDay: string]>([
    ["counts that carry", 255, 50_000, 120_000, "2026-10-01"],
    ["a mark that is erased already", 254, 50_000, 120_000, "2026-10-01"],
    ["the first purchase", 0, 0, 120_000, "2026-10-01"],
    ["the same amount on the same day", 41, 120_000, 120_000, "2026-11-23"],
    ["the same amount on another day", 41, 120_000, 120_000, "2025-09-08"],
    ["amounts of all ones", 3, 1, 0xffff_ffff, "2026-10-01"],
    ["amounts from all ones", 3, 0xffff_ffff, 1, "2026-10-01"],
  ])(
    "at every point of a write and of the write that resumes it: %s",
    ([_what, count, old, value, oldDay], { task }) => {
      const script = write(driver, count, old, value, oldDay, "2026-11-23");
      task.meta.cases = survivesEveryCut(driver, script, inject("long") ? manyMasks : fewMasks);
      expect(task.meta.cases).toBeGreaterThan(200);
    },
  );

  test("whatever the count, the amounts and the days", () => {
    const value = fc.integer({ min: 1, max: 0xffff_ffff });
    const day = fc.constantFrom("2025-12-31", "2026-01-01", "2026-10-09", "2026-10-10", "2026-11-23");
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 0xfffe }), value, value, day, day, (count, old, wanted, oldDay, newDay) => {
        const script = write(driver, count, old, wanted, oldDay, newDay);
        const images = cuts(script.before, planWrite(driver, script.before, script.after, secret), fewMasks);
        neverHalf(driver, script, images);
        rightlyClassed(driver, script, script.before, images);
      }),
      { numRuns: inject("long") ? 600 : 40 },
    );
  });

  test("in the middle of a refund image: torn, and finished as the purchase again", () => {
    const { before, after, purchase } = write(driver, 7, 50_000, 120_000, "2026-10-01", "2026-11-23");
    const refund = driver.refundImage(before, purchase);
    const images = cuts(before, planWrite(driver, before, refund, secret), fewMasks);
    neverHalf(driver, { before, after: refund, purchase }, images);
    for (const image of images) {
      const found = classify(driver, image, before, after, refund, purchase);
      if (sameBytes(image, refund)) expect(found).toBe("refundImage");
      else expect(found).toBe(sameBytes(image, before) ? "unwritten" : "torn");
      const resumed = resumeImages(driver, image, after);
      expect(cuts(image, planWrite(driver, image, resumed.after, secret), []).at(-1)).toEqual(after);
    }
  });
});

test("in the middle of the meter's own write: the purchase is on the card or in the meter, nothing else", () => {
  const { after, purchase, meterWrites, totalAfter } = sale(openBVolume);
  const { before } = sale(openBVolume);
  const taken = meterWrites(after, 8, totalAfter);
  const images = cuts(after, [{ op: "write", offset: 128, data: toHex(taken.subarray(128, 148)) }], fewMasks);
  expect(images.at(-1)).toEqual(taken);
  for (const image of images) {
    const found = classify(openBVolume, image, before, after, null, purchase);
    expect(found).toBe(sameBytes(image, taken) ? "consumed" : "written");
  }
});

test("the simulated chip would show a half image if the commit went first", () => {
  const driver = openBVolume;
  const script = write(driver, 7, 50_000, 120_000, "2026-10-01", "2026-11-23");
  const steps = planWrite(driver, script.before, script.after, secret);
  const images = cuts(script.before, [...steps].reverse(), []);
  const numbers = images.map((image) => image.subarray(93, 95).join() + image.subarray(81, 85).join());
  // Number 8 beside the amount of number 7: the state that the order of writing keeps away.
  expect(numbers).toContain(script.after.subarray(93, 95).join() + script.before.subarray(81, 85).join());
});
