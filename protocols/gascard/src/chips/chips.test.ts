import { describe, expect, test } from "vitest";
import { chipOfAtr, chips, counterLeft, secretState } from "./chips.ts";

test("tries left are counted, whichever bits the reader cleared", () => {
  expect([0, 1, 2, 3, 4, 5, 6, 7].map((counter) => counterLeft(counter))).toEqual([0, 1, 1, 2, 1, 2, 2, 3]);
  expect([0xff, 0x7f, 0xfe, 0x0f, 0x01, 0x00].map((counter) => counterLeft(counter, "sle4428"))).toEqual([
    8, 7, 7, 4, 1, 0,
  ]);
});

test.for([
  ["sle4442", 0x07, "full"],
  ["sle4442", 0x05, "oneShort"],
  ["sle4442", 0x01, "low"],
  ["sle4442", 0x00, "locked"],
  ["sle4442", null, "locked"],
  ["sle4428", 0xff, "full"],
  ["sle4428", 0xef, "oneShort"],
  ["sle4428", 0x80, "low"],
  ["sle4428", 0x00, "locked"],
  ["at88sc102", 0xff, "full"],
  ["at88sc102", 0x7f, "oneShort"],
  ["at88sc102", 0x1f, "low"],
  ["at88sc102", 0x0f, "locked"],
  ["at24c02", null, "full"],
  ["cpu", null, "full"],
] as const)("the counter of a %s at %s is %s", ([chip, counter, state]) => {
  expect(secretState(chip, counter)).toBe(state);
});

test("a chip is known by its own ATR, a CPU card by any other that is one", () => {
  const atrs: [string | null, string | null][] = [
    ["3b04a2131091", "sle4442"],
    ["3b0492231091", "sle4428"],
    ["3b044932432e", "at24c02"],
    ["3b6900005a5350303132333435", "cpu"],
    ["3b04ffffffff", null],
    ["3b04", null],
    ["3B04A2131091", null],
    ["", null],
    [null, null],
  ];
  for (const [atr, chip] of atrs) expect(chipOfAtr(atr)).toBe(chip);
});

describe.each(Object.values(chips))("$kind", (chip) => {
  test("its facts hold together", () => {
    expect(chips[chip.kind]).toBe(chip);
    const end = Math.max(0, ...chip.readable.map(({ offset, length }) => offset + length));
    expect(end).toBe(chip.memoryBytes ?? 0);
    expect(chip.firstFreeByte).toBeLessThanOrEqual(end);
    // A chip with a secret lets it be presented, and nobody presents one without having read the counter.
    expect(chip.steps.includes("present")).toBe(chip.secret !== null);
    expect(chip.steps.includes("counter")).toBe(chip.secret !== null);
  });
});

test("the zones of an AT88SC102 lie one behind the other", () => {
  const { write } = chips.at88sc102;
  if (write.kind !== "zone") throw new Error("no zones");
  let next = 0;
  for (const zone of write.zones) {
    expect([zone.name, zone.offset]).toEqual([zone.name, next]);
    next += zone.length;
  }
  expect(next).toBe(chips.at88sc102.memoryBytes);
});
