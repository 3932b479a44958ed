import { erasedByte } from "./chips/chip.ts";
import { chips } from "./chips/chips.ts";
import type { ChipKind } from "./script.ts";

/**
 * What an image is that no layout claims. `upsideDown`: all bits equal, so not even the chip's own first bytes could be
 * read (a chip without such bytes is `blank` when all is FF). `blank`: nothing was ever written where layouts write.
 */
export function unclaimedImage(image: Uint8Array, chip: ChipKind): "upsideDown" | "blank" | "foreign" {
  const { firstFreeByte } = chips[chip];
  const all = (value: number): boolean => image.every((byte) => byte === value);
  if (all(0) || (firstFreeByte > 0 && all(erasedByte))) return "upsideDown";
  // Below it the chip's maker may have written what he likes.
  return image.subarray(firstFreeByte).every((byte) => byte === erasedByte) ? "blank" : "foreign";
}
