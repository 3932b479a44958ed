/** Goal: the meter keeps to each page of docs/cards, case by case, on the chip that the page is for. */
import { describe, expect, test } from "vitest";
import { type AnyChip, chipFrom } from "../chip/chips.ts";
import { blankChip } from "../chip/sle4442.ts";
import { toHex } from "../hex.ts";
import type { MeterRow } from "../state/rows.ts";
import { readPurchase, readReturn } from "./areas.ts";
import { seal } from "./bytes.ts";
import { loadCard, type Pull } from "./loading.ts";
import { type MeterOutcome, takeCard } from "./meter.ts";
import { factoryMeter, type Published, published } from "./published.testkit.ts";
import { readCard } from "./reading.ts";

const chipOf = ({ page }: Published, image: Uint8Array): AnyChip => {
  switch (page.name) {
    case "open-a":
    case "open-b":
      return chipFrom({ ...blankChip("123456"), memoryHex: toHex(image) });
    case "open-c":
      return chipFrom({ kind: "at24c02", memoryHex: toHex(image) });
    case "open-b-cpu":
    case "open-b-sm4": {
      const file = (sfi: number, from: number, to: number) => {
        return { sfi, contentHex: toHex(image.slice(from, to)), keyHex: `0${sfi}`.repeat(16) };
      };
      const files = [file(1, 0, 48), file(2, 48, 88), file(3, 88, 112)];
      return chipFrom({
        kind: "cpu",
        aidHex: "f043495459474153",
        cipher: page.name === "open-b-sm4" ? "sm4" : "3des",
        files,
        externalKeyHex: "09".repeat(16),
        tries: 3,
      });
    }
  }
};

/** The published card with `count` and `amount` (class A: on top of the meter's total) on it. */
function withPurchase({ page, seen, bought }: Published, count: number, amount: number, total: number): Uint8Array {
  const image = bought.slice();
  const bytes = image.subarray(page.purchase.from, page.purchase.to);
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const mark = page.cardClass === "C" ? (count & 0x7f) | (amount > 0 ? 0x80 : 0) : count & 0xff;
  view.setUint8(0, mark);
  if (page.cardClass === "A") {
    view.setUint32(1, total + amount, true);
    view.setUint32(5, amount, true);
    view.setUint32(13, total + amount, true);
    view.setUint16(17, count);
  } else {
    view.setUint32(1, amount, true);
    view.setUint32(9, amount, true);
    view.setUint16(13, count);
    if (page.cardClass === "C") view.setUint8(15, mark);
  }
  seal(bytes);
  expect(readPurchase(image, page)).toMatchObject({ count, amount });
  expect(seen.length).toBe(image.length);
  return image;
}

/** What the card holds when everything the meter wants to write is on it. */
function writtenOut({ page }: Published, image: Uint8Array, { takenOut, returnArea }: MeterOutcome): Uint8Array {
  const card = image.slice();
  if (takenOut !== null) card.set(takenOut, page.purchase.from);
  if (returnArea !== null) card.set(returnArea, page.returned.from);
  return card;
}

test("all ten layouts have their example", () => {
  expect(published.map(({ name }) => name)).toEqual(
    ["open-a", "open-b", "open-b-cpu", "open-b-sm4", "open-c"].flatMap((family) => [
      `${family}-volume`,
      `${family}-money`,
    ]),
  );
});

