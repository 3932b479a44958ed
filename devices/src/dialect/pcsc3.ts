/**
 * Storage cards by PC/SC part 3: READ BINARY, UPDATE BINARY. Readers that keep to it have no command for an error counter,
 * and a secret is never shown before its counter was read: so here cards with a secret are read and never written, and
 * only I²C memories, which have none, are written.
 */
import { assertInside, bytes, inPieces, outInPieces } from "./conversation.ts";
import { type ChipDialect, type MemoryCardDialect, type MemoryChip, memoryBytes } from "./memoryCardDialect.ts";

const atMost = 255;

function chip(kind: MemoryChip): ChipDialect {
  return {
    select: null,
    read: (offset, length) => {
      assertInside(memoryBytes[kind], offset, length);
      const piece = (at: number, size: number) => bytes(Uint8Array.of(0xff, 0xb0, at >> 8, at & 0xff, size), size);
      return inPieces(offset, length, atMost, piece);
    },
    write: (offset, data) => {
      assertInside(memoryBytes[kind], offset, data.length);
      const piece = (at: number, part: Uint8Array) =>
        Uint8Array.of(0xff, 0xd6, at >> 8, at & 0xff, part.length, ...part);
      return outInPieces(offset, data, atMost, piece);
    },
  };
}

export const pcsc3: MemoryCardDialect = {
  name: "pcsc3",
  chips: {
    sle4442: chip("sle4442"),
    sle4428: chip("sle4428"),
    at24c01: chip("at24c01"),
    at24c02: chip("at24c02"),
    at24c16: chip("at24c16"),
  },
};
