/**
 * A virtual AT24C01/02/16: plain I²C memory, as its datasheet tells it. Nobody is asked for anything. A write goes into a
 * page buffer; an address that runs over the page's end goes on at its beginning. The chip then erases and programs the
 * bytes that were sent, all of them at once, in one cycle that a pulled card cuts anywhere.
 */
import { bytesOf, toHex } from "../hex.ts";
import type { Chip, WriteCycle } from "./chip.ts";

const SIZES = { at24c01: [128, 8], at24c02: [256, 8], at24c16: [2048, 16] } as const;

export type At24cKind = keyof typeof SIZES;

export interface At24cState {
  kind: At24cKind;
  memoryHex: string;
}

/** The chip has no answer to reset: a reader makes one up of the letters "I2C." */
const ATR = "3b044932432e";

export class At24c implements Chip {
  readonly kind: At24cKind;
  readonly atr = ATR;
  readonly secretState = "none";
  readonly #memory: Uint8Array;
  readonly #pageBytes: number;

  constructor(size: At24cKind) {
    const [bytes, pageBytes] = SIZES[size];
    this.kind = size;
    this.#memory = new Uint8Array(bytes).fill(0xff);
    this.#pageBytes = pageBytes;
  }

  static of({ kind, memoryHex }: At24cState): At24c {
    const chip = new At24c(kind);
    chip.#memory.set(bytesOf(memoryHex).subarray(0, chip.#memory.length));
    return chip;
  }

  state(): At24cState {
    return { kind: this.kind, memoryHex: toHex(this.#memory) };
  }

  image(): Uint8Array {
    return this.#memory.slice();
  }

  powerOff(): void {}

  open(): boolean {
    return true;
  }

  /** A page at a time, wherever in it the data begins. */
  cycles(offset: number, data: Uint8Array): WriteCycle[] {
    const cycles: WriteCycle[] = [];
    for (let at = 0; at < data.length; ) {
      const address = offset + at;
      const part = data.slice(at, at + this.#pageBytes - (address % this.#pageBytes));
      cycles.push({
        bytes: part.length,
        erase: () => this.writePage(address, part, "erased"),
        program: () => this.writePage(address, part),
      });
      at += part.length;
    }
    return cycles;
  }

  /** Reading goes on from the last byte to the first. */
  read(address: number, length: number): Uint8Array {
    const bytes = new Uint8Array(length);
    for (let i = 0; i < length; i++) bytes[i] = this.#memory[(address + i) % this.#memory.length] ?? 0;
    return bytes;
  }

  /** One page write. `cut`: power goes after the erase, before the programming. */
  writePage(address: number, data: Uint8Array, cut: "erased" | null = null): void {
    const page = address - (address % this.#pageBytes);
    const cells = [...data].map((value, i) => [page + ((address - page + i) % this.#pageBytes), value] as const);
    for (const [at, value] of cells) this.#memory[at % this.#memory.length] = cut === "erased" ? 0xff : value;
  }
}
