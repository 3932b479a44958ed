import { expect, it } from "vitest";
import { parseStat } from "./processTimes.ts";

it("reads a stat line whose name holds brackets and blanks", () => {
  const line = "77 (postgres: a) b) S 12 77 77 0 -1 4194560 900 0 3 0 150 25 7 3 20 0 1 0 4242 1000 200";
  expect(parseStat(line)).toEqual({ parent: 12, ownMs: 1_750, reapedMs: 100 });
});

it("gives null for anything else", () => {
  expect(parseStat("")).toBeNull();
  expect(parseStat("77 (node) S 12")).toBeNull();
});
