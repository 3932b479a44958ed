/**
 * A virtual AT88SC102 after its issuer's fuse, as its datasheet tells it: two application zones of 64 bytes. The security
 * code opens them; each wrong one costs a bit of the attempts counter (four bits, in the edition of 2008), a right one
 * sets them again. Writing can only clear bits. A zone goes back to FF as a whole, by its own erase key, and the second
 * one only while its erase counter has a bit left. Codes, keys and counters are not read out: the reader gets FF.
 */
import { bytesOf, toHex } from "../hex.ts";
import { byteCycles, type Chip, type WriteCycle } from "./chip.ts";

const MEMORY_BYTES = 178;
const CODE_AT = 10;
const ATTEMPTS_AT = 12;
const ATTEMPTS_MASK = 0xf0;
const ZONES = [
  { offset: 22, length: 64, keyAt: 86, keyBytes: 6, erasesAt: null },
  { offset: 92, length: 64, keyAt: 156, keyBytes: 4, erasesAt: 160 },
] as const;
const ERASE_COUNTER_BYTES = 16;
/** Not given out: code, keys. */
const HIDDEN = [
  [10, 12],
  [86, 92],
  [156, 160],
] as const;

export interface At88sc102Keys {
  code: readonly [number, number];
  zone1: readonly [number, number, number, number, number, number];
  zone2: readonly [number, number, number, number];
}

export interface At88sc102State {
  kind: "at88sc102";
  memoryHex: string;
}

/** No answer to reset of its own: a reader that knows the chip makes one up. */
const ATR = "3b0441384338";

export class At88sc102 implements Chip {
  readonly kind = "at88sc102";
  readonly atr = ATR;
  readonly #memory = new Uint8Array(MEMORY_BYTES).fill(0xff);
  #authorised = false;

  constructor({ code, zone1, zone2 }: At88sc102Keys) {
    this.#memory.set(code, CODE_AT);
    this.#memory.set(zone1, ZONES[0].keyAt);
    this.#memory.set(zone2, ZONES[1].keyAt);
  }

  static of({ memoryHex }: At88sc102State): At88sc102 {
    const chip = new At88sc102({ code: [0, 0], zone1: [0, 0, 0, 0, 0, 0], zone2: [0, 0, 0, 0] });
    chip.#memory.set(bytesOf(memoryHex).subarray(0, MEMORY_BYTES));
    return chip;
  }

  state(): At88sc102State {
    return { kind: "at88sc102", memoryHex: toHex(this.#memory) };
  }

  get secretState(): Chip["secretState"] {
    const left = this.attempts & ATTEMPTS_MASK;
    if (left === 0) return "locked";
    return left === ATTEMPTS_MASK ? "full" : "worn";
  }

  image(): Uint8Array {
    return this.read(0, MEMORY_BYTES);
  }

  open(): boolean {
    this.powerOff();
    return this.present(this.#memory.slice(CODE_AT, CODE_AT + 2));
  }

  cycles(offset: number, data: Uint8Array): WriteCycle[] {
    const steps = (address: number, value: number) => (this.#memory[address] === value ? [] : (["program"] as const));
    return byteCycles(offset, data, steps, (_step, address, value) => this.write(address, value));
  }

  get attempts(): number {
    return this.#memory[ATTEMPTS_AT] ?? 0;
  }

  powerOff(): void {
    this.#authorised = false;
  }

  read(address: number, length: number): Uint8Array {
    const hidden = (at: number): boolean => HIDDEN.some(([from, to]) => at >= from && at < to);
    return this.#memory.slice(address, address + length).map((byte, i) => (hidden(address + i) ? 0xff : byte));
  }

  present(code: Uint8Array): boolean {
    const left = this.attempts & ATTEMPTS_MASK;
    if (left === 0) return false;
    this.#memory[ATTEMPTS_AT] = this.attempts & ~(left & -left);
    if (code.length !== 2 || code.some((byte, i) => byte !== this.#memory[CODE_AT + i])) return false;
    this.#memory[ATTEMPTS_AT] = 0xff;
    this.#authorised = true;
    return true;
  }

  /** Clears the bits that `value` has cleared, in an application zone, with the code given. */
  write(address: number, value: number): void {
    const inZone = ZONES.some(({ offset, length }) => address >= offset && address < offset + length);
    if (this.#authorised && inZone) this.#memory[address] = (this.#memory[address] ?? 0) & value;
  }

  /** True when the zone that begins there was erased. */
  erase(offset: number, key: Uint8Array): boolean {
    const zone = ZONES.find((each) => each.offset === offset);
    if (zone === undefined || !this.#authorised || key.length !== zone.keyBytes) return false;
    if (key.some((byte, i) => byte !== this.#memory[zone.keyAt + i])) return false;
    if (zone.erasesAt !== null && !this.#payErase(zone.erasesAt)) return false;
    this.#memory.fill(0xff, zone.offset, zone.offset + zone.length);
    return true;
  }

  #payErase(erasesAt: number): boolean {
    for (let at = erasesAt; at < erasesAt + ERASE_COUNTER_BYTES; at += 1) {
      const left = this.#memory[at] ?? 0;
      if (left === 0) continue;
      this.#memory[at] = left & (left - 1);
      return true;
    }
    return false;
  }
}
