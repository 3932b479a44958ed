import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { bytesOf, toHex } from "../hex.ts";
import type { MeterRow } from "../state/rows.ts";
import { readPurchase, readReturn } from "./areas.ts";
import { crc16 } from "./bytes.ts";
import { takeCard } from "./meter.ts";
import { pages } from "./pages.ts";
import { readCard } from "./reading.ts";
import { amountText, verdictText } from "./words.ts";

/**
 * Goal: the meter keeps to docs/cards/open-b.md. The bytes below are the page's own worked examples, typed in as
 * published, not made by any code of ours.
 */
const VOLUME = {
  identity: "43474f420101010009960311203086ff0000000000000000000000000000e2c8",
  parameters: "7f96980000000000000000000000e8a6",
  issued: "ff00000000000000000000000000ffa264",
  issuedReturn: "0000000000000000b88800000000000000ffcef2",
  seenReturn: "58000000f87a0000b8880000c00d000000ff85b5",
  bought: "00c0d4010020261123c0d4010001008025",
  takenReturn: "58000000f87a0000785d020080e20100010037f4",
};
const MONEY = {
  identity: "43474f420101020009960311203086ff0000000000000000000000000000bbcd",
  issuedReturn: "000000000000000050c300000000000000ff70f8",
  seenReturn: "58000000f87a000050c30000fa00000000ffb34b",
  takenReturn: "58000000f87a000010980200bad50100010063bb",
};

function image(areas: { identity: string; purchase: string; returned: string; parameters?: string }): Uint8Array {
  const bytes = new Uint8Array(256).fill(0xff);
  bytes.set(bytesOf("a2131091"), 0);
  bytes.set(bytesOf(areas.identity), 32);
  bytes.set(bytesOf(areas.parameters ?? VOLUME.parameters), 64);
  bytes.set(bytesOf(areas.purchase), 80);
  bytes.set(bytesOf(areas.returned), 128);
  return bytes;
}

function purchase(count: number, amount: number): string {
  const bytes = new Uint8Array(17);
  const view = new DataView(bytes.buffer);
  view.setUint8(0, count & 0xff);
  view.setUint32(1, amount, true);
  view.setUint32(5, 0x20261123);
  view.setUint32(9, amount, true);
  view.setUint16(13, count);
  view.setUint16(15, crc16(bytes.subarray(0, 15)));
  return toHex(bytes);
}

const METER: MeterRow = {
  id: "m",
  label: "m",
  device: "meter",
  unit: "volume",
  boundTo: { areaCode: "0996", cardNumber: "0311203086" },
  replacement: 0,
  count: 255,
  totalCredited: 35_000,
  remaining: 3_520,
  registerL: 31_480,
  valve: "open",
  batteryLow: false,
};
const CARD = image({ identity: VOLUME.identity, purchase: VOLUME.bought, returned: VOLUME.seenReturn });

test("the checksum's published check value", () => {
  expect(crc16(Buffer.from("123456789"))).toBe(0x29b1);
});

describe("the worked examples", () => {
  test("volume: first insertion of an issued card, then the purchase", () => {
    const unbound = { ...METER, boundTo: null, count: 0, totalCredited: 0 };
    const issued = image({ identity: VOLUME.identity, purchase: VOLUME.issued, returned: VOLUME.issuedReturn });
    const first = takeCard(unbound, issued);
    expect(first.verdict).toEqual({ kind: "alreadyTaken", count: 255 });
    expect(first.meter).toEqual({ ...METER, limits: { alarm: 0, overdraft: 0 } });
    expect(toHex(first.returnArea ?? new Uint8Array())).toBe(VOLUME.seenReturn);
    const second = takeCard(first.meter, CARD);
    expect(second.verdict).toEqual({ kind: "credited", amount: 120_000, count: 256 });
    expect(second.meter).toMatchObject({ count: 256, totalCredited: 155_000, remaining: 123_520 });
    expect(toHex(second.returnArea ?? new Uint8Array())).toBe(VOLUME.takenReturn);
  });

  test("money: the same", () => {
    const meter: MeterRow = { ...METER, unit: "money", boundTo: null, count: 0, totalCredited: 0, remaining: 250 };
    const first = takeCard(
      meter,
      image({ identity: MONEY.identity, purchase: VOLUME.issued, returned: MONEY.issuedReturn }),
    );
    expect(toHex(first.returnArea ?? new Uint8Array())).toBe(MONEY.seenReturn);
    const second = takeCard(
      first.meter,
      image({ identity: MONEY.identity, purchase: VOLUME.bought, returned: MONEY.seenReturn }),
    );
    expect(toHex(second.returnArea ?? new Uint8Array())).toBe(MONEY.takenReturn);
  });

  test("what the card says before and after", () => {
    expect(readCard(CARD)).toMatchObject({ kind: "user", onCard: 120_000, identity: { cardNumber: "0311203086" } });
    expect(
      readCard(image({ identity: VOLUME.identity, purchase: VOLUME.bought, returned: VOLUME.takenReturn })),
    ).toMatchObject({
      onCard: 0,
      returned: { acceptedCount: 256, registerL: 31_480, remaining: 123_520, valveClosed: false },
    });
    expect(readPurchase(CARD, pages["open-b"])).toEqual({
      count: 256,
      amount: 120_000,
      total: null,
      boughtOn: "2026-11-23",
    });
    expect(readCard(new Uint8Array(256).fill(0xff))).toEqual({ kind: "blank" });
    expect(readCard(new Uint8Array(256))).toEqual({ kind: "foreign" });
  });
});