describe.each(published.map((example) => [example.name, example] as const))("%s", (_name, example) => {
  const { page, issued, seen, bought, taken } = example;
  const bound = takeCard(factoryMeter(example), issued).meter;
  const { totalCredited } = bound;

  test("the worked example, on its chip: issued, seen, bought, taken", () => {
    const chip = chipOf(example, issued);
    const kept: MeterRow[] = [];
    const first = loadCard(factoryMeter(example), chip, null, (meter) => kept.push(meter));
    expect(first).toMatchObject({ verdict: { kind: "alreadyTaken" }, pulled: false });
    expect(toHex(chip.image())).toBe(toHex(seen));
    const sold = chipOf(example, bought);
    const second = loadCard(first.meter, sold, null, (meter) => kept.push(meter));
    expect(second.verdict).toEqual({ kind: "credited", amount: 120_000, count: 256 });
    expect(second.meter).toMatchObject({ count: 256, totalCredited: totalCredited + 120_000 });
    expect(toHex(sold.image())).toBe(toHex(taken));
    expect(kept).toEqual([first.meter, second.meter]);
  });

  test("the same card again is credited by no class; a copy made before only by class C", () => {
    const first = takeCard(bound, bought);
    const again = takeCard(first.meter, writtenOut(example, bought, first));
    expect(again.verdict).toMatchObject({ kind: "alreadyTaken" });
    const copy = takeCard(first.meter, bought);
    expect(copy.verdict.kind).toBe(page.cardClass === "C" ? "credited" : "alreadyTaken");
  });

  test("a refund image credits nothing, and classes A and B take its number", () => {
    const { verdict, meter } = takeCard(bound, withPurchase(example, 256, 0, totalCredited));
    expect(verdict.kind).toBe(page.cardClass === "B" ? "credited" : "alreadyTaken");
    expect(meter).toMatchObject({ count: page.cardClass === "C" ? 255 : 256, totalCredited });
  });

  test("what does not follow on is refused with error 2, where the class has an order", () => {
    const wrong = page.cardClass === "A" ? [254, -5] : [254, 5];
    const [count = 0, amount = 0] = wrong;
    const card =
      page.cardClass === "A"
        ? withPurchase(example, count, 0, totalCredited + amount)
        : withPurchase(example, count, amount, 0);
    const { verdict, meter, returnArea } = takeCard(bound, card);
    if (page.cardClass === "C") expect(verdict).toMatchObject({ kind: "credited", amount: 5 });
    else {
      expect(verdict).toMatchObject({ kind: "refused", errorCode: 2 });
      expect(meter.totalCredited).toBe(totalCredited);
      expect(returnArea?.[2]).toBe(2);
    }
    if (page.cardClass === "B")
      expect(takeCard(bound, withPurchase(example, 257, 5, 0)).verdict).toMatchObject({ errorCode: 2 });
  });

  test("above the ceiling is refused and stays on the card, up to it is taken", () => {
    const at = { ...bound, remaining: 9_999_999 - 120_000 };
    expect(takeCard(at, bought).verdict.kind).toBe("credited");
    const above = takeCard({ ...at, remaining: at.remaining + 1 }, bought);
    expect(above.verdict).toMatchObject({ kind: "refused", errorCode: 3 });
    expect(readPurchase(writtenOut(example, bought, above), page)).toMatchObject({ amount: 120_000 });
  });

  test("no byte of parameters or purchase can be another one", () => {
    for (const { from, to } of [page.parameters, page.purchase]) {
      for (let at = from; at < to; at += 1) {
        const card = bought.slice();
        card[at] = (card[at] ?? 0) ^ 0x40;
        expect(takeCard(bound, card).verdict).toMatchObject({ kind: "refused", errorCode: 1 });
      }
    }
  });

  test("a purchase that contradicts itself is not good, even with a checksum that fits", () => {
    const { from, to } = page.purchase;
    // The mark; the amount or total; a day that is none; the backup; the second mark of class C.
    const offsets = { A: [0, 1, 12, 13], B: [0, 1, 8, 9], C: [0, 1, 8, 9, 15] }[page.cardClass];
    for (const offset of offsets) {
      const card = bought.slice();
      const bytes = card.subarray(from, to);
      bytes[offset] = offset === (page.cardClass === "A" ? 12 : 8) ? 0x32 : (bytes[offset] ?? 0) ^ 1;
      seal(bytes);
      expect([offset, takeCard(bound, card).verdict]).toEqual([offset, expect.objectContaining({ errorCode: 1 })]);
    }
  });

  test("a damaged identity, another page, unit or account: nothing is written", () => {
    const damaged = bought.slice();
    damaged[page.identity.from + 8] = 0x12;
    const reasons = [
      takeCard(bound, damaged),
      takeCard({ ...bound, unit: bound.unit === "volume" ? "money" : "volume" }, bought),
      takeCard({ ...bound, boundTo: { areaCode: "0996", cardNumber: "1" } }, bought),
      takeCard({ ...bound, replacement: 1 }, bought),
      takeCard({ ...bound, layout: page.name === "open-a" ? "open-b" : "open-a" }, bought),
    ].map(({ verdict, returnArea, takenOut }) => {
      expect([returnArea, takenOut]).toEqual([null, null]);
      return verdict.kind === "notOurs" ? verdict.reason : verdict.kind;
    });
    expect(reasons).toEqual(["badIdentity", "otherUnit", "otherAccount", "oldCard", "foreign"]);
  });

  test("pulled at every byte, and on both sides of the credit: in again, it is never credited twice", () => {
    const pulls: Pull[] = ["beforeCredit", "afterCredit", ...Array.from({ length: 38 }, (_, at) => at)];
    for (const pull of pulls) {
      const chip = chipOf(example, bought);
      let kept = bound;
      const keep = (meter: MeterRow): void => {
        kept = meter;
      };
      const torn = loadCard(bound, chip, pull, keep);
      expect(kept).toEqual(torn.meter);
      const then = loadCard(kept, chip, null, keep);
      expect(then.pulled).toBe(false);
      const credited = kept.totalCredited - totalCredited;
      // Class C loses what it took out before it counted; the others take it the next time.
      const lost = page.cardClass === "C" && (pull === "beforeCredit" || (typeof pull === "number" && pull < 18));
      expect([pull, credited]).toEqual([pull, lost ? 0 : 120_000]);
      expect(readReturn(chip.image(), page)).toMatchObject({ totalCredited: kept.totalCredited });
    }
  });

  test("what the card says, for people", () => {
    expect(readCard(bought)).toMatchObject({ kind: "user", page: page.name, onCard: 120_000 });
    expect(readCard(taken)).toMatchObject({ onCard: 0, returned: { acceptedCount: 256 } });
  });

  test("a meter by money keeps the price of its card, whatever else is refused; one by volume none", () => {
    const { meter } = takeCard({ ...bound, remaining: 9_999_999 }, bought);
    const price = { nowE4: 25_300, next: { priceE4: 27_100, from: "2027-01-01" } };
    expect(meter.price).toEqual(example.unit === "money" ? price : undefined);
    const torn = bought.slice();
    torn[page.price.from + 1] = 0x55;
    const [known, found] = [{ nowE4: 1, next: null }, takeCard({ ...bound, price: { nowE4: 1, next: null } }, torn)];
    expect(found.meter.price).toEqual(known);
    expect(found.verdict.kind).toBe("credited");
  });
});

test("what no page claims is blank or foreign", () => {
  expect(readCard(new Uint8Array(256).fill(0xff))).toEqual({ kind: "blank" });
  expect(readCard(new Uint8Array(256))).toEqual({ kind: "foreign" });
  expect(readCard(new Uint8Array(112))).toEqual({ kind: "foreign" });
});
