import fc from "fast-check";
import { describe, expect, inject, test } from "vitest";
import { amount, loadedCard, sale } from "./cards.testkit.ts";
import { classRules } from "./class-rules.ts";
import { classify } from "./classify.ts";
import { cutImages, fewMasks, type Masks, manyMasks } from "./conformance/tears.ts";
import { sameBytes } from "./hex.ts";
import type { LayoutDriver, PurchaseOnCard } from "./layout.ts";
import { layouts, openBVolume } from "./layouts.ts";
import { plannedWrites, resumeImages } from "./plan.ts";

/** Largest amount: a cumulative total of it and what went before still fits. */
const most = ({ cardClass }: LayoutDriver): number => (cardClass === "A" ? 0x7fff_0000 : 0xffff_ffff);

const cuts = (driver: LayoutDriver, before: Uint8Array, after: Uint8Array, masks: Masks): Uint8Array[] =>
  cutImages(driver.chip, before, after, plannedWrites(driver, before, after), masks);

/** A CPU card has nothing between before and after; on the others some twenty bytes are cut. */
const fewestCuts = ({ chip }: LayoutDriver, otherwise: number): number => (chip === "cpu" ? 1 : otherwise);

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
  const first = cuts(driver, script.before, script.after, masks);
  expect(first.at(-1)).toEqual(script.after);
  neverHalf(driver, script, first);
  rightlyClassed(driver, script, script.before, first);
  let count = first.length;
  for (const torn of first.slice(0, -1)) {
    if (sameBytes(torn, script.after)) continue;
    const resumed = resumeImages(driver, torn, script.after);
    const second = cuts(driver, torn, resumed.after, masks);
    expect(second.at(-1)).toEqual(script.after);
    neverHalf(driver, script, second);
    rightlyClassed(driver, script, torn, second);
    count += second.length;
  }
  return count;
}

describe.each(layouts.map((driver) => [driver.name, driver] as const))("%s torn", (_name, driver) => {
  test("at every point of one write, with bytes half erased and half programmed", () => {
    const script = write(driver, 7, 50_000, 120_000, "2026-10-01", "2026-11-23");
    const images = cuts(driver, script.before, script.after, manyMasks);
    expect(images.length).toBeGreaterThan(fewestCuts(driver, 150));
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
      const script = write(
        driver,
        count,
        Math.min(old, most(driver)),
        Math.min(value, most(driver)),
        oldDay,
        "2026-11-23",
      );
      task.meta.cases = survivesEveryCut(driver, script, inject("long") ? manyMasks : []);
      expect(task.meta.cases).toBeGreaterThan(fewestCuts(driver, 40));
    },
  );

  test("whatever the count, the amounts and the days", () => {
    const value = fc.integer({ min: 1, max: most(driver) });
    const day = fc.constantFrom("2025-12-31", "2026-01-01", "2026-10-09", "2026-10-10", "2026-11-23");
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 0xfffe }), value, value, day, day, (count, old, wanted, oldDay, newDay) => {
        const script = write(driver, count, old, wanted, oldDay, newDay);
        const images = cuts(driver, script.before, script.after, fewMasks);
        neverHalf(driver, script, images);
        rightlyClassed(driver, script, script.before, images);
      }),
      { numRuns: inject("long") ? 600 : 40 },
    );
  });

  test("in the middle of a refund that blanks the return area first: torn at every point, and what comes later is a meter's", () => {
    // A CPU card shows no phone its key: there is nothing to blank.
    if (driver.cardClass !== "B" || driver.refundImage === null || driver.chip === "cpu") return;
    const { before, after, purchase } = write(driver, 7, 50_000, 120_000, "2026-10-01", "2026-11-23");
    const refund = driver.refundImage(before, purchase, { blankReturn: true });
    expect(driver.returnArea(refund)).toBe("never");
    for (const image of cuts(driver, before, refund, fewMasks)) {
      const found = classify(driver, image, before, after, refund, purchase);
      if (sameBytes(image, refund)) expect(found).toBe("refundImage");
      else expect(found).toBe(sameBytes(image, before) ? "unwritten" : "torn");
    }
    const { countBefore, totalBefore } = purchase;
    const said = (image: Uint8Array, count: number, totalCredited: number) =>
      classify(
        driver,
        driver.meterImage(image, {
          count,
          totalCredited,
          registerL: 1,
          remaining: 1,
          valve: "open",
          batteryLow: false,
        }),
        before,
        after,
        refund,
        purchase,
      );
    expect(said(refund, countBefore + 1, totalBefore)).toBe("refundImage");
    expect(said(refund, countBefore + 1, totalBefore + 120_000)).toBe("consumed");
    expect(said(refund, countBefore + 2, totalBefore)).toBe("other");
    // Blanked, and then written all the same: delivered.
    expect(classify(driver, resumeImages(driver, refund, after).after, before, after, refund, purchase)).toBe(
      "written",
    );
  });

  test("in the middle of a refund image: torn, and finished as the purchase again", () => {
    const { before, after, purchase } = write(driver, 7, 50_000, 120_000, "2026-10-01", "2026-11-23");
    expect(driver.refundImage === null).toBe(classRules[driver.cardClass].refundImage === "none");
    if (driver.refundImage === null) return;
    const refund = driver.refundImage(before, purchase);
    const images = cuts(driver, before, refund, fewMasks);
    neverHalf(driver, { before, after: refund, purchase }, images);
    for (const image of images) {
      const found = classify(driver, image, before, after, refund, purchase);
      if (sameBytes(image, refund)) expect(found).toBe("refundImage");
      else expect(found).toBe(sameBytes(image, before) ? "unwritten" : "torn");
      const resumed = resumeImages(driver, image, after);
      expect(cuts(driver, image, resumed.after, []).at(-1)).toEqual(after);
    }
  });
});

