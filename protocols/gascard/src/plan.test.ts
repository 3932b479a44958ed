import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { amount, bothLayouts, loadedCard, sale, secret } from "./cards.testkit.ts";
import { chips } from "./chips/chips.ts";
import { macInput } from "./chips/cpu-card.ts";
import { fromHex, toHex } from "./hex.ts";
import { layouts, openAVolume, openBCpuVolume, openBVolume, openCVolume } from "./layouts.ts";
import { plannedWrites, planSteps, probeSteps, proofOf, resumeImages, sealOfStep } from "./plan.ts";
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
    const steps = planSteps(driver, before, after, secret);
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
    expect(writes(planSteps(driver, before, driver.purchaseImage(before, purchase), secret))).toEqual([
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
        const touched = writes(planSteps(driver, before, after, secret)).map((step) => {
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
    expect(() => planSteps(driver, resumed.before, resumed.after, secret)).not.toThrow();
  });
});

test("programmer's errors throw, and never repeat the secret", () => {
  const { before, after } = sale(openBVolume);
  const elsewhere = after.slice();
  elsewhere[130] = 9;
  expect(() => planSteps(openBVolume, before, elsewhere, secret)).toThrow("purchase area");
  expect(() => planSteps(openBVolume, before, before.slice(), secret)).toThrow("nothing to write");
  expect(() => planSteps(openBVolume, before.subarray(1), after, secret)).toThrow("256");
  expect(() => planSteps(openBVolume, before, after, "A1B2C3")).toThrow(/^(?!.*A1B2C3)/);
  expect(() => planSteps(openBVolume, before, after, "a1b2")).toThrow("secret");
});

test.for(Object.values(chips))("a probe of a $kind reads all of it, and takes only steps of that chip", (chip) => {
  const steps = probeSteps(chip.kind);
  for (const { op } of steps) expect(chip.steps).toContain(op);
  expect(steps[0]).toEqual({ op: "select", chip: chip.kind });
  for (const op of ["present", "write", "rekey", "erase", "seal"])
    expect(steps.map((step) => step.op)).not.toContain(op);
  const reads = steps.flatMap((step) => (step.op === "read" ? [step] : []));
  for (const { length } of reads) expect(length).toBeLessThanOrEqual(256);
  const read = reads.flatMap(({ offset, length }) => Array.from({ length }, (_, i) => offset + i));
  const wanted = chip.readable.flatMap(({ offset, length }) => Array.from({ length }, (_, i) => offset + i));
  expect(read).toEqual(wanted);
  // The counter comes last: whoever looks at a probe's report knows that nothing was presented before it.
  expect(steps.at(-1)?.op === "counter").toBe(chip.secret !== null);
});

test("a probe of a CPU card selects the application and reads its files", () => {
  expect(probeSteps("cpu")).toEqual([
    { op: "select", chip: "cpu" },
    { op: "exchange", apdu: "00a4040008f043495459474153", sw: "9000" },
    { op: "exchange", apdu: "00b0810030", sw: "9000", part: { offset: 0, length: 48 } },
    { op: "exchange", apdu: "00b0820028", sw: "9000", part: { offset: 48, length: 40 } },
    { op: "exchange", apdu: "00b0830018", sw: "9000", part: { offset: 88, length: 24 } },
  ]);
});

test("a CPU card is asked to prove itself last, by the key that its application names for it", () => {
  const challenge = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8);
  const steps = probeSteps("cpu", undefined, challenge);
  expect(steps.slice(0, -1)).toEqual(probeSteps("cpu"));
  expect(steps.at(-1)).toEqual({ op: "exchange", apdu: "00880001080102030405060708", sw: "9000" });
  const { application } = openBCpuVolume;
  if (application === null) throw new Error("no application");
  expect(probeSteps("cpu", { ...application, proofKeyId: null }, challenge)).toEqual(probeSteps("cpu"));
  expect(probeSteps("sle4442", undefined, challenge)).toEqual(probeSteps("sle4442"));
  expect(() => probeSteps("cpu", undefined, challenge.slice(1))).toThrow(RangeError);
  const answered = (data?: string) => ({ results: data === undefined ? [] : [{ step: 5, data }] });
  expect(proofOf({ steps }, answered("00112233445566779000"))).toBe("0011223344556677");
  expect(proofOf({ steps }, answered("6a88"))).toBe("");
  expect(proofOf({ steps }, answered())).toBe("");
  expect(proofOf({ steps: probeSteps("cpu") }, { results: [{ step: 4, data: "00112233445566779000" }] })).toBeNull();
  expect(proofOf({ steps: [] }, { results: [] })).toBeNull();
});

