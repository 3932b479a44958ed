import { fromHex } from "./hex.ts";
import type { ScriptStep } from "./script.ts";
import { sle4442 } from "./sle4442.ts";

/** Bits that have already flipped when power goes in the middle of an erase or a programming. */
export type Masks = readonly number[];
export const manyMasks: Masks = [0x01, 0x80, 0x0f, 0xf0, 0x55, 0xaa, 0x7f, 0xfe];
export const fewMasks: Masks = [0x0f, 0x55];

/**
 * Every image a card can be left with when it is pulled during a plan's writes: before each byte, with the byte half
 * erased, erased, half programmed and done. First the untouched image, last the finished one.
 */
export function cuts(image: Uint8Array, steps: readonly ScriptStep[], masks: Masks): Uint8Array[] {
  const card = image.slice();
  const found = [card.slice()];
  const leave = (at: number, byte: number) => {
    card[at] = byte;
    found.push(card.slice());
  };
  for (const step of steps) {
    if (step.op !== "write") continue;
    const data = fromHex(step.data) ?? new Uint8Array(0);
    data.forEach((byte, i) => {
      const at = step.offset + i;
      const old = card[at] ?? 0;
      for (const mask of masks) leave(at, old | mask);
      leave(at, sle4442.erasedByte);
      for (const mask of masks) leave(at, byte | mask);
      leave(at, byte);
    });
  }
  return found;
}
