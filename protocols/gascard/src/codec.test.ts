import fc from "fast-check";
import { expect, test } from "vitest";
import { bcdDate, type Codec, code, digits, i32le, u8, u16be, u32le } from "./codec.ts";
import { crc16 } from "./crc16.ts";
import { fromHex, toHex } from "./hex.ts";

function roundTrip<T>(codec: Codec<T>, value: T): void {
  expect(codec.read(codec.write(value), 0)).toEqual(value);
}

test("checksum of the published check string", () => {
  expect(crc16(new TextEncoder().encode("123456789"))).toBe(0x29b1);
});

test("hex goes there and back, and anything else is refused", () => {
  fc.assert(fc.property(fc.uint8Array(), (bytes) => void expect(fromHex(toHex(bytes))).toEqual(bytes)));
  for (const text of ["a", "0G", "FF", "0x", " 00", "00\n"]) expect(fromHex(text)).toBeNull();
});

test("byte order is the published one", () => {
  expect(toHex(u32le.write(0x01020304))).toBe("04030201");
  expect(toHex(u16be.write(0x0102))).toBe("0102");
  expect(toHex(i32le.write(-2))).toBe("feffffff");
  expect(toHex(digits(6).write("0311203086"))).toBe("0311203086ff");
  expect(toHex(bcdDate.write("2026-11-23"))).toBe("20261123");
});

test("every value comes back", () => {
  fc.assert(fc.property(fc.integer({ min: 0, max: 0xff }), (n) => roundTrip(u8, n)));
  fc.assert(fc.property(fc.integer({ min: 0, max: 0xffff }), (n) => roundTrip(u16be, n)));
  fc.assert(fc.property(fc.integer({ min: 0, max: 0xffff_ffff }), (n) => roundTrip(u32le, n)));
  fc.assert(fc.property(fc.integer({ min: -0x8000_0000, max: 0x7fff_ffff }), (n) => roundTrip(i32le, n)));
  fc.assert(fc.property(fc.stringMatching(/^[0-9]{1,12}$/), (text) => roundTrip(digits(6), text)));
  const day = fc.date({ min: new Date("1970-01-01"), max: new Date("2199-12-31"), noInvalidDate: true });
  fc.assert(fc.property(day, (date) => roundTrip(bcdDate, date.toISOString().slice(0, 10))));
  roundTrip(bcdDate, null);
});

test("values that do not fit are the programmer's mistake", () => {
  for (const value of [-1, 256, 1.5, Number.NaN]) expect(() => u8.write(value)).toThrow(RangeError);
  expect(() => u32le.write(2 ** 32)).toThrow(RangeError);
  for (const text of ["", "1234567890123", "12a"]) expect(() => digits(6).write(text)).toThrow(RangeError);
  for (const text of ["2026-02-29", "2026-13-01", "2026-1-1", "today"])
    expect(() => bcdDate.write(text)).toThrow(RangeError);
});

test("bytes that are no value are told, not guessed", () => {
  const bytes = (text: string) => fromHex(text) ?? new Uint8Array(0);
  for (const text of ["20260229", "20260001", "20261200", "ffffffff", "2026112f"]) {
    expect(bcdDate.read(bytes(text), 0)).toBeUndefined();
  }
  for (const text of ["ffffffffffff", "1f2fffffffff", "12345a6fffff"])
    expect(digits(6).read(bytes(text), 0)).toBeUndefined();
  expect(code({ a: 1, b: 2 }).read(bytes("03"), 0)).toBeUndefined();
});