describe("cases", () => {
  test("the same card again credits nothing and refreshes the return area", () => {
    const first = takeCard(METER, CARD);
    const again = takeCard({ ...first.meter, remaining: 100_000 }, CARD);
    expect(again.verdict).toEqual({ kind: "alreadyTaken", count: 256 });
    expect(again.meter.totalCredited).toBe(155_000);
    expect(again.returnArea).not.toBeNull();
  });

  test("an amount of 0 takes the number and credits nothing", () => {
    const card = image({ identity: VOLUME.identity, purchase: purchase(256, 0), returned: VOLUME.seenReturn });
    const { verdict, meter } = takeCard({ ...METER, remaining: 9_999_999 }, card);
    expect(verdict).toEqual({ kind: "credited", amount: 0, count: 256 });
    expect(meter).toMatchObject({ count: 256, totalCredited: 35_000 });
  });

  test.each([254, 257, 0])("count %i is refused with error 2 and the card is told", (count) => {
    const card = image({ identity: VOLUME.identity, purchase: purchase(count, 5), returned: VOLUME.seenReturn });
    const { verdict, meter, returnArea } = takeCard(METER, card);
    expect(verdict).toMatchObject({ kind: "refused", errorCode: 2 });
    expect(meter).toMatchObject(METER);
    expect(returnArea?.[2]).toBe(2);
  });

  test("above the ceiling is refused, up to it is taken", () => {
    const at = { ...METER, remaining: 9_999_999 - 120_000 };
    expect(takeCard(at, CARD).verdict.kind).toBe("credited");
    expect(takeCard({ ...at, remaining: at.remaining + 1 }, CARD).verdict).toMatchObject({ errorCode: 3 });
  });

  test("a torn purchase or parameter area is error 1", () => {
    for (const offset of [64, 78, 80, 81, 85, 89, 93, 96]) {
      const card = CARD.slice();
      card[offset] = (card[offset] ?? 0) ^ 0x40;
      expect(takeCard(METER, card).verdict).toMatchObject({ errorCode: 1 });
    }
  });

  test("other accounts, units, tool cards, replaced and damaged cards: nothing is written", () => {
    const reasons = [
      takeCard({ ...METER, boundTo: { areaCode: "0996", cardNumber: "0311203087" } }, CARD),
      takeCard({ ...METER, boundTo: { areaCode: "996", cardNumber: "0311203086" } }, CARD),
      takeCard({ ...METER, unit: "money" }, CARD),
      takeCard({ ...METER, replacement: 1 }, CARD),
      takeCard(METER, withIdentity({ 37: 2 })),
      takeCard(METER, withIdentity({ 36: 2 })),
      takeCard(METER, new Uint8Array(256).fill(0xff)),
    ].map(({ verdict, returnArea }) => {
      expect(returnArea).toBeNull();
      return verdict.kind === "notOurs" ? verdict.reason : verdict.kind;
    });
    expect(reasons).toEqual([
      "otherAccount",
      "otherAccount",
      "otherUnit",
      "oldCard",
      "toolCard",
      "badIdentity",
      "foreign",
    ]);
  });

  test("a replacement card is remembered, so the old one is refused afterwards", () => {
    const { meter } = takeCard(METER, withIdentity({ 39: 1 }));
    expect(meter.replacement).toBe(1);
    expect(takeCard(meter, CARD).verdict).toEqual({ kind: "notOurs", reason: "oldCard" });
  });

  test("an unbound meter and a damaged return area: it starts from 0", () => {
    const card = image({ identity: VOLUME.identity, purchase: purchase(1, 7), returned: "ff".repeat(20) });
    const { meter, verdict } = takeCard({ ...METER, boundTo: null }, card);
    expect(verdict).toEqual({ kind: "credited", amount: 7, count: 1 });
    expect(meter.totalCredited).toBe(7);
  });
});

function withIdentity(changes: Record<number, number>): Uint8Array {
  const card = CARD.slice();
  for (const [offset, value] of Object.entries(changes)) card[Number(offset)] = value;
  new DataView(card.buffer).setUint16(62, crc16(card.subarray(32, 62)));
  return card;
}

test("no sequence of cards makes a meter credit one number twice or without its amount", () => {
  const cards = fc.array(fc.tuple(fc.integer({ min: 0, max: 6 }), fc.integer({ min: 0, max: 50 })), { maxLength: 40 });
  fc.assert(
    fc.property(cards, (list) => {
      let meter: MeterRow = { ...METER, count: 0, totalCredited: 0, remaining: 0 };
      const credited = new Map<number, number>();
      for (const [count, amount] of list) {
        const card = image({
          identity: VOLUME.identity,
          purchase: purchase(count, amount),
          returned: VOLUME.seenReturn,
        });
        const outcome = takeCard(meter, card);
        meter = outcome.meter;
        if (outcome.verdict.kind === "credited") {
          expect(credited.has(count)).toBe(false);
          credited.set(count, amount);
        }
        if (outcome.returnArea !== null) card.set(outcome.returnArea, 128);
        expect(readReturn(card, pages["open-b"])).toMatchObject({
          acceptedCount: meter.count,
          totalCredited: meter.totalCredited,
        });
      }
      expect(meter.totalCredited).toBe([...credited.values()].reduce((sum, amount) => sum + amount, 0));
    }),
  );
});

test("amounts for people", () => {
  expect(amountText(47_400, "volume").zh).toBe("47.4 方");
  expect(amountText(-50, "money").zh).toBe("-0.50 元");
  expect(verdictText({ kind: "credited", amount: 120_000, count: 2 }, "money").zh).toBe("已充入 1200.00 元（第 2 次）");
});
