/**
 * Chance from a seed: sfc32 (Chris Doty-Humphrey's Small Fast Counter, 32 bit), seeded by hashing a text. Every actor of
 * a world has a generator of its own, forked by name, so that leaving one actor out does not change what the others do.
 */
export class Rng {
  #a: number;
  #b: number;
  #c: number;
  #counter = 1;

  private constructor(a: number, b: number, c: number) {
    this.#a = a;
    this.#b = b;
    this.#c = c;
    for (let i = 0; i < 12; i++) this.u32();
  }

  /** The same text gives the same numbers, on every machine. */
  static of(text: string): Rng {
    return new Rng(fnv1a(text, 0x811c9dc5), fnv1a(text, 0x9e3779b9), fnv1a(text, 0x85ebca6b));
  }

  /** A generator of its own for `name`; drawing from one changes nothing in the other. */
  fork(name: string): Rng {
    return new Rng(this.u32(), fnv1a(name, 0x811c9dc5), fnv1a(name, 0x27d4eb2f));
  }

  u32(): number {
    const t = (this.#a + this.#b + this.#counter) | 0;
    this.#counter = (this.#counter + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + t) | 0;
    return t >>> 0;
  }

  bytes(length: number): Uint8Array {
    const bytes = new Uint8Array(length);
    for (let i = 0; i < length; i++) bytes[i] = this.u32();
    return bytes;
  }

  /** An integer from `min` to `max`, both included. */
  int(min: number, max: number): number {
    return min + (this.u32() % (max - min + 1));
  }

  /** True in `perMille` of 1000 cases. */
  chance(perMille: number): boolean {
    return this.u32() % 1000 < perMille;
  }

  pick<T>(from: readonly T[]): T {
    const found = from[this.u32() % from.length];
    if (found === undefined) throw new Error("nothing to pick from");
    return found;
  }
}

function fnv1a(text: string, basis: number): number {
  let hash = basis;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash | 0;
}
