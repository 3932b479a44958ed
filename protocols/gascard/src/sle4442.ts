import type { ChipKind } from "./script.ts";

/**
 * The SLE4442 / SLE5542 as far as planning needs it (facts: cards.md §2.1).
 *
 * All of its memory can always be read; writing needs the secret, which stays valid until power goes off. Each wrong
 * secret clears one of three bits of the error counter, which one is the reader's choice; a right one sets all three
 * again; a counter of 0 locks the chip for ever. A byte is written by erasing it to FF and then clearing bits, so a
 * byte that was being written when power went may hold anything in between.
 */
export const sle4442 = {
  kind: "sle4442" satisfies ChipKind,
  /** The ATR as a PC/SC reader gives it. */
  atr: "3b04a2131091",
  /** Main memory bytes 0-3: the chip's own answer to reset. No layout writes them. */
  atrBytes: [0xa2, 0x13, 0x10, 0x91],
  mainMemoryBytes: 256,
  /** Bytes 0-31 can each be locked for ever by the chip's protection memory. */
  protectableBytes: 32,
  secretBytes: 3,
  counterFull: 0x07,
  counterLocked: 0x00,
  /** What a byte holds after its erase and before its programming. */
  erasedByte: 0xff,
} as const;

/** Tries left: the number of one-bits among the counter's three, whichever they are. */
export function counterLeft(counter: number): number {
  return [1, 2, 4].filter((bit) => (counter & bit) !== 0).length;
}

/** The chip behind an ATR as the reader gives it (lower-case hex), or null when it is none we know. */
export function chipOfAtr(atr: string | null): ChipKind | null {
  return atr === sle4442.atr ? sle4442.kind : null;
}
