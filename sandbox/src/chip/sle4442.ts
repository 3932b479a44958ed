import { bytesOf, toHex } from "../hex.ts";
import { byteCycles, type Chip, type WriteCycle } from "./chip.ts";

/**
 * A virtual SLE4442 (also SLE5542 and its clones), as its datasheet tells it:
 *
 * - 256 bytes of main memory, always readable; the first 32 can each be locked once by a bit in protection memory.
 * - Security memory: an error counter of three bits (07 = full) and the programmable security code (PSC), 3 bytes.
 *   Comparing the PSC costs one counter bit first; a right code lets the reader erase the counter back to 07 and
 *   permits writing until power goes off; at 00 the chip refuses for ever.
 * - EEPROM cells: *erase* sets a byte to FF, *program* can only clear bits. An update does what the new value needs:
 *   erase when some bit must rise, program when the value is not FF. Each takes 2.5 ms.
 *
 * This class holds bytes and rules, no time: the reader that drives it waits between steps, and pulling the card
 * between two steps is a torn write. Where a step would be torn inside (a half-erased cell), a real chip's byte is
 * undefined; the model tears between steps only.
 */

export const MAIN_MEMORY_BYTES = 256;
export const PROTECTABLE_BYTES = 32;
export const SECRET_BYTES = 3;
export const ERROR_COUNTER_FULL = 0x07;
/** One erase or one program step of one byte, microseconds. */
export const STEP_TIME_US = 2_500;

/** What an unissued chip has in bytes 0–3; the reader builds the ATR from them. */
const MANUFACTURER_HEADER = [0xa2, 0x13, 0x10, 0x91] as const;
const FACTORY_SECRET = "ffffff";

export type UpdateStep = "erase" | "program";

/** All that survives without power. Hex, see `toHex`. */
export interface ChipState {
  memoryHex: string;
  /** 4 bytes; bit (n mod 8) of byte (n div 8) is 0 once main memory byte n is locked. */
  protectionHex: string;
  secretHex: string;
  errorCounter: number;
}

/** A chip as it leaves the factory: header in bytes 0–3 locked, the rest erased, PSC FFFFFF. */
export function blankChip(secretHex: string = FACTORY_SECRET): ChipState {
  const memory = new Uint8Array(MAIN_MEMORY_BYTES).fill(0xff);
  memory.set(MANUFACTURER_HEADER, 0);
  return { memoryHex: toHex(memory), protectionHex: "f0ffffff", secretHex, errorCounter: ERROR_COUNTER_FULL };
}

function exactly(bytes: Uint8Array, length: number, what: string): Uint8Array {
  if (bytes.length !== length) throw new Error(`${what}: ${length} bytes expected, ${bytes.length} given`);
  return bytes;
}

export class Sle4442 implements Chip {
  readonly kind = "sle4442";
  readonly #memory: Uint8Array;
  readonly #protection: Uint8Array;
  readonly #secret: Uint8Array;
  #errorCounter: number;
  // Volatile: gone at power-off.
  #authorised = false;
  #attemptPaid = false;
  readonly #compared = new Set<number>();

  constructor(state: ChipState) {
    this.#memory = exactly(bytesOf(state.memoryHex), MAIN_MEMORY_BYTES, "main memory");
    this.#protection = exactly(bytesOf(state.protectionHex), 4, "protection memory");
    this.#secret = exactly(bytesOf(state.secretHex), SECRET_BYTES, "secret");
    this.#errorCounter = state.errorCounter & ERROR_COUNTER_FULL;
  }

