/** Whatever APDUs come: the reader answers each, and no byte of the card changes before the right secret was given. */
import fc from "fast-check";
import { expect, inject, test } from "vitest";
import { blankChip, Sle4442 } from "../chip/sle4442.ts";
import { toHex } from "../hex.ts";
import { executeApdu } from "./acs.ts";
import { parseCommand } from "./reader-server.ts";

const numRuns = inject("long") ? 200_000 : 2_000;
const secret = "a1b2c3";
const byte = fc.nat(255);
const bytes = (maxLength: number) => fc.array(byte, { maxLength });
const known = [
  [0xff, 0xa4, 0, 0, 1, 6],
  [0xff, 0xb0, 0, 0, 0],
  [0xff, 0xb0, 0, 250, 6],
  [0xff, 0xb1, 0, 0, 4],
  [0xff, 0xb2, 0, 0, 4],
  [0xff, 0xd0, 0, 80, 2, 1, 2],
  [0xff, 0xd0, 0, 255, 1, 9],
  [0xff, 0x20, 0, 0, 3, 0, 0, 0],
  [0xff, 0xd2, 0, 1, 3, 1, 2, 3],
];
const apdu = fc.oneof(
  fc.constantFrom(...known),
  fc
    .tuple(fc.constantFrom(...known), fc.nat(7), byte)
    .map(([from, at, value]) => from.map((b, i) => (i === at ? value : b))),
  bytes(9).map((rest) => [0xff, ...rest]),
  bytes(9),
);
const right = [0xff, 0x20, 0, 0, 3, 0xa1, 0xb2, 0xc3];

test("any APDUs: an answer with a status word to each, and nothing written without the secret", async () => {
  let wrote = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(apdu, { maxLength: 10 }), fc.nat(20), async (list, presentAt) => {
      const chip = new Sle4442(blankChip(secret));
      const context = {
        chip,
        selected: false,
        select: () => {
          context.selected = true;
        },
        chipChanged: () => undefined,
        write: async (address: number, data: Uint8Array) => {
          for (const [i, value] of data.entries())
            for (const step of chip.updateSteps(address + i, value)) chip.apply(step, address + i, value);
        },
      };
      const before = toHex(chip.read());
      for (const [index, each] of list.entries()) {
        if (index === presentAt) await executeApdu(Uint8Array.from(right), context);
        const answer = await executeApdu(Uint8Array.from(each), context);
        if (answer.length < 2 || answer.length > 258) throw new Error(`answer of ${answer.length} bytes`);
      }
      const changed = toHex(chip.read()) !== before;
      if (changed) wrote += 1;
      if (changed && presentAt >= list.length) throw new Error("written without the secret");
      if (
        chip
          .read()
          .subarray(0, 4)
          .some((value, i) => value !== [0xa2, 0x13, 0x10, 0x91][i])
      )
        throw new Error("locked bytes");
    }),
    { numRuns },
  );
  expect(wrote).toBeGreaterThan(0);
});

test("a line of the wire is a command with its three fields, or nothing", () => {
  const odd = fc.oneof(fc.constantFrom(null, "", "ff", "f", "FFA4", "zz", {}, []), fc.integer(), fc.string());
  const line = fc.oneof(
    fc.string(),
    fc.record({ id: odd, insertion: odd, apdu: odd }, { requiredKeys: [] }).map((value) => JSON.stringify(value)),
  );
  let commands = 0;
  fc.assert(
    fc.property(line, (text) => {
      const command = parseCommand(text);
      if (command === null) return;
      commands += 1;
      if (typeof command.id !== "number" || typeof command.insertion !== "number") throw new Error("no numbers");
      if (!text.toLowerCase().includes(`"${toHex(command.apdu)}"`)) throw new Error("other bytes than were sent");
    }),
    { numRuns: inject("long") ? 1_000_000 : 5_000 },
  );
  expect(commands).toBeGreaterThan(0);
});
