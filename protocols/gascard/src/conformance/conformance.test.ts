import { describe, expect, inject, test } from "vitest";
import template from "../../template/my-maker.ts";
import type { LayoutDriver } from "../layout.ts";
import { layouts, openAVolume, openBVolume, openCVolume } from "../layouts.ts";
import { conformance } from "./conformance.ts";
import { fewMasks, manyMasks } from "./tears.ts";
import { tornRefund, tornSale, wrongLayouts } from "./wrongLayouts.testkit.ts";

const options = inject("long")
  ? { masks: { first: manyMasks, second: fewMasks }, images: 100_000 }
  : { masks: { first: fewMasks, second: [] }, images: 10_000 };

/** Between erase and program steps only, no half-flipped bits. */
const stepsAlone = { first: [], second: [] };

/** Points torn and torn again; a CPU card has none between before and after, a class C card is not resumed. */
const fewestTorn = ({ chip, cardClass }: LayoutDriver): number =>
  chip === "cpu" ? 50 : cardClass === "C" ? 1_000 : 7_000;

describe.each([...layouts, template].map((driver) => [driver.name, driver] as const))("%s", (_name, driver) => {
  test("holds to everything, at every point", ({ task }) => {
    // By volume and by money the bytes are torn alike: the short tier halves bytes on one of the two.
    const tried = inject("long") || driver.unit === "volume" ? options : { ...options, masks: stepsAlone };
    const results = conformance(driver, tried);
    expect(results.filter(({ broken }) => broken !== null)).toEqual([]);
    task.meta.cases = results.reduce((sum, { points }) => sum + points, 0);
    for (const { name, points } of results)
      if (name !== tornRefund || driver.refundImage !== null) expect([name, points > 0]).toEqual([name, true]);
    const torn = results.find(({ name }) => name === tornSale)?.points ?? 0;
    expect(torn).toBeGreaterThan(tried === options ? fewestTorn(driver) : 10);
    expect(results.at(-1)?.points).toBeGreaterThanOrEqual(options.images);
  });
});

/** What breaks on this driver: check by check. */
function brokenOn(driver: LayoutDriver): string[] {
  const results = conformance(driver, { images: 200, masks: stepsAlone });
  return results.flatMap(({ name, broken }) => (broken === null ? [] : [name]));
}

test.for(wrongLayouts)("a driver that %s is found out", ([_what, driver, breaks]) => {
  expect(brokenOn(driver)).toContain(breaks);
});

test("the same driver unchanged breaks nothing, so it is the change that was found", () => {
  for (const driver of [openBVolume, openAVolume, openCVolume]) expect(brokenOn({ ...driver })).toEqual([]);
});
