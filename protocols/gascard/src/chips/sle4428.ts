import type { Chip } from "./chip.ts";

/**
 * The SLE4428 / SLE5528: 1024 bytes, each lockable once. The last three are the error counter (8 bits, FF full) and the
 * secret (2 bytes): they read differently once the secret was given, so they are no part of an image. Bytes 0-7 and 21-26
 * are often locked by the factory.
 */
export const sle4428 = {
  kind: "sle4428",
  name: "SLE4428",
  atr: "3b0492231091",
  atrBytes: [0x92, 0x23, 0x10, 0x91],
  memoryBytes: 1021,
  readable: [{ offset: 0, length: 1021 }],
  firstFreeByte: 32,
  secret: { bytes: 2, counterFull: 0xff, lockedAtBits: 0 },
  write: { kind: "byte" },
  steps: ["select", "read", "counter", "present", "write", "rekey"],
} as const satisfies Chip & { atrBytes: readonly number[] };
