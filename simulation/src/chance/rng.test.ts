import { expect, it } from "vitest";
import { Rng } from "./rng.ts";

const some = (rng: Rng): number[] => Array.from({ length: 5 }, () => rng.u32());

it("gives the same numbers for the same text, and others for another", () => {
  expect(some(Rng.of("7"))).toEqual(some(Rng.of("7")));
  expect(some(Rng.of("7"))).not.toEqual(some(Rng.of("8")));
});

it("forks by name: drawing from one fork changes nothing in another", () => {
  const [left, right] = [Rng.of("7"), Rng.of("7")];
  some(left.fork("a"));
  right.fork("a");
  expect(some(left.fork("b"))).toEqual(some(right.fork("b")));
});

it("stays within its bounds and reaches both", () => {
  const rng = Rng.of("bounds");
  const seen = new Set(Array.from({ length: 500 }, () => rng.int(3, 6)));
  expect([...seen].sort()).toEqual([3, 4, 5, 6]);
});
