import { describe, expect, test } from "vitest";
import { account, amount, bothLayouts, sale } from "./cards.testkit.ts";
import { classify } from "./classify.ts";

describe.each(bothLayouts)("%s", (_name, driver) => {
  const { before, after, refundAfter, purchase, meterWrites, totalAfter } = sale(driver);
  const { totalBefore } = purchase;
  const seen = (now: Uint8Array) => classify(driver, now, before, after, null, purchase);
  const seenAfterRefund = (now: Uint8Array) => classify(driver, now, before, after, refundAfter, purchase);
  const change = (image: Uint8Array, at: number, byte: number) => {
    const changed = image.slice();
    changed[at] = byte;
    return changed;
  };
  const badReturn = (image: Uint8Array) => change(image, 146, (image[146] ?? 0) ^ 0xff);

  test("the plain answers", () => {
    expect(seen(before)).toBe("unwritten");
    expect(seen(after)).toBe("written");
    expect(seenAfterRefund(before)).toBe("unwritten");
    expect(seenAfterRefund(after)).toBe("written");
    expect(seenAfterRefund(refundAfter)).toBe("refundImage");
  });

  test("consumed comes first, whatever the purchase area says", () => {
    for (const image of [before, after, refundAfter, change(after, 82, 0xff)]) {
      expect(seenAfterRefund(meterWrites(image, 8, totalAfter))).toBe("consumed");
    }
  });

  test("a count alone is not consumed", () => {
    expect(seen(meterWrites(after, 8, totalBefore))).toBe("other");
    expect(seen(meterWrites(after, 8, totalAfter - 1))).toBe("other");
    expect(seen(meterWrites(before, 8, totalBefore))).toBe("other");
  });

  test("consumed is believed on a replacement of the card, not on another account's", () => {
    const format = { ...account, count: 8, totalCredited: totalAfter };
    const replaced = meterWrites(driver.format({ ...format, replacement: 1 }), 8, totalAfter);
    expect(seen(replaced)).toBe("consumed");
    expect(seen(meterWrites(driver.format({ ...format, cardNumber: "0311203087" }), 8, totalAfter))).toBe("other");
    expect(seen(meterWrites(driver.format({ ...format, areaCode: "0997" }), 8, totalAfter))).toBe("other");
  });

  test("a meter that only refreshed its area changes nothing", () => {
    expect(seen(meterWrites(before, 7, totalBefore))).toBe("unwritten");
    expect(seen(meterWrites(after, 7, totalBefore))).toBe("written");
    expect(seen(meterWrites(change(after, 96, 0xff), 7, totalBefore))).toBe("torn");
    expect(seenAfterRefund(meterWrites(refundAfter, 7, totalBefore))).toBe("refundImage");
  });

  test("a meter that moved in any other way is a matter for a person", () => {
    for (const image of [before, after, refundAfter, change(after, 96, 0xff)]) {
      for (const [count, total] of [
        [6, totalBefore],
        [7, totalBefore + 1],
        [9, totalBefore],
        [9, totalAfter],
      ] as const) {
        expect(seenAfterRefund(meterWrites(image, count, total))).toBe("other");
      }
    }
  });

  test("a refund image that the meter took is one as long as the total stood still", () => {
    expect(seenAfterRefund(meterWrites(refundAfter, 8, totalBefore))).toBe("refundImage");
    expect(seenAfterRefund(meterWrites(refundAfter, 8, totalAfter))).toBe("consumed");
    expect(seenAfterRefund(meterWrites(refundAfter, 8, totalBefore + 1))).toBe("other");
  });

  test("a refund image nobody issued is not ours", () => {
    expect(seen(refundAfter)).toBe("other");
  });

  test("a return area torn by the meter settles only a purchase that is whole on the card; with less of it, it is written again and never refunded", () => {
    expect(seen(badReturn(after))).toBe("written");
    expect(seen(badReturn(before))).toBe("torn");
    expect(seen(badReturn(change(after, 96, 0xff)))).toBe("torn");
    // With the refund image whole the meter is asked once more: its next writing can be read.
    expect(seenAfterRefund(badReturn(refundAfter))).toBe("refundUnread");
    expect(seenAfterRefund(meterWrites(badReturn(refundAfter), 8, totalBefore))).toBe("refundImage");
    expect(seenAfterRefund(meterWrites(badReturn(refundAfter), 8, totalAfter))).toBe("consumed");
  });

  test("bytes that no writing of ours explains", () => {
    expect(seen(change(before, 81, (after[81] ?? 0) ^ 0xff))).toBe("other");
    expect(seen(change(before, 100, 0))).toBe("other");
    expect(seen(change(before, 66, 0))).toBe("other");
    expect(seen(change(before, 45, 0))).toBe("other");
    expect(seen(change(after, 20, 0))).toBe("other");
    expect(seen(new Uint8Array(256))).toBe("other");
    expect(seen(new Uint8Array(128))).toBe("other");
  });

  test("another terminal's purchase is not a torn one of ours", () => {
    // Amounts that hold all one-bits of ours: byte by byte each looks like ours half programmed, some even by checksum.
    for (let more = 0; more < 0x40; more++) {
      for (const high of [0, 0x0100, 0x0200, 0x0800, 0x2000, 0x2900, 0x2b00]) {
        const value = 120_000 | more | high;
        if (value === 120_000) continue;
        const theirs = driver.purchaseImage(before, { ...purchase, amount: amount(driver, value) });
        expect(seen(theirs)).toBe("other");
      }
    }
  });

  test("a resumed script that wrote nothing leaves a torn card, never an unwritten one", () => {
    const torn = change(after, 95, 0xff);
    expect(classify(driver, torn, torn, after, null, purchase)).toBe("torn");
  });

  test("a torn refund image is torn", () => {
    expect(seenAfterRefund(change(refundAfter, 96, 0xff))).toBe("torn");
  });

  test("a card's first time in a meter is measured against the books", () => {
    const fresh = driver.format({ ...account, count: 7, totalCredited: totalBefore });
    const bought = driver.purchaseImage(fresh, purchase);
    const firstSeen = (now: Uint8Array) => classify(driver, now, fresh, bought, null, purchase);
    expect(firstSeen(fresh)).toBe("unwritten");
    expect(firstSeen(bought)).toBe("written");
    expect(firstSeen(meterWrites(fresh, 7, totalBefore))).toBe("unwritten");
    expect(firstSeen(meterWrites(bought, 7, totalBefore))).toBe("written");
    expect(firstSeen(meterWrites(bought, 8, totalAfter))).toBe("consumed");
    expect(firstSeen(meterWrites(bought, 7, totalAfter))).toBe("other");
  });

  test("a card that forgot its meter is not as we left it", () => {
    const fresh = driver.format({ ...account, count: 7, totalCredited: totalBefore });
    const forgot = after.slice();
    forgot.set(fresh.subarray(128, 148), 128);
    expect(seen(forgot)).toBe("other");
  });

  test("stored images of another length are the programmer's mistake", () => {
    expect(() => classify(driver, before, before.subarray(1), after, null, purchase)).toThrow("256");
  });
});
