import fc from "fast-check";
import { expect, test } from "vitest";
import { beijingInstant, beijingText } from "../beijing.ts";
import { fenToYuan, yuanToFen } from "./money.ts";

test("fen to yuan and back", () => {
  expect([0, 5, 30, 100, 119_970].map(fenToYuan)).toEqual(["0.00", "0.05", "0.30", "1.00", "1199.70"]);
  fc.assert(fc.property(fc.nat({ max: 99_999_999_999 }), (fen) => yuanToFen(fenToYuan(fen)) === fen));
});

test("short forms are read, anything else is not", () => {
  expect(["1", "1.5", "1.05"].map(yuanToFen)).toEqual([100, 150, 105]);
  for (const text of ["", ".5", "1.", "1.005", "-1.00", "1e3", " 1.00", "1,000.00", "NaN"])
    expect(yuanToFen(text)).toBeNull();
});

test("amounts that aren't amounts stop the caller", () => {
  expect(() => fenToYuan(1.5)).toThrow();
  expect(() => fenToYuan(-1)).toThrow();
});

test("Beijing time and back", () => {
  expect(beijingText(Date.UTC(2026, 10, 22, 18, 0, 1))).toBe("2026-11-23 02:00:01");
  const second = fc.integer({ min: 700_000_000, max: 4_000_000_000 });
  fc.assert(fc.property(second, (at) => beijingInstant(beijingText(at * 1000)) === at * 1000));
  for (const text of [undefined, "", "2026-11-22", "2026-13-22 10:00:00"]) expect(beijingInstant(text)).toBeNull();
});
