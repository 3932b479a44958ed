import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { amount, bothLayouts, loadedCard, sale, secret } from "./cards.testkit.ts";
import { fromHex, toHex } from "./hex.ts";
import { openBVolume } from "./layouts.ts";
import { planWrite, probeSteps, resumeImages } from "./plan.ts";
import type { ScriptStep } from "./script.ts";

const writes = (steps: ScriptStep[]) => steps.flatMap((step) => (step.op === "write" ? [step] : []));

test("a probe needs no secret and writes nothing", () => {
  expect(probeSteps()).toEqual([
    { op: "select", chip: "sle4442" },
    { op: "read", offset: 0, length: 256 },
    { op: "counter" },
  ]);
});

describe.each(bothLayouts)("%s", (_name, driver) => {
  test("reads before, checks the counter, presents once, writes, reads after", () => {
    const { before, after } = sale(driver);
    const steps = planWrite(driver, before, after, secret);
    expect(steps.slice(0, 4)).toEqual([
      { op: "select", chip: "sle4442" },
      { op: "read", offset: 0, length: 256, expect: toHex(before) },
      { op: "counter", expect: 7 },
      { op: "present", secret },
    ]);
    expect(steps.at(-1)).toEqual({ op: "read", offset: 0, length: 256, expect: toHex(after) });
    expect(steps.slice(4, -1).every((step) => step.op === "write")).toBe(true);
  });

  test("the example of the page: 255 to 256 of 120000", () => {
    const before = loadedCard(driver, 255, 50_000, 900_000, "2026-10-01");
    const purchase = {
      countBefore: 255,
      amount: amount(driver, 120_000),
      totalBefore: 900_000,
      boughtOn: "2026-11-23",
    };
    expect(writes(planWrite(driver, before, driver.purchaseImage(before, purchase), secret))).toEqual([
      { op: "write", offset: 80, data: "00c0d401" },
      { op: "write", offset: 87, data: "1123c0d401" },
      { op: "write", offset: 93, data: "01008025" },
    ]);
  });

  test("writes each changed byte once, no other, ascending, the commit in a write of its own", () => {
    const value = fc.integer({ min: 1, max: 0xffff_ffff });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 0xfffe }), value, value, (count, old, wanted) => {
        const before = loadedCard(driver, count, old, 0xffff_ffff, "2026-10-01");
        const purchase = { countBefore: count, amount: amount(driver, wanted), totalBefore: 0, boughtOn: "2026-11-23" };
        const after = driver.purchaseImage(before, purchase);
        const touched = writes(planWrite(driver, before, after, secret)).map((step) => {
          const { length } = fromHex(step.data) ?? [];
          return Array.from({ length: length ?? 0 }, (_, i) => step.offset + i);
        });
        const changed = [...after.keys()].filter((at) => after[at] !== before[at]);
        expect(touched.flat()).toEqual(changed);
        const commit = driver.areas.commit.offset;
        for (const run of touched) expect(run.every((at) => at >= commit) || run.every((at) => at < commit)).toBe(true);
        expect(touched.at(-1)?.every((at) => at >= commit)).toBe(true);
      }),
    );
  });

  test("resuming keeps what the meter wrote since and finishes the purchase area", () => {
    const { before, after, meterWrites, purchase } = sale(driver);
    const now = meterWrites(before, 7, purchase.totalBefore);
    now[80] = 0xff;
    const resumed = resumeImages(driver, now, after);
    expect(resumed.before).toEqual(now);
    expect(resumed.after).toEqual(meterWrites(after, 7, purchase.totalBefore));
    expect(() => planWrite(driver, resumed.before, resumed.after, secret)).not.toThrow();
  });
});

test("programmer's errors throw, and never repeat the secret", () => {
  const { before, after } = sale(openBVolume);
  const elsewhere = after.slice();
  elsewhere[130] = 9;
  expect(() => planWrite(openBVolume, before, elsewhere, secret)).toThrow("purchase area");
  expect(() => planWrite(openBVolume, before, before.slice(), secret)).toThrow("nothing to write");
  expect(() => planWrite(openBVolume, before.subarray(1), after, secret)).toThrow("256");
  expect(() => planWrite(openBVolume, before, after, "A1B2C3")).toThrow(/^(?!.*A1B2C3)/);
  expect(() => planWrite(openBVolume, before, after, "a1b2")).toThrow("secret");
});
