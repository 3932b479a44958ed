import type { ByteRange } from "../area.ts";
import type { ChipKind, ScriptStep } from "../script.ts";

/**
 * What planning, probing and judging a card need to know of its chip (facts: cards.md §2.1). Pure data: what the wire to
 * the chip looks like is the reader's business, what its bytes mean the layout's.
 */
export interface Chip {
  readonly kind: ChipKind;
  /** For people. */
  readonly name: string;
  /** The ATR as a PC/SC reader gives it, lower-case hex; null: it has none of its own, or many. */
  readonly atr: string | null;
  /** Length of an image. null: that is up to the application on the card. */
  readonly memoryBytes: number | null;
  /** What of it a probe reads; the rest (codes, counters) reads differently by the moment, and is FF in every image. */
  readonly readable: readonly ByteRange[];
  /** What no issuer writes: the chip's answer to reset, its maker's data. The first byte that is the layout's. */
  readonly firstFreeByte: number;
  readonly secret: ChipSecret | null;
  readonly write: ChipWrite;
  /** Steps that a script for this chip may hold. */
  readonly steps: readonly ScriptStep["op"][];
}

/** The secret that opens writing, and the counter of wrong ones. It stays open until power goes off. */
export interface ChipSecret {
  readonly bytes: number;
  /** The counter with all tries left. A wrong secret clears one bit, whichever the reader picks; a right one sets all. */
  readonly counterFull: number;
  /** With so many one-bits left the chip refuses for ever (or may: where datasheets differ, the careful reading). */
  readonly lockedAtBits: number;
}

/** How a write goes, and what a cut can leave. */
export type ChipWrite =
  /** Each byte by itself: up to FF (erase), then down to its value (program). In between any one-bits of either. */
  | { readonly kind: "byte" }
  /**
   * A page at a time: all bytes of it that a command changes go up and down together, in no order that could be relied
   * on. Scripts therefore write such a chip byte by byte.
   */
  | { readonly kind: "page"; readonly pageBytes: number }
  /** Bits can only be cleared; going up needs a whole zone erased by its key. */
  | { readonly kind: "zone"; readonly zones: readonly ChipZone[] }
  /** One finished command writes its range or nothing: the card's operating system keeps that promise. */
  | { readonly kind: "command"; readonly commandBytes: number };

export interface ChipZone extends ByteRange {
  readonly name: string;
  /** Bytes of the key that erases it; 0: it can't be erased. */
  readonly eraseKeyBytes: number;
}

/** What a byte holds after its erase and before its programming; the same on all chips known here. */
export const erasedByte = 0xff;
