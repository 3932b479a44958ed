import { classify } from "../classify.ts";
import type { ImageProblem, LayoutDriver, MeterWord } from "../layout.ts";
import { type Check, demand, type OnTrial } from "./checks.ts";
import type { Sale } from "./sales.ts";

/** What a driver says of cards that somebody else had in his hands. */
export const judgedChecks: readonly Check[] = [
  { name: "consumed only with the meter's total raised by the amount", run: consumedByTotal },
  { name: "whatever the bytes: no exception, and a named reason", run: anyBytes },
];

const word = { registerL: 31_480, remaining: 3_520, valve: "open", batteryLow: false } as const;

function consumedByTotal({ layout, sales, visit }: OnTrial): void {
  for (const { what, before, after, purchase, value } of sales) {
    const { countBefore, totalBefore } = purchase;
    const said = (image: Uint8Array, count: number, totalCredited: number): boolean => {
      visit();
      const meterWord: MeterWord = { ...word, count, totalCredited };
      return layout.consumed(layout.meterImage(image, meterWord), purchase);
    };
    demand(said(after, countBefore + 1, totalBefore + value), () => `${what}: taken by the meter, and not consumed`);
    const lies: [string, Uint8Array, number, number][] = [
      ["by the count alone", after, countBefore + 1, totalBefore],
      ["with a total one short", after, countBefore + 1, totalBefore + value - 1],
      ["with a total one over", after, countBefore + 1, totalBefore + value + 1],
      ["before it was written", before, countBefore, totalBefore],
    ];
    if (layout.refundImage !== null)
      lies.push(["after a refund", layout.refundImage(before, purchase), countBefore + 1, totalBefore]);
    for (const [lie, image, count, total] of lies) demand(!said(image, count, total), () => `${what}: consumed ${lie}`);
    for (const image of [before, after]) {
      visit();
      demand(!layout.consumed(image, purchase), () => `${what}: consumed, and it was in no meter since`);
    }
  }
}

const problems: readonly ImageProblem[] = ["blank", "foreign", "badIdentity", "badChecksum", "upsideDown"];

function anyBytes(on: OnTrial): void {
  const { layout, sales, images, random } = on;
  const { imageBytes } = layout;
  for (const length of [0, 1, imageBytes - 1, imageBytes + 1, 4_096]) {
    for (const byte of [0x00, 0xff]) judge(on, sales, new Uint8Array(Math.max(0, length)).fill(byte));
  }
  for (let i = 0; i < images; i++) judge(on, sales, randomImage(sales[i % sales.length], imageBytes, random));
}

/** A card with a few bytes changed, with noise from some byte on, or all noise. */
function randomImage(sale: Sale | undefined, imageBytes: number, random: OnTrial["random"]): Uint8Array {
  const image = sale === undefined ? new Uint8Array(imageBytes) : (random(2) === 0 ? sale.before : sale.after).slice();
  if (random(3) === 0) {
    for (let at = random(2) === 0 ? 0 : random(imageBytes); at < imageBytes; at++) image[at] = random(256);
    return image;
  }
  for (let changes = 1 + random(6); changes > 0; changes--) image[random(imageBytes)] = random(256);
  return image;
}

function judge({ layout, visit }: OnTrial, sales: readonly Sale[], image: Uint8Array): void {
  visit();
  const [sale] = sales;
  const untouched = image.slice();
  const read = named(layout, "read", () => layout.read(image));
  demand(read.ok || problems.includes(read.problem), () => "a card is refused without a named reason");
  named(layout, "identify", () => layout.identify(image));
  named(layout, "purchaseArea", () => layout.purchaseArea(image));
  named(layout, "returnArea", () => layout.returnArea(image));
  if (image.length !== layout.imageBytes) {
    demand(!read.ok && layout.identify(image) === null, () => `an image of ${image.length} bytes is taken for a card`);
  } else if (sale !== undefined) {
    const { before, after, purchase } = sale;
    named(layout, "consumed", () => layout.consumed(image, purchase));
    named(layout, "classify", () => classify(layout, image, before, after, null, purchase));
  }
  demand(
    image.every((byte, at) => byte === untouched[at]),
    () => "an image was changed by reading it",
  );
}

function named<T>(layout: LayoutDriver, what: string, act: () => T): T {
  try {
    return act();
  } catch (error) {
    demand(false, () => `${layout.name}: ${what} throws on an image (${error instanceof Error ? error.message : "?"})`);
  }
}
