import fc from "fast-check";
import { expect, it } from "vitest";
import { fromHex, hexBytes, toHex, toHexByTable } from "./hex.ts";

it("turns bytes to lower-case hex and back, by table as by the engine, however many they are", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 6_000 }), (bytes) => {
      const hex = Buffer.from(bytes).toString("hex");
      expect(toHex(bytes)).toBe(hex);
      expect(toHexByTable(bytes)).toBe(hex);
      expect(fromHex(hex)).toEqual(bytes);
      expect(hexBytes(hex)).toBe(bytes.length);
    }),
    { numRuns: 200 },
  );
});

it("takes nothing else for hex", () => {
  for (const text of ["0", "0A", "0g", "0:", " 0", "0 ", "00 ", "é0", "0\u0130", "0x"]) {
    expect(fromHex(text), text).toBeNull();
    expect(hexBytes(text), text).toBeNull();
  }
});
