/** The reader's commands to each memory chip; and whatever comes instead of one is answered. */
import fc from "fast-check";
import { expect, inject, test } from "vitest";
import { At24c } from "../chip/at24c.ts";
import { At88sc102 } from "../chip/at88sc102.ts";
import { writeWhole } from "../chip/chips.ts";
import { Sle4428 } from "../chip/sle4428.ts";
import { fromHex, toHex } from "../hex.ts";
import { type AcsChip, executeApdu } from "./acs.ts";

const sle4428 = () => new Sle4428([0xa1, 0xb2]);
const at88 = () => new At88sc102({ code: [0xa1, 0xb2], zone1: [1, 2, 3, 4, 5, 6], zone2: [7, 8, 9, 10] });

function reader<C extends AcsChip>(chip: C) {
  const context = {
    chip,
    selected: false,
    select: () => {
      context.selected = true;
    },
    chipChanged: () => undefined,
    write: async (address: number, data: Uint8Array) => void writeWhole(chip, address, data, null),
  };
  const say = async (hex: string) => toHex(await executeApdu(fromHex(hex) ?? new Uint8Array(0), context));
  return { chip, context, say };
}

test("select, page size, write over a page's end, read", async () => {
  const { say } = reader(new At24c("at24c02"));
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
  const { say } = reader(new At24c("at24c16"));
  await say("ffa400000101");
  expect(await say("ff0100000104")).toBe("9000");
  expect(await say("ffd007ff0155")).toBe("9000");
  expect(await say("ffb007ff01")).toBe("559000");
  expect(await say("ffb0080001")).toBe("6b00");
});

test("SLE4428: counter, a wrong code, the right one, a write, a new code", async () => {
  const { say, chip } = reader(sle4428());
  expect(await say("ffa400000106")).toBe("6d00");
  expect(await say("ffa400000105")).toBe("9000");
  expect(await say("ffb1000003")).toBe("ff00009000");
  expect(await say("ff200000020000")).toBe("90fe");
  expect(await say("ffd001000111")).toBe("9000");
  expect(await say("ffb0010001")).toBe("ff9000");
  expect(await say("ff20000002a1b2")).toBe("90ff");
  expect(await say("ffd001000111")).toBe("9000");
  expect(await say("ffb0010001")).toBe("119000");
  expect(await say("ffd003fe020102")).toBe("9000");
  expect(await say("ffb0040001")).toBe("6b00");
  // Selected anew: down and up again.
  await say("ffa400000105");
  expect(await say("ffb003fe02")).toBe("00009000");
  expect(await say("ff200000020102")).toBe("90ff");
  for (let tries = 0; tries < 8; tries += 1) await say("ff200000020000");
  expect([await say("ff200000020102"), chip.secretState]).toEqual(["9000", "locked"]);
});

test("AT88SC102: a code and a key are answered alike, right or wrong; only reading tells", async () => {
  const { say } = reader(at88());
  expect(await say("ffa400000109")).toBe("9000");
  expect(await say("ff20080a020000")).toBe("9000");
  expect(await say("ffb0000c01")).toBe("ef9000");
  expect(await say("ff20080a02a1b2")).toBe("9000");
  expect(await say("ffb0000c01")).toBe("ff9000");
  expect(await say("ffd00016020f33")).toBe("9000");
  expect(await say("ffd0001601f0")).toBe("9000");
  expect(await say("ffb0001602")).toBe("00339000");
  expect(await say("ff20005606000000000000")).toBe("9000");
  expect(await say("ffb0001602")).toBe("00339000");
  expect(await say("ff20005606010203040506")).toBe("9000");
  expect(await say("ffb0001602")).toBe("ffff9000");
  // The second zone goes on its counter, or not at all.
  await say("ffd0005c0100");
  expect(await say("ff20009c040708090a")).toBe("9000");
  expect(await say("ffb0005c01")).toBe("009000");
  expect(await say("ff20809c040708090a")).toBe("9000");
  expect(await say("ffb0005c01")).toBe("ff9000");
  expect(await say("ffb000a001")).toBe("fe9000");
  for (let tries = 0; tries < 4; tries += 1) expect(await say("ff20080a020000")).toBe("9000");
  expect(await say("ff20080a02a1b2")).toBe("6300");
});

test.each([
  ["an I²C chip", () => new At24c("at24c02")],
  ["an SLE4428", sle4428],
  ["an AT88SC102", at88],
])(
  "%s: any bytes get an answer with a status word, and change nothing before the chip was selected",
  async (_name, fresh) => {
    const byte = fc.nat(255);
    const apdu = fc.oneof(
      fc.array(byte, { maxLength: 12 }),
      fc
        .tuple(fc.constantFrom(0xa4, 0x01, 0xb0, 0xb1, 0xd0, 0x20), fc.array(byte, { maxLength: 10 }))
        .map(([ins, rest]) => [0xff, ins, ...rest]),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(apdu, { maxLength: 8 }), async (list) => {
        const { chip, context } = reader(fresh());
        for (const each of list) {
          const before = toHex(chip.image());
          const wasSelected = context.selected;
          const answer = await executeApdu(Uint8Array.from(each), context);
          if (answer.length < 2 || answer.length > 258) throw new Error(`answer of ${answer.length} bytes`);
          if (!wasSelected && toHex(chip.image()) !== before) throw new Error("written before it was selected");
        }
      }),
      { numRuns: inject("long") ? 200_000 : 2_000 },
    );
  },
);