test("in the middle of the meter's own write: the purchase is on the card or in the meter, nothing else", () => {
  const { before, after, purchase, meterWrites, totalAfter } = sale(openBVolume);
  const taken = meterWrites(after, 8, totalAfter);
  const images = cutImages("sle4442", after, taken, [openBVolume.areas.returned], fewMasks);
  expect(images.at(-1)).toEqual(taken);
  for (const image of images) {
    const found = classify(openBVolume, image, before, after, null, purchase);
    expect(found).toBe(sameBytes(image, taken) ? "consumed" : "written");
  }
});

test("a CPU card that does not keep its promise: still no half purchase, and never one that could be refunded", () => {
  for (const driver of layouts.filter(({ chip }) => chip === "cpu")) {
    const script = write(driver, 7, 50_000, 120_000, "2026-10-01", "2026-11-23");
    const { before, after, purchase } = script;
    const images = cutImages("sle4442", before, after, plannedWrites(driver, before, after), manyMasks);
    expect(images.length).toBeGreaterThan(150);
    neverHalf(driver, script, images);
    for (const image of images) {
      const found = classify(driver, image, before, after, null, purchase);
      if (sameBytes(image, after)) expect(found).toBe("written");
      else expect(sameBytes(image, before) ? ["unwritten"] : ["torn", "other"]).toContain(found);
    }
  }
});

test("the simulated chip would show a half image if the commit went first", () => {
  const driver = openBVolume;
  const script = write(driver, 7, 50_000, 120_000, "2026-10-01", "2026-11-23");
  const backwards = plannedWrites(driver, script.before, script.after).reverse();
  const images = cutImages("sle4442", script.before, script.after, backwards, []);
  const numbers = images.map((image) => image.subarray(93, 95).join() + image.subarray(81, 85).join());
  // Number 8 beside the amount of number 7: the state that the order of writing keeps away.
  expect(numbers).toContain(script.after.subarray(93, 95).join() + script.before.subarray(81, 85).join());
});
