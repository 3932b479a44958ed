import type { ByteRange } from "../area.ts";
import { erasedByte } from "../chips/chip.ts";
import { chips } from "../chips/chips.ts";
import type { ChipKind } from "../script.ts";

/** Bits that have already flipped when power goes in the middle of an erase or a programming. */
export type Masks = readonly number[];
export const manyMasks: Masks = [0x01, 0x80, 0x0f, 0xf0, 0x55, 0xaa, 0x7f, 0xfe];
export const fewMasks: Masks = [0x0f, 0x55];

/**
 * Every image that a card can be left with when it is pulled during these writes, in order: first the untouched one, last
 * the finished one. Between them, byte by byte: half erased, erased, half programmed, done. A chip whose system writes a
 * command whole or not at all has nothing in between.
 */
export function cutImages(
  chip: ChipKind,
  before: Uint8Array,
  after: Uint8Array,
  writes: readonly ByteRange[],
  masks: Masks,
): Uint8Array[] {
  const { kind } = chips[chip].write;
  const card = before.slice();
  const found = [card.slice()];
  for (const { offset, length } of writes) {
    if (kind === "command") {
      card.set(after.subarray(offset, offset + length), offset);
      found.push(card.slice());
      continue;
    }
    for (let at = offset; at < offset + length; at++) {
      for (const byte of cutByte(card[at] ?? 0, after[at] ?? 0, masks, kind === "zone")) {
        card[at] = byte;
        found.push(card.slice());
      }
    }
  }
  return found;
}

function cutByte(old: number, wanted: number, masks: Masks, onlyDown: boolean): number[] {
  const falling = [...masks.map((mask) => wanted | (mask & (onlyDown ? old : erasedByte))), wanted];
  return onlyDown ? falling : [...masks.map((mask) => old | mask), erasedByte, ...falling];
}
