/**
 * A virtual SLE4428 (also SLE5528), as its datasheet tells it: 1024 bytes, each of which can be locked once. Byte 1021 is
 * the error counter (eight bits, FF full), bytes 1022 and 1023 the code: they read 00 until it was given. Giving the code
 * costs one counter bit first; a right one lets the reader erase the counter and opens writing until power goes off.
 * Cells as on the SLE4442: erase to FF, then program down. Bytes and rules only, no time.
 */
import { bytesOf, toHex } from "../hex.ts";
import { byteCycles, type Chip, type WriteCycle } from "./chip.ts";

const MEMORY_BYTES = 1024;
const COUNTER_AT = 1021;
const SECRET_AT = 1022;
const FULL = 0xff;
const ATR_HEADER = [0x92, 0x23, 0x10, 0x91] as const;

export type CellStep = "erase" | "program";

export interface Sle4428State {
  kind: "sle4428";
  memoryHex: string;
  /** Locked for ever. */
  lockedBytes: number[];
}

export class Sle4428 implements Chip {
  readonly kind = "sle4428";
  readonly #memory = new Uint8Array(MEMORY_BYTES).fill(0xff);
  readonly #locked = new Set<number>();
  #authorised = false;

  /** As issued: the header in bytes 0 to 3 locked, this code, all tries. */
  constructor(secret: readonly [number, number]) {
    this.#memory.set(ATR_HEADER, 0);
    this.#memory.set(secret, SECRET_AT);
    for (const [at] of ATR_HEADER.entries()) this.#locked.add(at);
  }

  static of({ memoryHex, lockedBytes }: Sle4428State): Sle4428 {
    const chip = new Sle4428([0, 0]);
    chip.#memory.set(bytesOf(memoryHex).subarray(0, MEMORY_BYTES));
    for (const at of lockedBytes) chip.#locked.add(at);
    return chip;
  }

  state(): Sle4428State {
    return { kind: "sle4428", memoryHex: toHex(this.#memory), lockedBytes: [...this.#locked] };
  }

  get errorCounter(): number {
    return this.#memory[COUNTER_AT] ?? 0;
  }

  get atr(): string {
    return `3b04${toHex(this.#memory.subarray(0, 4))}`;
  }

  get secretState(): Chip["secretState"] {
    if (this.errorCounter === 0) return "locked";
    return this.errorCounter === FULL ? "full" : "worn";
  }

  image(): Uint8Array {
    return this.#memory.slice(0, COUNTER_AT);
  }

  open(): boolean {
    this.powerOff();
    return this.present(this.#memory.slice(SECRET_AT));
  }

  cycles(offset: number, data: Uint8Array): WriteCycle[] {
    const steps = (address: number, value: number) => this.updateSteps(address, value);
    return byteCycles(offset, data, steps, (step, address, value) => this.apply(step, address, value));
  }

  read(address: number, length: number): Uint8Array {
    const bytes = this.#memory.slice(address, address + length);
    if (this.#authorised) return bytes;
    return bytes.map((byte, i) => (address + i >= SECRET_AT ? 0 : byte));
  }

  powerOff(): void {
    this.#authorised = false;
  }

  /** Pays one counter bit (the lowest left), compares both bytes, and fills the counter up when they are right. */
  present(secret: Uint8Array): boolean {
    const counter = this.errorCounter;
    if (counter === 0) return false;
    this.#memory[COUNTER_AT] = counter & (counter - 1);
    if (secret.length !== 2 || secret.some((byte, i) => byte !== this.#memory[SECRET_AT + i])) return false;
    this.#memory[COUNTER_AT] = FULL;
    this.#authorised = true;
    return true;
  }

  /** Locks a byte for ever, when it holds `value`. */
  protect(address: number, value: number): boolean {
    if (!this.#authorised || this.#memory[address] !== value) return false;
    this.#locked.add(address);
    return true;
  }

  updateSteps(address: number, value: number): CellStep[] {
    const present = this.#memory[address];
    if (!this.#mayWrite(address) || present === undefined || present === value) return [];
    return [
      ...((value & ~present) === 0 ? [] : (["erase"] as const)),
      ...(value === 0xff ? [] : (["program"] as const)),
    ];
  }

  apply(step: CellStep, address: number, value: number): void {
    if (!this.#mayWrite(address)) return;
    this.#memory[address] = step === "erase" ? 0xff : (this.#memory[address] ?? 0) & value;
  }

  #mayWrite(address: number): boolean {
    return this.#authorised && address >= 0 && address < MEMORY_BYTES && !this.#locked.has(address);
  }
}
