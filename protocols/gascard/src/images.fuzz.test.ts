/** Random cards by the thousand, or by the million: no driver throws on one or reads one whose checksums are wrong. */
import fc from "fast-check";
import { describe, expect, inject, test } from "vitest";
import { account, bothLayouts, loadedCard, sale } from "./cards.testkit.ts";
import { classify } from "./classify.ts";
import { identifyImage, layouts } from "./layouts.ts";

const numRuns = inject("long") ? 1_000_000 : 5_000;

const table = Uint16Array.from({ length: 256 }, (_, n) => {
  let value = n << 8;
  for (let bit = 0; bit < 8; bit++) value = (value << 1) ^ (value & 0x8000 ? 0x1021 : 0);
  return value;
});

/** The published checksum read a second time, so that the driver is not its own judge; area end = checksum's place. */
function sound(image: Uint8Array, from: number, at: number): boolean {
  let crc = 0xffff;
  for (let i = from; i < at; i++) crc = ((crc << 8) & 0xffff) ^ (table[(crc >> 8) ^ (image[i] ?? 0)] ?? 0);
  return crc === (image[at] ?? 0) * 256 + (image[at + 1] ?? 0);
}
const allSound = (image: Uint8Array): boolean =>
  sound(image, 32, 62) && sound(image, 64, 78) && sound(image, 80, 95) && sound(image, 128, 146);

/** xorshift32: 256 bytes at once, a hundred times as fast as an arbitrary of bytes; the seed is what is shrunk. */
function noise(seed: number, image: Uint8Array, from: number, to: number): Uint8Array {
  let state = seed | 1;
  for (let at = from; at < to; at++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    image[at] = state >>> 24;
  }
  return image;
}

describe.each(bothLayouts)("%s", (_name, driver) => {
  const good = loadedCard(driver, 12, 50_000, 70_000, "2026-01-31");
  const { before, after, refundAfter, purchase } = sale(driver);
  const issued = driver.format(account);
  const byte = fc.nat(255);
  const changes = fc.array(fc.tuple(byte, byte), { minLength: 1, maxLength: 6 });

  test("noise is no card, with a sound identity in front of it neither", () => {
    fc.assert(
      fc.property(fc.integer(), fc.constantFrom(0, 64), (seed, from) => {
        const image = noise(seed, issued.slice(), from, 256);
        if (from === 0 && identifyImage(image).ok) throw new Error("identified");
        for (const each of layouts) if (each.read(image).ok && !allSound(image)) throw new Error("read");
        if (driver.consumed(image, purchase)) throw new Error("consumed");
      }),
      { numRuns },
    );
  });

  test("a card with wrong bytes is read only when every checksum fits all the same", () => {
    fc.assert(
      fc.property(changes, (list) => {
        const image = good.slice();
        for (const [at, value] of list) image[at] = value;
        const result = driver.read(image);
        if (result.ok && !allSound(image)) throw new Error("read with a wrong checksum");
        identifyImage(image);
      }),
      { numRuns },
    );
  });

  test("a card with wrong bytes is `written` or `unwritten` only with the purchase area of that image", () => {
    const { offset, length } = driver.areas.purchase;
    const area = (image: Uint8Array): string => Buffer.from(image.subarray(offset, offset + length)).toString("hex");
    const [wanted, old, refunded] = [area(after), area(before), area(refundAfter)];
    const found = new Set<string>();
    fc.assert(
      fc.property(fc.boolean(), changes, (isAfter, list) => {
        const image = (isAfter ? after : before).slice();
        for (const [at, value] of list) image[at] = value;
        const said = classify(driver, image, before, after, refundAfter, purchase);
        found.add(said);
        const has = area(image);
        if (said === "written" && has !== wanted) throw new Error("written without the purchase");
        if (said === "unwritten" && has !== old) throw new Error("unwritten without the old purchase");
        if (said === "refundImage" && has !== refunded) throw new Error("refundImage without the refund");
        // One to six wrong bytes never forge the meter's word: its area has a checksum of its own.
        if (said === "consumed" && !sound(image, 128, 146)) throw new Error("consumed by a wrong checksum");
      }),
      { numRuns },
    );
    expect([...found]).toEqual(expect.arrayContaining(["written", "unwritten", "torn", "other"]));
  });
});
