/**
 * A virtual AT24C01/02/16: plain I²C memory, as its datasheet tells it. Nobody is asked for anything. A write goes into a
 * page buffer; an address that runs over the page's end goes on at its beginning. The chip then erases and programs the
 * bytes that were sent, all of them at once, in one cycle that a pulled card cuts anywhere.
 */
const SIZES = { at24c01: [128, 8], at24c02: [256, 8], at24c16: [2048, 16] } as const;

export class At24c {
  readonly #memory: Uint8Array;
  readonly #pageBytes: number;

  constructor(size: keyof typeof SIZES) {
    const [bytes, pageBytes] = SIZES[size];
    this.#memory = new Uint8Array(bytes).fill(0xff);
    this.#pageBytes = pageBytes;
  }

  /** Reading goes on from the last byte to the first. */
  read(address: number, length: number): Uint8Array {
    return Uint8Array.from({ length }, (_, i) => this.#memory[(address + i) % this.#memory.length] ?? 0);
  }

  /** One page write. `cut`: power goes after the erase, before the programming. */
  writePage(address: number, data: Uint8Array, cut: "erased" | null = null): void {
    const page = address - (address % this.#pageBytes);
    const cells = [...data].map((value, i) => [page + ((address - page + i) % this.#pageBytes), value] as const);
    for (const [at, value] of cells) this.#memory[at % this.#memory.length] = cut === "erased" ? 0xff : value;
  }
}
