import type { Chip } from "./chip.ts";

/**
 * The SLE4442 / SLE5542 (and ISSI, FM clones). All of its memory can always be read; writing needs the secret. The error
 * counter has three bits (07 → 03 → 01 → 00); a counter of 0 locks the chip for ever. An erase or a program step of one
 * byte takes 2.5 ms.
 */
export const sle4442 = {
  kind: "sle4442",
  name: "SLE4442",
  atr: "3b04a2131091",
  /** Main memory bytes 0-3: the chip's own answer to reset. No layout writes them. */
  atrBytes: [0xa2, 0x13, 0x10, 0x91],
  memoryBytes: 256,
  readable: [{ offset: 0, length: 256 }],
  /** Bytes 0-31 can each be locked for ever by the chip's protection memory. */
  firstFreeByte: 32,
  secret: { bytes: 3, counterFull: 0x07, lockedAtBits: 0 },
  write: { kind: "byte" },
  steps: ["select", "read", "counter", "present", "write", "rekey"],
} as const satisfies Chip & { atrBytes: readonly number[] };
