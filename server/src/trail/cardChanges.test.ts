import fc from "fast-check";
import { expect, it } from "vitest";
import { cardChanges } from "./cardChanges.ts";

it("tells what differs and joins what lies close together", () => {
  expect(cardChanges("00112233445566778899", "00ff2233ee55667788ff")).toEqual([
    { offset: 1, before: "11223344", after: "ff2233ee" },
    { offset: 9, before: "99", after: "ff" },
  ]);
  expect(cardChanges("0011", "0011")).toEqual([]);
  expect(() => cardChanges("00", "0011")).toThrow(/lengths/);
});

it("makes the one image out of the other, and begins and ends each change with a byte that differs", () => {
  const pair = fc
    .array(fc.tuple(fc.integer({ min: 0, max: 3 }), fc.integer({ min: 0, max: 3 })), { maxLength: 64 })
    .map((bytes) => [Buffer.from(bytes.map(([a]) => a)), Buffer.from(bytes.map(([, b]) => b))] as const);
  fc.assert(
    fc.property(pair, ([before, after]) => {
      const rebuilt = Buffer.from(before);
      for (const change of cardChanges(before.toString("hex"), after.toString("hex"))) {
        const bytes = Buffer.from(change.after, "hex");
        expect(before.subarray(change.offset, change.offset + bytes.length).toString("hex")).toBe(change.before);
        expect(before[change.offset]).not.toBe(bytes[0]);
        expect(before[change.offset + bytes.length - 1]).not.toBe(bytes.at(-1));
        bytes.copy(rebuilt, change.offset);
      }
      expect(rebuilt).toEqual(after);
    }),
  );
});
