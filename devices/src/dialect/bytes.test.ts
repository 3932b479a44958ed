import { describe, expect, it } from "vitest";
import { acs, acsEc2, acsEc2Reversed, acsReversed } from "./acs.ts";
import type { Conversation } from "./conversation.ts";
import type { ChipDialect, MemoryCardDialect, MemoryChip } from "./memoryCardDialect.ts";
import { omnikey } from "./omnikey.ts";
import { pcsc3 } from "./pcsc3.ts";

const hex = (text: string) => Uint8Array.from(Buffer.from(text, "hex"));
const fault = { ok: false, reason: "readerFault" };
const done = { ok: true, value: null };

function chipOf({ chips }: MemoryCardDialect, kind: MemoryChip): Required<ChipDialect> {
  const never = function* () {
    yield* [];
    throw new Error("left out");
  };
  const chip = chips[kind];
  if (chip === undefined) throw new Error(`no ${kind}`);
  return { counter: never, present: never, rekey: never, erase: never, ...chip };
}

/** What is said, command by command, when these answers come, and what it comes to. */
function held<T>(conversation: Conversation<T> | undefined, ...answers: string[]) {
  if (conversation === undefined) throw new Error("no conversation");
  const said: string[] = [];
  let turn = conversation.next();
  while (turn.done !== true) {
    said.push(Buffer.from(turn.value).toString("hex"));
    const answer = answers[said.length - 1];
    if (answer === undefined) throw new Error(`no answer to ${said.at(-1)}`);
    turn = conversation.next(hex(answer));
  }
  return { said, outcome: turn.value };
}

