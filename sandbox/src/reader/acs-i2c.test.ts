/** The reader's commands to an I²C chip; and whatever comes instead of one is answered. */
import fc from "fast-check";
import { expect, inject, test } from "vitest";
import { At24c, type At24cKind } from "../chip/at24c.ts";
import { fromHex, toHex } from "../hex.ts";
import { executeI2c } from "./acs-i2c.ts";

function reader(kind: At24cKind = "at24c02") {
  const chip = new At24c(kind);
  const context = {
    chip,
    selected: false,
    select: () => {
      context.selected = true;
    },
    write: async (address: number, data: Uint8Array) => {
      for (const { program } of chip.cycles(address, data)) program?.();
    },
  };
  const say = async (hex: string) => toHex(await executeI2c(fromHex(hex) ?? new Uint8Array(0), context));
  return { chip, context, say };
}

test("select, page size, write over a page's end, read", async () => {
  const { say } = reader();
  expect(await say("ffb0000001")).toBe("6985");
  expect(await say("ffa400000106")).toBe("6d00");
  expect(await say("ffa400000101")).toBe("9000");
  expect(await say("ff0100000103")).toBe("9000");
  expect(await say("ff0100000104")).toBe("6d00");
  expect(await say("ffd0000604a1a2a3a4")).toBe("9000");
  expect(await say("ffb0000506")).toBe("ffa1a2a3a4ff9000");
  expect((await say("ffb0000000")).length).toBe(2 * 258);
  expect(await say("ffb000ff02")).toBe("6b00");
  expect(await say("ffd000ff020102")).toBe("6b00");
  expect(await say("ffb1000004")).toBe("6d00");
});

test("the larger chip is reached by both bytes of the address", async () => {
  const { say } = reader("at24c16");
  await say("ffa400000101");
  expect(await say("ff0100000104")).toBe("9000");
  expect(await say("ffd007ff0155")).toBe("9000");
  expect(await say("ffb007ff01")).toBe("559000");
  expect(await say("ffb0080001")).toBe("6b00");
});

test("any bytes get an answer with a status word, and change nothing before the chip was selected", async () => {
  const byte = fc.nat(255);
  const apdu = fc.oneof(
    fc.array(byte, { maxLength: 12 }),
    fc
      .tuple(fc.constantFrom(0xa4, 0x01, 0xb0, 0xd0), fc.array(byte, { maxLength: 10 }))
      .map(([ins, rest]) => [0xff, ins, ...rest]),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(apdu, { maxLength: 8 }), async (list) => {
      const { chip, context } = reader();
      for (const each of list) {
        const before = toHex(chip.image());
        const wasSelected = context.selected;
        const answer = await executeI2c(Uint8Array.from(each), context);
        if (answer.length < 2 || answer.length > 258) throw new Error(`answer of ${answer.length} bytes`);
        if (!wasSelected && toHex(chip.image()) !== before) throw new Error("written before it was selected");
      }
    }),
    { numRuns: inject("long") ? 200_000 : 2_000 },
  );
});
