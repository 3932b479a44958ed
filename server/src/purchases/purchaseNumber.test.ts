import fc from "fast-check";
import { expect, test } from "vitest";
import { derivedId } from "./derivedId.ts";
import { purchaseNumber, purchaseToken } from "./purchaseNumber.ts";

const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });

test("a number is read in one way only: no 0, O, 1, I among its letters", () => {
  fc.assert(
    fc.property(bytes(7), (random) => {
      expect(purchaseNumber(() => random)).toMatch(/^[23456789ABCDEFGHJKLMNPQRSTUVWXYZ]{3}-\d{4}$/);
    }),
  );
});

test("a token carries 128 bits in signs that a link needn't escape", () => {
  fc.assert(
    fc.property(bytes(16), (random) => {
      const token = purchaseToken(() => random);
      expect(token).toMatch(/^[\w-]{22}$/);
      expect(Buffer.from(token, "base64url")).toEqual(Buffer.from(random));
    }),
  );
});

test("a derived id is a UUID, the same for the same words, another for words cut elsewhere", () => {
  expect(derivedId("a", "bc")).toBe(derivedId("a", "bc"));
  expect(derivedId("a", "bc")).not.toBe(derivedId("ab", "c"));
  expect(derivedId("a")).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
});
