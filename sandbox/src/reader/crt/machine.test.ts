/** The motorised reader from its own end of the line: bytes as docs/devices.md gives them, and whatever else may come. */
import fc from "fast-check";
import { expect, inject, test } from "vitest";
import { blankChip, Sle4442 } from "../../chip/sle4442.ts";
import { ReaderSlot } from "../slot.ts";
import { crtMachine } from "./machine.ts";

function machine() {
  const chip = new Sle4442(blankChip("a1b2c3"));
  const slot: ReaderSlot = new ReaderSlot(0, {
    stepPause: async () => undefined,
    chipChanged: () => undefined,
    written: () => undefined,
    changed: () => reader.slotChanged(),
  });
  const reader = crtMachine({
    slot,
    faults: { frame: () => null, reply: () => null, jam: () => false, powerFails: () => false },
    moved: () => undefined,
    powerLost: () => undefined,
  });
  reader.connected();
  slot.insert({ id: "a", chip, mute: false, tearAfterBytes: null }, false);
  let said = "";
  const feed = (bytes: Uint8Array): void =>
    reader.feed(bytes, (answer) => {
      said += Buffer.from(answer).toString("hex");
    });
  /** Everything that is said to these bytes. */
  const say = async (hex: string): Promise<string> => {
    said = "";
    feed(Buffer.from(hex.replaceAll(" ", ""), "hex"));
    await new Promise((resolve) => setImmediate(resolve));
    return said;
  };
  return { reader, chip, slot, say, feed };
}
/** Around a body, as the page says. */
const frame = (hex: string): string => {
  const body = Buffer.from(hex.replaceAll(" ", ""), "hex");
  const bytes = [0x02, body.length >> 8, body.length & 0xff, ...body, 0x03];
  return Buffer.from([...bytes, bytes.reduce((all, byte) => all ^ byte, 0)]).toString("hex");
};

test("frame, ACK, ENQ, reply; a frame with a wrong check is not taken; a reply is said again to NAK", async () => {
  const { say } = machine();
  expect(await say("05")).toBe("04");
  expect(await say("02 0002 3130 03 03")).toBe("15");
  expect(await say("05")).toBe("04");
  expect(await say(frame("3130"))).toBe("06");
  const atGate = frame("3130 59 3031");
  expect(await say("05")).toBe(atGate);
  expect(await say("15")).toBe(atGate);
  expect(await say("05")).toBe("04");
  expect(await say(`${frame("3330")}05${frame("3130")}05`)).toBe(`06${frame("3330 59")}06${frame("3130 59 3032")}`);
});

test("what a command says of the card, and what one without power says", async () => {
  const { say, reader, slot } = machine();
  await say(`${frame("3330")}05`);
  const ask = async (body: string): Promise<string> => (await say(`${frame(body)}05`)).slice(2);
  expect(await ask("5030")).toBe(frame("5030 59 3230"));
  expect(await ask("5333 00b0000004")).toBe(frame("5333 59 6f00"));
  expect(await ask("5130")).toBe(frame("5130 4e 3630"));
  expect(await ask("5330")).toBe(frame("5330 59 a2131091"));
  expect(await ask("5333 00b0000004")).toBe(frame("5333 59 a21310919000"));
  expect(await ask("5333 00b0020004")).toBe(frame("5333 59 070000009000"));
  expect(await ask("5333 0020030103000000")).toBe(frame("5333 59 6f01"));
  expect(await ask("5333 0020030103a1b2c3")).toBe(frame("5333 59 9000"));
  expect(await ask("5333 00d000280155")).toBe(frame("5333 59 9000"));
  expect(await ask("5333 00b00028ff")).toBe(frame("5333 59 6b00"));
  expect(await ask("5334 00b0000004")).toBe(frame("5334 4e 3030"));
  expect(await ask("7777")).toBe(frame("7777 4e 3030"));
  expect(await ask("3230")).toBe(frame("3230 59"));
  expect([reader.state.place, slot.card?.id]).toEqual(["atGate", "a"]);
  expect(await ask("5330")).toBe(frame("5330 4e 3430"));
});

test("captured, the card is in no reader any more", async () => {
  const { say, reader, slot } = machine();
  await say(`${frame("3330")}05`);
  await say(`${frame("3233")}05`);
  expect([reader.state.place, slot.card]).toEqual(["none", null]);
});

test("any bytes: no throw, and no byte of the card changes without its secret", async () => {
  const byte = fc.nat(255);
  const known = fc.constantFrom("3033", "3330", "3130", "5030", "5330", "533300d000280155", "533300b0000010", "3230");
  const piece = fc.oneof(
    known.map((body) => Buffer.from(`${frame(body)}05`, "hex")),
    fc.array(byte, { maxLength: 12 }).map((bytes) => Buffer.from(bytes)),
    fc.tuple(known, fc.nat(), byte).map(([body, at, value]) => {
      const bytes = Buffer.from(`${frame(body)}05`, "hex");
      bytes[at % bytes.length] = value;
      return bytes;
    }),
  );
  let answered = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(piece, { maxLength: 8 }), async (pieces) => {
      const { chip, feed, say } = machine();
      const before = Buffer.from(chip.image()).toString("hex");
      for (const bytes of pieces) feed(bytes);
      if ((await say("05")) !== "") answered += 1;
      if (Buffer.from(chip.image()).toString("hex") !== before) throw new Error("written without the secret");
    }),
    { numRuns: inject("long") ? 200_000 : 1_000 },
  );
  expect(answered).toBeGreaterThan(0);
});
