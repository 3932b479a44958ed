/** Random cards by the thousand, or a million for each layout: no driver throws on one or reads one whose checksums are wrong. */
import fc from "fast-check";
import { describe, expect, inject, test } from "vitest";
import { account, loadedCard, sale, tableOf } from "./cards.testkit.ts";
import { classify } from "./classify.ts";
import { identifyImage, layouts } from "./layouts.ts";
import { areasOf, type OpenTable } from "./open/tables.ts";

/** Four kinds of images: in the long tier a million for each layout. */
const numRuns = inject("long") ? 250_000 : 10_000;

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
const soundIn = (image: Uint8Array, { offset, length }: { offset: number; length: number }): boolean =>
  sound(image, offset, offset + length - 2);
/** A price area that nobody ever wrote has no checksum. */
const allSound = (image: Uint8Array, table: OpenTable): boolean =>
  areasOf(table).every((area) => {
    const bytes = image.subarray(area.offset, area.offset + area.length);
    return soundIn(image, area) || (area.name === "price" && bytes.every((byte) => byte === 0xff));
  });

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

describe.each(layouts.map((driver) => [driver.name, driver] as const))("%s", (_name, driver) => {
  const table = tableOf(driver);
  const { imageBytes, cardClass } = driver;
  const good = loadedCard(driver, 12, 50_000, 70_000, "2026-01-31");
  const { before, after, refundAfter, purchase } = sale(driver);
  const issued = driver.format(account);
  const changes = fc.array(fc.tuple(fc.nat(imageBytes - 1), fc.nat(255)), { minLength: 1, maxLength: 6 });

  test("noise is no card, with a sound identity in front of it neither", () => {
    fc.assert(
      fc.property(fc.integer(), fc.constantFrom(0, table.identity.offset + table.identity.length), (seed, from) => {
        const image = noise(seed, issued.slice(), from, imageBytes);
        if (from === 0 && identifyImage(image).ok) throw new Error("identified");
        for (const each of layouts) if (each.read(image).ok && !allSound(image, tableOf(each))) throw new Error("read");
        if (driver.consumed(image, purchase)) throw new Error("consumed");
      }),
      { numRuns },
    );
  });

  test("cut short, too long, another layout's, pieced together: a named reason or a card, never an exception", () => {
    const cards = layouts.map((each) => loadedCard(each, 12, 50_000, 70_000, "2026-01-31"));
    const problems = new Set<string>();
    fc.assert(
      fc.property(
        fc.nat(cards.length - 1),
        fc.nat(imageBytes * 2),
        fc.nat(imageBytes),
        fc.boolean(),
        (of, length, at, piece) => {
          const other = cards[of] ?? good;
          const image = piece ? Uint8Array.of(...good.slice(0, at), ...other.slice(at)) : other.slice(0, length);
          const result = driver.read(image);
          if (result.ok && !allSound(image, table)) throw new Error("read with a wrong checksum");
          if (result.ok && image.length !== imageBytes) throw new Error("read at another length");
          if (!result.ok) problems.add(result.problem);
          identifyImage(image);
          driver.purchaseArea(image);
          driver.returnArea(image);
          if (image.length !== imageBytes && driver.consumed(image, purchase))
            throw new Error("consumed at another length");
        },
      ),
      { numRuns },
    );
    for (const problem of problems)
      expect(["blank", "foreign", "badIdentity", "badChecksum", "upsideDown"]).toContain(problem);
    expect(problems.has("foreign")).toBe(true);
  });

  test("a card with wrong bytes is read only when every checksum fits all the same", () => {
    fc.assert(
      fc.property(changes, (list) => {
        const image = good.slice();
        for (const [at, value] of list) image[at] = value;
        const result = driver.read(image);
        if (result.ok && !allSound(image, table)) throw new Error("read with a wrong checksum");
        identifyImage(image);
      }),
      { numRuns },
    );
  });

  test("a card with wrong bytes is `written` or `unwritten` only with the purchase area of that image", () => {
    const area = (image: Uint8Array): string =>
      driver.areas.written
        .map(({ offset, length }) => Buffer.from(image.subarray(offset, offset + length)).toString("hex"))
        .join();
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
        if (said === "refundImage" && cardClass === "C") throw new Error("class C proves no refund");
        if (said === "refundImage" && has !== refunded) throw new Error("refundImage without the refund");
        // One to six wrong bytes never forge the meter's word: its area has a checksum of its own.
        if (said === "consumed" && !soundIn(image, table.returned)) throw new Error("consumed by a wrong checksum");
      }),
      { numRuns },
    );
    expect([...found]).toEqual(expect.arrayContaining(["written", "unwritten", "torn", "other"]));
  });
});
