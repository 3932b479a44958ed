import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { blankChip, Sle4442 } from "./sle4442.ts";

const SECRET = [0x12, 0x34, 0x56] as const;

function chip(): Sle4442 {
  return new Sle4442(blankChip("123456"));
}

/** What a reader does to compare the code. */
function present(card: Sle4442, secret: readonly number[]): boolean {
  if (!card.payAttempt()) return false;
  for (const [index, value] of secret.entries()) card.compare(index, value);
  return card.eraseErrorCounter();
}

function write(card: Sle4442, address: number, value: number): void {
  for (const step of card.updateSteps(address, value)) card.apply(step, address, value);
}

describe("secret", () => {
  test("wrong codes count 07, 03, 01, 00, and then nothing opens the chip, the right code neither", () => {
    const card = chip();
    const seen = [card.errorCounter];
    for (let attempt = 0; attempt < 3; attempt += 1) {
      expect(present(card, [0, 0, 0])).toBe(false);
      seen.push(card.errorCounter);
    }
    expect(seen).toEqual([7, 3, 1, 0]);
    expect(present(card, SECRET)).toBe(false);
    card.powerOff();
    expect(present(card, SECRET)).toBe(false);
    write(card, 40, 0);
    expect(card.read(40, 1)[0]).toBe(0xff);
  });

  test("the right code restores a worn counter", () => {
    const card = chip();
    present(card, [1, 2, 3]);
    expect(card.errorCounter).toBe(3);
    expect(present(card, SECRET)).toBe(true);
    expect(card.errorCounter).toBe(7);
  });

  test("all three bytes must be compared in one attempt", () => {
    const card = chip();
    card.payAttempt();
    card.compare(0, SECRET[0]);
    card.compare(1, SECRET[1]);
    expect(card.eraseErrorCounter()).toBe(false);
    card.payAttempt();
    card.compare(2, SECRET[2]);
    expect(card.eraseErrorCounter()).toBe(false);
    expect(card.errorCounter).toBe(1);
  });

  test("comparing without paying a counter bit opens nothing", () => {
    const card = chip();
    for (const [index, value] of SECRET.entries()) card.compare(index, value);
    expect(card.eraseErrorCounter()).toBe(false);
    expect(card.authorised).toBe(false);
  });

  test("permission ends with power; an attempt cut off by power stays paid", () => {
    const card = chip();
    present(card, SECRET);
    card.powerOff();
    expect(card.updateSteps(40, 0)).toEqual([]);
    card.payAttempt();
    card.powerOff();
    expect(card.errorCounter).toBe(3);
  });

  test("a changed code is the one that opens from then on", () => {
    const card = chip();
    expect(card.changeSecret(Uint8Array.of(9, 9, 9))).toBe(false);
    present(card, SECRET);
    expect(card.changeSecret(Uint8Array.of(9, 9, 9))).toBe(true);
    const later = new Sle4442(card.state());
    expect(present(later, SECRET)).toBe(false);
    expect(present(later, [9, 9, 9])).toBe(true);
  });
});

describe("update", () => {
  test("erases only when a bit must rise, programs only what is not FF", () => {
    const card = chip();
    present(card, SECRET);
    expect(card.updateSteps(40, 0x0f)).toEqual(["program"]);
    write(card, 40, 0x0f);
    expect(card.updateSteps(40, 0x0f)).toEqual([]);
    expect(card.updateSteps(40, 0x07)).toEqual(["program"]);
    expect(card.updateSteps(40, 0xf0)).toEqual(["erase", "program"]);
    expect(card.updateSteps(40, 0xff)).toEqual(["erase"]);
  });

  test("between erase and program the byte is FF", () => {
    const card = chip();
    present(card, SECRET);
    write(card, 40, 0x0f);
    card.apply("erase", 40, 0xf0);
    expect(card.read(40, 1)[0]).toBe(0xff);
    card.apply("program", 40, 0xf0);
    expect(card.read(40, 1)[0]).toBe(0xf0);
  });

  test("without the code nothing changes; locked bytes never do", () => {
    const card = chip();
    write(card, 40, 0);
    expect(card.read(40, 1)[0]).toBe(0xff);
    present(card, SECRET);
    write(card, 0, 0);
    expect(card.read(0, 1)[0]).toBe(0xa2);
    write(card, 10, 0x55);
    expect(card.protect(10, 0x54)).toBe(false);
    expect(card.protect(10, 0x55)).toBe(true);
    expect(card.protect(40, 0xff)).toBe(false);
    write(card, 10, 0x11);
    expect(card.read(10, 1)[0]).toBe(0x55);
    expect([...card.readProtection()]).toEqual([0xf0, 0xfb, 0xff, 0xff]);
  });

  test("any sequence of writes ends in the last value of each unlocked byte, and survives as state", () => {
    const writes = fc.array(fc.tuple(fc.nat(255), fc.nat(255)), { maxLength: 60 });
    fc.assert(
      fc.property(writes, (list) => {
        const card = chip();
        present(card, SECRET);
        const model = card.read();
        for (const [address, value] of list) {
          write(card, address, value);
          if (!card.isProtected(address)) model[address] = value;
        }
        expect([...new Sle4442(card.state()).read()]).toEqual([...model]);
      }),
    );
  });
});
