import { toHex } from "./hex.ts";

/**
 * How a field's bytes are read and written. `read` answers undefined when the bytes are no value of this encoding
 * (they come from outside); `write` throws a RangeError when the value does not fit (that is a programmer's error).
 */
export interface Codec<T> {
  /** Name in the published byte table. */
  readonly name: string;
  readonly length: number;
  /** @param at where the field begins in `image`. */
  read(image: Uint8Array, at: number): T | undefined;
  write(value: T): Uint8Array;
}

const view = (bytes: Uint8Array) => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** The unsigned value of so many bytes. */
function unsigned(image: Uint8Array, at: number, length: number, littleEndian: boolean): number {
  let value = 0;
  for (let i = 0; i < length; i++) value = value * 256 + (image[at + (littleEndian ? length - 1 - i : i)] ?? 0);
  return value;
}

function integer(name: string, length: number, min: number, max: number, littleEndian: boolean): Codec<number> {
  return {
    name,
    length,
    read(image, at) {
      const value = unsigned(image, at, length, littleEndian);
      return min < 0 ? value | 0 : value;
    },
    write(value) {
      if (!Number.isInteger(value) || value < min || value > max) {
        throw new RangeError(`${value} is not an integer of ${name} (${min} to ${max})`);
      }
      const bytes = new Uint8Array(length);
      if (length === 1) view(bytes).setUint8(0, value);
      else if (length === 2) view(bytes).setUint16(0, value, littleEndian);
      else if (min < 0) view(bytes).setInt32(0, value, littleEndian);
      else view(bytes).setUint32(0, value, littleEndian);
      return bytes;
    },
  };
}

export const u8 = integer("u8", 1, 0, 0xff, false);
export const u16be = integer("u16be", 2, 0, 0xffff, false);
export const u32le = integer("u32le", 4, 0, 0xffff_ffff, true);
export const i32le = integer("i32le", 4, -0x8000_0000, 0x7fff_ffff, true);

const pack = (digits: string) =>
  Uint8Array.from({ length: digits.length / 2 }, (_, i) => Number.parseInt(digits.slice(i * 2, i * 2 + 2), 16));

/** One digit a nibble, high nibble first, from the left; unused nibbles at the end are F. Leading zeros count. */
export function digits(length: number): Codec<string> {
  return {
    name: "digits",
    length,
    read(image, at) {
      return /^([0-9]+)f*$/.exec(toHex(image.subarray(at, at + length)))?.[1];
    },
    write(value) {
      if (!/^[0-9]+$/.test(value) || value.length > length * 2) {
        throw new RangeError(`"${value}" is not 1 to ${length * 2} digits`);
      }
      return pack(value.padEnd(length * 2, "f"));
    },
  };
}

function isDay(year: number, month: number, day: number): boolean {
  const leap = (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;
  const days = [31, leap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1];
  return year > 0 && days !== undefined && day >= 1 && day <= days;
}

/** YYYYMMDD, one digit a nibble; 00000000 = no date. The value is "YYYY-MM-DD" or null. */
export const bcdDate: Codec<string | null> = {
  name: "bcd date",
  length: 4,
  read(image, at) {
    const text = toHex(image.subarray(at, at + 4));
    if (text === "00000000") return null;
    if (!/^[0-9]{8}$/.test(text)) return undefined;
    const [year, month, day] = [text.slice(0, 4), text.slice(4, 6), text.slice(6)];
    return isDay(Number(year), Number(month), Number(day)) ? `${year}-${month}-${day}` : undefined;
  },
  write(value) {
    if (value === null) return new Uint8Array(4);
    const [, year, month, day] = /^([0-9]{4})-([0-9]{2})-([0-9]{2})$/.exec(value) ?? [];
    if (!year || !month || !day || !isDay(Number(year), Number(month), Number(day))) {
      throw new RangeError(`"${value}" is not a day as YYYY-MM-DD`);
    }
    return pack(year + month + day);
  },
};

/** Always these bytes. */
export function constant(bytes: readonly number[]): Codec<true> {
  return {
    name: "constant",
    length: bytes.length,
    read: (image, at) => (bytes.every((byte, i) => byte === image[at + i]) ? true : undefined),
    write: () => Uint8Array.from(bytes),
  };
}

/** One byte that stands for one of a closed set of words. */
export function code<T extends string>(codes: Readonly<Record<T, number>>): Codec<T> {
  const words = Object.keys(codes) as T[]; // Object.keys forgets the key type of a closed record
  return {
    name: "code",
    length: 1,
    read: (image, at) => words.find((word) => codes[word] === image[at]),
    write: (word) => Uint8Array.of(codes[word]),
  };
}

/** Written as 00, not looked at when read (but under the area's checksum). */
export function reserved(length: number): Codec<null> {
  return { name: "reserved", length, read: () => null, write: () => new Uint8Array(length) };
}