  state(): ChipState {
    return {
      memoryHex: toHex(this.#memory),
      protectionHex: toHex(this.#protection),
      secretHex: toHex(this.#secret),
      errorCounter: this.#errorCounter,
    };
  }

  get errorCounter(): number {
    return this.#errorCounter;
  }

  get atr(): string {
    return `3b04${toHex(this.#memory.subarray(0, 4))}`;
  }

  get secretState(): Chip["secretState"] {
    if (this.#errorCounter === 0) return "locked";
    return this.#errorCounter === ERROR_COUNTER_FULL ? "full" : "worn";
  }

  image(): Uint8Array {
    return this.read();
  }

  open(): boolean {
    this.powerOff();
    if (!this.payAttempt()) return false;
    for (const [index, value] of this.#secret.entries()) this.compare(index, value);
    return this.eraseErrorCounter();
  }

  cycles(offset: number, data: Uint8Array): WriteCycle[] {
    const steps = (address: number, value: number) => this.updateSteps(address, value);
    return byteCycles(offset, data, steps, (step, address, value) => this.apply(step, address, value));
  }

  get authorised(): boolean {
    return this.#authorised;
  }

  /** A copy of `length` bytes of main memory from `address`; the caller has checked the range. */
  read(address = 0, length = MAIN_MEMORY_BYTES): Uint8Array {
    return this.#memory.slice(address, address + length);
  }

  readProtection(): Uint8Array {
    return this.#protection.slice();
  }

  /** Power goes: the code is forgotten, an unfinished comparison too. What a comparison has cost stays paid. */
  powerOff(): void {
    this.#authorised = false;
    this.#attemptPaid = false;
    this.#compared.clear();
  }

  /** Locked for ever: byte `address` can no more be changed. */
  isProtected(address: number): boolean {
    if (address >= PROTECTABLE_BYTES) return false;
    return ((this.#protection[address >> 3] ?? 0) & (1 << (address & 7))) === 0;
  }

  /** The steps an update of one byte takes now: none when it is equal, locked, or the code was not given. */
  updateSteps(address: number, value: number): UpdateStep[] {
    const present = this.#memory[address];
    if (present === undefined || !this.#authorised || this.isProtected(address) || present === value) return [];
    const steps: UpdateStep[] = [];
    if ((value & ~present) !== 0) steps.push("erase");
    if (value !== 0xff) steps.push("program");
    return steps;
  }

  /** One step of `updateSteps`. */
  apply(step: UpdateStep, address: number, value: number): void {
    const present = this.#memory[address];
    if (present === undefined || !this.#authorised || this.isProtected(address)) return;
    this.#memory[address] = step === "erase" ? 0xff : present & value;
  }

  /** WRITE PROTECTION MEMORY: locks the byte when `value` equals it and the code was given. Irreversible. */
  protect(address: number, value: number): boolean {
    if (!this.#authorised || address >= PROTECTABLE_BYTES || this.#memory[address] !== value) return false;
    const byte = this.#protection[address >> 3] ?? 0;
    this.#protection[address >> 3] = byte & ~(1 << (address & 7));
    return true;
  }

  /** First act of a comparison: clears one counter bit, highest first (07 → 03 → 01 → 00). False when none is left. */
  payAttempt(): boolean {
    if (this.#errorCounter === 0) return false;
    this.#errorCounter >>= 1;
    this.#attemptPaid = true;
    this.#compared.clear();
    return true;
  }

  /** COMPARE VERIFICATION DATA for byte `index` (0–2) of the code. The chip gives no answer. */
  compare(index: number, value: number): void {
    if (this.#attemptPaid && this.#secret[index] === value) this.#compared.add(index);
  }

  /** Erases the counter back to full. Takes effect, and permits writing, only after three right comparisons. */
  eraseErrorCounter(): boolean {
    const right = this.#attemptPaid && this.#compared.size === SECRET_BYTES;
    this.#attemptPaid = false;
    this.#compared.clear();
    if (!right) return false;
    this.#errorCounter = ERROR_COUNTER_FULL;
    this.#authorised = true;
    return true;
  }

  /** Security memory update: a new code, only while writing is permitted. */
  changeSecret(secret: Uint8Array): boolean {
    if (!this.#authorised || secret.length !== SECRET_BYTES) return false;
    this.#secret.set(secret);
    return true;
  }
}