describe("ACS, byte by byte", () => {
  const sle4442 = chipOf(acs, "sle4442");
  const sle4428 = chipOf(acs, "sle4428");
  const at88 = chipOf(acs, "at88sc102");

  it.each<[MemoryChip, string[]]>([
    ["at24c01", ["ffa400000101", "ff0100000103"]],
    ["at24c02", ["ffa400000101", "ff0100000103"]],
    ["at24c16", ["ffa400000101", "ff0100000104"]],
    ["sle4428", ["ffa400000105"]],
    ["sle4442", ["ffa400000106"]],
    ["at88sc102", ["ffa400000109"]],
  ])("selects %s", (kind, commands) => {
    const { said, outcome } = held(chipOf(acs, kind).select?.(), ...commands.map(() => "9000"));
    expect(said).toEqual(commands);
    expect(outcome).toEqual(done);
  });

  it("stops a select that the reader refuses", () => {
    expect(held(chipOf(acs, "at24c16").select?.(), "6d00")).toEqual({ said: ["ffa400000101"], outcome: fault });
    expect(held(chipOf(acs, "at24c16").select?.(), "9000", "6d00").outcome).toEqual(fault);
  });

  it("reads, with and without protection bits, and so that they fit the answer", () => {
    const read = { ok: true, value: hex("0102") };
    expect(held(sle4442.read(0x20, 2), "01029000")).toEqual({ said: ["ffb0002002"], outcome: read });
    expect(held(sle4442.read(0x20, 2), "0102f0ffffff9000").outcome).toEqual(read);
    expect(held(sle4442.read(0x20, 2), "0102f0ff9000").outcome).toEqual(fault);
    expect(held(sle4428.read(0x20, 2), "0102f0ffffff9000").outcome).toEqual(fault);
    const whole = held(sle4442.read(0, 256), `${"00".repeat(252)}9000`, `${"ff".repeat(4)}f0ffffff9000`);
    expect(whole.said).toEqual(["ffb00000fc", "ffb000fc04"]);
    expect(whole.outcome).toEqual({ ok: true, value: hex("00".repeat(252) + "ff".repeat(4)) });
    expect(held(sle4428.read(0x3fd, 3), "ff00009000").said).toEqual(["ffb003fd03"]);
    expect(held(chipOf(acs, "at24c16").read(0x7ff, 1), "aa9000").said).toEqual(["ffb007ff01"]);
  });

  it("writes, and takes only 90 00 for it", () => {
    expect(held(sle4442.write(0x40, hex("0102")), "9000")).toEqual({ said: ["ffd00040020102"], outcome: done });
    expect(held(sle4428.write(0x1ff, hex("aa")), "9000").said).toEqual(["ffd001ff01aa"]);
    expect(held(chipOf(acs, "at24c16").write(0x400, hex("aa")), "9000").said).toEqual(["ffd0040001aa"]);
    for (const other of ["6985", "9007", "", "90", "009000"])
      expect(held(sle4442.write(0, hex("aa")), other).outcome).toEqual(fault);
  });

  it("reads the counters", () => {
    expect(held(sle4442.counter(), "07ffffff9000")).toEqual({ said: ["ffb1000004"], outcome: { ok: true, value: 7 } });
    expect(held(sle4442.counter(), "00ffffff9000").outcome).toEqual({ ok: true, value: 0 });
    expect(held(sle4442.counter(), "9000").outcome).toEqual(fault);
    expect(held(sle4428.counter(), "ff00009000")).toEqual({ said: ["ffb1000003"], outcome: { ok: true, value: 255 } });
    expect(held(at88.counter(), "ff9000")).toEqual({ said: ["ffb0000c01"], outcome: { ok: true, value: 255 } });
  });

  it.each([
    ["9007", { ok: true, value: 7 }],
    ["07a1b2c39000", { ok: true, value: 7 }],
    ["9003", { ok: false, reason: "wrongSecret" }],
    ["9001", { ok: false, reason: "wrongSecret" }],
    ["03ffffff9000", { ok: false, reason: "wrongSecret" }],
    ["9000", { ok: false, reason: "locked" }],
    ["00ffffff9000", { ok: false, reason: "locked" }],
    ["90ff", { ok: false, reason: "wrongSecret" }],
    ["6300", fault],
    ["079000", fault],
    ["90", fault],
    ["", fault],
  ])("SLE4442: present answered %s", (answer, outcome) => {
    expect(held(sle4442.present(hex("a1b2c3")), answer)).toEqual({ said: ["ff20000003a1b2c3"], outcome });
  });

  it.each([
    ["90ff", { ok: true, value: 255 }],
    ["907f", { ok: false, reason: "wrongSecret" }],
    ["9007", { ok: false, reason: "wrongSecret" }],
    ["9000", { ok: false, reason: "locked" }],
    ["6300", fault],
  ])("SLE4428: present answered %s", (answer, outcome) => {
    expect(held(sle4428.present(hex("a1b2")), answer)).toEqual({ said: ["ff20000002a1b2"], outcome });
  });

  it("changes a secret, then shows the new one once", () => {
    const rekeyed = held(sle4442.rekey(hex("a1b2c3"), hex("010203")), "9000", "9007");
    expect(rekeyed).toEqual({ said: ["ffd2000103010203", "ff20000003010203"], outcome: { ok: true, value: 7 } });
    expect(held(sle4442.rekey(hex("a1b2c3"), hex("010203")), "6985").said).toHaveLength(1);
    const other = held(sle4428.rekey(hex("a1b2"), hex("0102")), "9000", "90ff");
    expect(other).toEqual({ said: ["ffd003fe020102", "ff200000020102"], outcome: { ok: true, value: 255 } });
  });

  it("AT88SC102: believes a code only when the attempts counter is full again", () => {
    const present = () => at88.present(hex("a1b2"));
    const said = ["ff20080a02a1b2", "ffb0000c01"];
    expect(held(present(), "9000", "ff9000")).toEqual({ said, outcome: { ok: true, value: 255 } });
    expect(held(present(), "9000", "7f9000")).toEqual({ said, outcome: { ok: false, reason: "wrongSecret" } });
    expect(held(present(), "6300")).toEqual({ said: said.slice(0, 1), outcome: { ok: false, reason: "locked" } });
    expect(held(present(), "9000", "6d00").outcome).toEqual(fault);
  });

  it("AT88SC102: believes an erase only when the zone reads FF", () => {
    const blank = `${"ff".repeat(64)}9000`;
    const erased = held(at88.erase(22, hex("010203040506")), "9000", blank);
    expect(erased).toEqual({ said: ["ff20005606010203040506", "ffb0001640"], outcome: done });
    expect(held(at88.erase(92, hex("0708090a")), "9000", blank).said).toEqual(["ff20009c040708090a", "ffb0005c40"]);
    const stays = held(at88.erase(92, hex("0708090a")), "9000", `${"ff".repeat(63)}fe9000`);
    expect(stays.outcome).toEqual({ ok: false, reason: "verifyFailed" });
    const counted = chipOf(acsEc2, "at88sc102");
    expect(held(counted.erase(92, hex("0708090a")), "9000", blank).said[0]).toBe("ff20809c040708090a");
    expect(held(counted.erase(22, hex("010203040506")), "9000", blank).said[0]).toBe("ff20005606010203040506");
  });

  it("AT88SC102 with its bits reversed: data, code and keys cross the wire last bit first, addresses don't", () => {
    const turned = chipOf(acsReversed, "at88sc102");
    expect(held(turned.read(22, 2), "01f09000").outcome).toEqual({ ok: true, value: hex("800f") });
    expect(held(turned.write(22, hex("0180")), "9000").said).toEqual(["ffd00016028001"]);
    expect(held(turned.counter(), "0f9000").outcome).toEqual({ ok: true, value: 0xf0 });
    const shown = held(turned.present(hex("a1b2")), "9000", "ff9000");
    expect(shown).toEqual({ said: ["ff20080a02854d", "ffb0000c01"], outcome: { ok: true, value: 255 } });
    expect(held(turned.present(hex("a1b2")), "9000", "7f9000").outcome).toEqual({ ok: false, reason: "wrongSecret" });
    const blank = `${"ff".repeat(64)}9000`;
    const erased = held(turned.erase(22, hex("010203040506")), "9000", blank);
    expect(erased).toEqual({ said: ["ff200056068040c020a060", "ffb0001640"], outcome: done });
    const counted = chipOf(acsEc2Reversed, "at88sc102");
    expect(held(counted.erase(92, hex("0708090a")), "9000", blank).said[0]).toBe("ff20809c04e0109050");
    // Of the other chips nothing is turned.
    expect(held(chipOf(acsReversed, "sle4442").read(32, 1), "019000").outcome).toEqual({ ok: true, value: hex("01") });
  });

  it("refuses what does not fit the chip", () => {
    expect(() => held(sle4442.read(255, 2))).toThrow(RangeError);
    expect(() => held(sle4442.read(0, 0))).toThrow(RangeError);
    expect(() => held(sle4442.write(1, new Uint8Array(256)))).toThrow(RangeError);
    expect(() => held(sle4442.present(hex("a1b2")))).toThrow(/^secret: 3 bytes$/);
    expect(() => held(at88.erase(23, hex("010203040506")))).toThrow(RangeError);
    expect(() => held(at88.erase(22, hex("0102")))).toThrow(RangeError);
  });
});

