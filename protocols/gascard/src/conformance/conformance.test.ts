import { describe, expect, inject, test } from "vitest";
import template from "../../template/my-maker.ts";
import { get } from "../area.ts";
import type { LayoutDriver } from "../layout.ts";
import { layouts, openAVolume, openBVolume, openCVolume } from "../layouts.ts";
import { openB } from "../open/tables.ts";
import { conformance } from "./conformance.ts";
import { fewMasks, manyMasks } from "./tears.ts";

const options = inject("long")
  ? { masks: { first: manyMasks, second: fewMasks }, images: 100_000 }
  : { masks: { first: fewMasks, second: [] }, images: 10_000 };

/** Between erase and program steps only, no half-flipped bits. */
const stepsAlone = { first: [], second: [] };
const tornRefund = "pulled at every point of a refund";
const tornSale = "pulled at every point of a sale, and of the write that resumes it";

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

const wrong: [what: string, driver: LayoutDriver, breaks: string][] = [
  [
    "believes count and amount without asking the checksum",
    {
      ...openBVolume,
      purchaseArea(image) {
        const { count, amount } = openB.purchase.fields;
        if (image.length !== 256) return null;
        return { count: get(image, count) ?? 0, amount: get(image, amount) ?? 0, boughtOn: "2026-11-23", total: null };
      },
    },
    tornSale,
  ],
  [
    "calls a purchase consumed by its count alone",
    {
      ...openBVolume,
      consumed(image, purchase) {
        const meter = openBVolume.returnArea(image);
        return typeof meter === "object" && meter.count === purchase.countBefore + 1;
      },
    },
    "consumed only with the meter's total raised by the amount",
  ],
  [
    "knows a card only while its purchase area is whole",
    { ...openBVolume, identify: (image) => (openBVolume.purchaseArea(image) ? openBVolume.identify(image) : null) },
    "the identity stays what it was",
  ],
  [
    "adds to the total it finds on the card, so that a resumed write adds twice",
    {
      ...openAVolume,
      purchaseImage(before, purchase) {
        const found = openAVolume.purchaseArea(before)?.total ?? purchase.totalBefore;
        return openAVolume.purchaseImage(before, { ...purchase, totalBefore: found + 1_000 });
      },
    },
    "a purchase reads as it was written",
  ],
  [
    "is plain and says that it is cumulative",
    {
      ...openCVolume,
      cardClass: "A",
      refundImage: (before, purchase) => openCVolume.purchaseImage(before, purchase),
    },
    "a purchase reads as it was written",
  ],
  [
    "throws on an image cut short",
    {
      ...openBVolume,
      read(image) {
        if (image.length < 256) throw new Error("no card");
        return openBVolume.read(image);
      },
    },
    "whatever the bytes: no exception, and a named reason",
  ],
  [
    "forgets which secret the chip was given",
    {
      ...openAVolume,
      purchaseImage: (before, { keyVersion: _, ...purchase }) => openAVolume.purchaseImage(before, purchase),
    },
    "the number of a new secret stands on the card",
  ],
  [
    "takes a refund for a purchase of a litre",
    {
      ...openBVolume,
      cardClass: "B",
      meterAcceptsZero: true,
      refundImage: (before, purchase) =>
        openBVolume.purchaseImage(before, { ...purchase, amount: { kind: "volume", volumeL: 1 } }),
    },
    "pulled at every point of a refund",
  ],
  [
    "writes its own mark into the meter's area",
    {
      ...openBVolume,
      purchaseImage(before, purchase) {
        const image = openBVolume.purchaseImage(before, purchase);
        image[131] = 1;
        return image;
      },
    },
    "a sale writes its own areas and nothing else",
  ],
  [
    "names a commit field that leaves the count out",
    { ...openBVolume, areas: { ...openBVolume.areas, commit: { offset: 80, length: 1 } } },
    "areas lie apart and in order",
  ],
];

test.for(wrong)("a driver that %s is found out", ([_what, driver, breaks]) => {
  expect(brokenOn(driver)).toContain(breaks);
});

test("the same driver unchanged breaks nothing, so it is the change that was found", () => {
  for (const driver of [openBVolume, openAVolume, openCVolume]) expect(brokenOn({ ...driver })).toEqual([]);
});