test.for(layouts)("a script for $name holds only steps of its chip, and writes what changed", (driver) => {
  const { before, after } = sale(driver);
  const { secret: needs, steps: known } = chips[driver.chip];
  const steps = planSteps(driver, before, after, needs === null ? null : secret);
  for (const { op } of steps) expect(known).toContain(op);
  const ops = steps.map(({ op }) => op);
  expect(ops.filter((op) => op === "present")).toHaveLength(needs === null ? 0 : 1);
  if (needs !== null) expect(ops.indexOf("counter")).toBe(ops.indexOf("present") - 1);
  // Before anything changes the card, all of it was read and is what the centre expects.
  const changing = ops.findIndex((op) => op === "write" || op === "seal");
  const expected = (part: readonly ScriptStep[]): string =>
    part.map((step) => (step.op === "read" || step.op === "exchange" ? (step.expect ?? "") : "")).join("");
  expect(expected(steps.slice(0, changing))).toBe(toHex(before));
  expect(expected(steps.slice(changing))).toBe(toHex(after));
  const written = plannedWrites(driver, before, after);
  const image = before.slice();
  for (const { offset, length } of written) image.set(after.subarray(offset, offset + length), offset);
  expect(image).toEqual(after);
});

test("a chip that writes by pages is written byte by byte, the commit last", () => {
  const { before, after } = sale(openCVolume);
  const written = plannedWrites(openCVolume, before, after);
  for (const { length } of written) expect(length).toBe(1);
  const { commit } = openCVolume.areas;
  const order = written.map(({ offset }) => offset);
  expect(order).toEqual([...order].sort((a, b) => a - b));
  expect(order.at(-1)).toBeGreaterThanOrEqual(commit.offset);
});

test("amount and count of a CPU card go in one sealed command", () => {
  const { before, after } = sale(openBCpuVolume);
  const steps = planSteps(openBCpuVolume, before, after, null);
  const seals = steps.flatMap((step, index) => (step.op === "seal" ? [index] : []));
  expect(seals).toHaveLength(1);
  const [index = -1] = seals;
  const sealed = sealOfStep(openBCpuVolume, before, after, index);
  expect(sealed?.challengeBytes).toBe(8);
  const { purchase } = openBCpuVolume.areas;
  const bytes = toHex(after.subarray(purchase.offset, purchase.offset + purchase.length));
  // File 2 begins at byte 48 of the image; Lc counts the four bytes of MAC.
  const lc = (purchase.length + 4).toString(16).padStart(2, "0");
  expect(sealed && toHex(macInput(sealed.update))).toBe(`04d682${(purchase.offset - 48).toString(16)}${lc}${bytes}`);
  for (const other of [0, index - 1, index + 1, 99]) {
    expect(sealOfStep(openBCpuVolume, before, after, other)).toBeNull();
  }
});

test("a refund of class A changes the secret before the first byte", () => {
  const { before, refundAfter } = sale(openAVolume);
  const steps = planSteps(openAVolume, before, refundAfter, secret, "d4e5f6");
  expect(steps.slice(2, 5)).toEqual([
    { op: "counter", expect: 7 },
    { op: "present", secret },
    { op: "rekey", secret: "d4e5f6" },
  ]);
  expect(steps.slice(5).map(({ op }) => op)).toEqual([...Array(steps.length - 6).fill("write"), "read"]);
  expect(() => planSteps(openAVolume, before, refundAfter, secret, "d4e5")).toThrow("secret");
});

test("resuming finishes the price as well", () => {
  const { before, purchase } = sale(openBVolume);
  const after = openBVolume.purchaseImage(before, { ...purchase, price: { nowE4: 25_300, next: null } });
  const [first] = plannedWrites(openBVolume, before, after);
  const torn = before.slice().fill(0xff, first?.offset, (first?.offset ?? 0) + 1);
  expect(openBVolume.read(torn).ok).toBe(false);
  expect(resumeImages(openBVolume, torn, after).after).toEqual(after);
});

test("a chip that only clears bits is given no write that sets one", () => {
  const layout = { ...openBVolume, chip: "at88sc102", imageBytes: 256 } as const;
  const { before } = sale(openBVolume);
  const { offset } = layout.areas.purchase;
  const changed = (byte: number) => before.slice().fill(byte, offset, offset + 1);
  expect(() => planSteps(layout, changed(0x0f), changed(0x0e), "0102")).not.toThrow();
  expect(() => planSteps(layout, changed(0x0f), changed(0x1e), "0102")).toThrow("only clears bits");
});
