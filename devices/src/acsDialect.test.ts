import { describe, expect, it } from "vitest";
import { acsAnswers, acsCommands } from "./acsDialect.ts";

const hex = (text: string) => Buffer.from(text, "hex");
const bytes = (data: Uint8Array) => Buffer.from(data).toString("hex");
const fault = { ok: false, reason: "readerFault" };

describe("ACS commands", () => {
  it("are the published bytes", () => {
    expect(bytes(acsCommands.select())).toBe("ffa400000106");
    expect(bytes(acsCommands.read(0x20, 0x10))).toBe("ffb0002010");
    expect(bytes(acsCommands.read(0, 256))).toBe("ffb0000000");
    expect(bytes(acsCommands.counter())).toBe("ffb1000004");
    expect(bytes(acsCommands.present(hex("a1b2c3")))).toBe("ff20000003a1b2c3");
    expect(bytes(acsCommands.write(0x40, hex("0102")))).toBe("ffd00040020102");
  });

  it("refuse what does not fit the chip", () => {
    expect(() => acsCommands.read(255, 2)).toThrow(RangeError);
    expect(() => acsCommands.read(0, 0)).toThrow(RangeError);
    expect(() => acsCommands.write(0, new Uint8Array(256))).toThrow(RangeError);
    expect(() => acsCommands.present(hex("a1b2"))).toThrow(RangeError);
  });
});

describe("ACS answers", () => {
  it.each([
    ["9007", { ok: true, value: 7 }],
    ["9003", { ok: false, reason: "wrongSecret" }],
    ["9001", { ok: false, reason: "wrongSecret" }],
    ["9000", { ok: false, reason: "locked" }],
    ["6300", fault],
    ["90", fault],
    ["", fault],
  ])("present %s", (response, meaning) => {
    expect(acsAnswers.present(hex(response))).toEqual(meaning);
  });

  it("9000 is success for the others", () => {
    expect(acsAnswers.done(hex("9000"))).toEqual({ ok: true, value: null });
    expect(acsAnswers.read(hex("01029000"), 2)).toEqual({ ok: true, value: Uint8Array.of(1, 2) });
    expect(acsAnswers.counter(hex("07ffffff9000"))).toEqual({ ok: true, value: 7 });
    expect(acsAnswers.counter(hex("00ffffff9000"))).toEqual({ ok: true, value: 0 });
  });

  it("a short, long or refused answer is a communication error", () => {
    expect(acsAnswers.done(hex("6985"))).toEqual(fault);
    expect(acsAnswers.done(hex("9007"))).toEqual(fault);
    expect(acsAnswers.read(hex("019000"), 2)).toEqual(fault);
    expect(acsAnswers.read(hex("0102039000"), 2)).toEqual(fault);
    expect(acsAnswers.counter(hex("9000"))).toEqual(fault);
  });
});
