import { expect, test } from "vitest";
import { chipOfAtr, counterLeft } from "./sle4442.ts";

test("tries left are counted, whichever bits the reader cleared", () => {
  expect([0, 1, 2, 3, 4, 5, 6, 7].map(counterLeft)).toEqual([0, 1, 1, 2, 1, 2, 2, 3]);
});

test("only the chip's own ATR names it", () => {
  expect(chipOfAtr("3b04a2131091")).toBe("sle4442");
  expect(chipOfAtr("3b0492231091")).toBeNull();
  expect(chipOfAtr(null)).toBeNull();
});