describe("OMNIKEY, byte by byte", () => {
  const sle4442 = chipOf(omnikey, "sle4442");
  const sle4428 = chipOf(omnikey, "sle4428");
  const counter = "ff70076b07a605a003310000" + "00";

  it("selects, reads and writes", () => {
    expect(held(sle4442.select?.(), "9000").said).toEqual(["ffa400000106"]);
    expect(held(sle4428.select?.(), "9000").said).toEqual(["ffa400000105"]);
    expect(held(sle4442.read(0x20, 2), "01029000").said).toEqual(["ffb0002002"]);
    expect(held(sle4442.write(0x40, hex("0102")), "9000")).toEqual({ said: ["ffd60040020102"], outcome: done });
    expect(held(sle4442.write(0x40, hex("01")), "6581").outcome).toEqual({ ok: false, reason: "verifyFailed" });
    expect(held(sle4442.write(0x40, hex("01")), "6982").outcome).toEqual(fault);
  });

  it("asks for the counter on the bus, or in main memory", () => {
    const asked = held(sle4442.counter(), "bd03a001079000");
    expect(asked).toEqual({ said: [counter], outcome: { ok: true, value: 7 } });
    expect(held(sle4442.counter(), "bd03a001039900").outcome).toEqual({ ok: true, value: 3 });
    expect(held(sle4442.counter(), "9e0201039000").outcome).toEqual(fault);
    expect(held(sle4428.counter(), "7f9000")).toEqual({ said: ["ffb003fd01"], outcome: { ok: true, value: 0x7f } });
  });

  it("shows a secret once, and asks the chip whether it was right", () => {
    const present = () => sle4442.present(hex("a1b2c3"));
    const said = ["ff20000003a1b2c3", counter];
    expect(held(present(), "9000", "bd03a001079000")).toEqual({ said, outcome: { ok: true, value: 7 } });
    expect(held(present(), "9000", "bd03a001039000").outcome).toEqual({ ok: false, reason: "wrongSecret" });
    expect(held(present(), "63c2")).toEqual({ said: said.slice(0, 1), outcome: { ok: false, reason: "wrongSecret" } });
    expect(held(present(), "63c0").outcome).toEqual({ ok: false, reason: "locked" });
    expect(held(present(), "6983").outcome).toEqual({ ok: false, reason: "locked" });
    expect(held(present(), "6a82").outcome).toEqual(fault);
  });

  it("changes a secret with the old one beside it", () => {
    const rekeyed = held(sle4428.rekey(hex("a1b2"), hex("0102")), "9000", "9000", "ff9000");
    expect(rekeyed.said).toEqual(["ff21000004a1b20102", "ff200000020102", "ffb003fd01"]);
    expect(rekeyed.outcome).toEqual({ ok: true, value: 255 });
  });

  it("has no chips whose commands are not known for sure", () => {
    expect(Object.keys(omnikey.chips)).toEqual(["sle4442", "sle4428"]);
  });
});

describe("PC/SC part 3, byte by byte", () => {
  it("reads and updates, and has nothing to show a secret with", () => {
    const at24c16 = chipOf(pcsc3, "at24c16");
    expect(held(at24c16.read(0x400, 2), "01029000").said).toEqual(["ffb0040002"]);
    expect(held(at24c16.write(0x400, hex("aa")), "9000").said).toEqual(["ffd6040001aa"]);
    for (const chip of Object.values(pcsc3.chips)) {
      expect(chip.counter ?? chip.present ?? chip.rekey ?? chip.erase).toBeUndefined();
    }
  });
});
