/** Goal: each chip writes as its datasheet has it, cut or whole, and is the same chip after a restart. */
import { describe, expect, test } from "vitest";
import { toHex } from "../hex.ts";
import { type AnyChipState, chipFrom, writeWhole } from "./chips.ts";
import { blankChip } from "./sle4442.ts";

const plain = (bytes: number): string => "ff".repeat(bytes);
const chips: [string, AnyChipState, at: number][] = [
  ["sle4442", blankChip("123456"), 40],
  ["sle4428", { kind: "sle4428", memoryHex: `92231091${plain(1018)}1234`, lockedBytes: [0, 1, 2, 3] }, 40],
  ["at24c01", { kind: "at24c01", memoryHex: plain(128) }, 5],
  ["at24c02", { kind: "at24c02", memoryHex: plain(256) }, 5],
  ["at24c16", { kind: "at24c16", memoryHex: plain(2048) }, 13],
  ["at88sc102", { kind: "at88sc102", memoryHex: `${plain(10)}1234${plain(166)}` }, 30],
  [
    "cpu",
    {
      kind: "cpu",
      aidHex: "a001",
      cipher: "3des",
      files: [
        { sfi: 1, contentHex: "00000000", keyHex: "01".repeat(16) },
        { sfi: 2, contentHex: "00000000", keyHex: "02".repeat(16) },
      ],
      externalKeyHex: "03".repeat(16),
      tries: 3,
    },
    2,
  ],
];
const data = Uint8Array.of(0x11, 0x22, 0x33, 0x44);

describe.each(chips)("%s", (_name, state, at) => {
  const bytesAt = (chip: ReturnType<typeof chipFrom>): string => toHex(chip.image().slice(at, at + data.length));

  test("takes bytes with its secret only, and keeps them over a restart", () => {
    const chip = chipFrom(state);
    const closed = bytesAt(chip);
    if (chip.secretState !== "none") {
      writeWhole(chip, at, data, null);
      expect(bytesAt(chip)).toBe(closed);
    }
    expect(chip.open()).toBe(true);
    expect(writeWhole(chip, at, data, null)).toBe(false);
    expect(bytesAt(chip)).toBe("11223344");
    const again = chipFrom(chip.state());
    expect(again.state()).toEqual(chip.state());
    expect(again.image()).toEqual(chip.image());
    expect(again.secretState).toBe(chip.secretState);
  });

  test("pulled after two bytes: those are there, nothing after the cut is", () => {
    const chip = chipFrom(state);
    const before = bytesAt(chip);
    chip.open();
    expect(writeWhole(chip, at, data, 2)).toBe(true);
    // A CPU card takes a command whole or not at all.
    const left = chip.kind === "cpu" ? before.slice(0, 8) : `1122${before.slice(4)}`;
    expect(bytesAt(chip)).toBe(left);
  });
});

test("a page chip erases and programs all bytes of a page that one command sends", () => {
  const chip = chipFrom({ kind: "at24c02", memoryHex: "00".repeat(256) });
  const [first, second, ...others] = chip.cycles(5, data);
  expect([first?.bytes, second?.bytes, others.length]).toEqual([3, 1, 0]);
  first?.erase?.();
  expect(toHex(chip.image().slice(4, 10))).toBe("00ffffff0000");
  first?.program?.();
  expect(toHex(chip.image().slice(4, 10))).toBe("001122330000");
});
