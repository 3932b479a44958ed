/**
 * How one family of readers is told to work on memory cards. There is no one standard for it: makers use pseudo-APDUs of
 * their own (facts: docs/devices.md). A dialect is pure; a chip or an operation that its readers are not known to take is
 * left out, and is then refused before a byte is sent. CPU cards take their APDUs as they are, everywhere.
 */
import type { ReaderChip } from "../card-reader.ts";
import type { Conversation } from "./conversation.ts";

export type MemoryChip = Exclude<ReaderChip, "cpu">;

export interface MemoryCardDialect {
  readonly name: string;
  readonly chips: Readonly<Partial<Record<MemoryChip, ChipDialect>>>;
}

export interface ChipDialect {
  /** Powers the chip up anew. null: the reader has no command for it; whoever holds the line does it by other means. */
  readonly select: (() => Conversation<null>) | null;
  read(offset: number, length: number): Conversation<Uint8Array>;
  /** Never reads back, except where the reader gives no other sign: that is the script executor's. */
  write(offset: number, data: Uint8Array): Conversation<null>;
  /** The counter of wrong secrets as the chip holds it. Left out: it can't be asked, so no secret is ever shown here. */
  counter?(): Conversation<number>;
  /** The counter after it. Only after `counter`. */
  present?(secret: Uint8Array): Conversation<number>;
  /** `presented`: the secret that is open now. Ends by presenting the new one; the counter after that. */
  rekey?(presented: Uint8Array, secret: Uint8Array): Conversation<number>;
  erase?(offset: number, key: Uint8Array): Conversation<null>;
}

/** Main memory of each chip, and what its secret and counter look like (facts: gascard's chips; the same numbers). */
export const memoryBytes: Readonly<Record<MemoryChip, number>> = {
  sle4442: 256,
  sle4428: 1024,
  at24c01: 128,
  at24c02: 256,
  at24c16: 2048,
  at88sc102: 178,
};
export const sle4442Secret = { bytes: 3, full: 0x07 } as const;
export const sle4428Secret = { bytes: 2, full: 0xff, counterAt: 1021, at: 1022 } as const;
export const at88sc102Facts = {
  secretBytes: 2,
  full: 0xff,
  /** Byte addresses: security code, its attempts counter. */
  secretAt: 10,
  counterAt: 12,
  zones: [
    { offset: 22, length: 64, keyAt: 86, keyBytes: 6 },
    { offset: 92, length: 64, keyAt: 156, keyBytes: 4 },
  ],
} as const;
