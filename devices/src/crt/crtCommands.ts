/**
 * Commands of these readers, and their memory-card commands as a dialect. A command here is command byte, parameter byte,
 * then data; memory-card commands carry an APDU-like block whose answer ends with a status word: `90 00` done, `6F 01`
 * wrong secret, `6F 02` locked, `6F 00` failed, `6B 00` and `67 00` outside the card (facts: docs/devices.md).
 */
import type { ReaderChip } from "../card-reader.ts";
import {
  assertInside,
  assertLength,
  bytes,
  type Conversation,
  done,
  failed,
  fault,
  inPieces,
  ok,
  outInPieces,
  statusWord,
} from "../dialect/conversation.ts";
import {
  type ChipDialect,
  type MemoryCardDialect,
  type MemoryChip,
  memoryBytes,
  sle4428Secret,
  sle4442Secret,
} from "../dialect/memoryCardDialect.ts";

export const crt = {
  /** Without moving a card that is inside. */
  initialise: Uint8Array.of(0x30, 0x33),
  status: Uint8Array.of(0x31, 0x30),
  eject: Uint8Array.of(0x32, 0x30),
  capture: Uint8Array.of(0x32, 0x33),
  permitInsertion: Uint8Array.of(0x33, 0x30),
  cardType: Uint8Array.of(0x50, 0x30),
  cpuPowerOn: Uint8Array.of(0x51, 0x30),
  cpuPowerOff: Uint8Array.of(0x51, 0x31),
  sle44PowerOn: Uint8Array.of(0x53, 0x30),
  sle44PowerOff: Uint8Array.of(0x53, 0x31),
  i2cPowerOff: Uint8Array.of(0x54, 0x31),
  i2cPowerOn: (type: number): Uint8Array => Uint8Array.of(0x54, 0x30, type),
  cpuApdu: (protocol: "T=0" | "T=1", apdu: Uint8Array): Uint8Array =>
    Uint8Array.of(0x51, protocol === "T=0" ? 0x33 : 0x34, ...apdu),
} as const;

/** Where a card is, by the two digits of the status answer. */
export function positionOf(data: Uint8Array): "none" | "atGate" | "inside" | null {
  switch (String.fromCharCode(...data.subarray(0, 2))) {
    case "00":
      return "none";
    case "01":
      return "atGate";
    case "02":
      return "inside";
    default:
      return null;
  }
}

const i2cTypes = { at24c01: 0x30, at24c02: 0x31, at24c16: 0x34 } as const;

/** What the reader takes the card inside for, by the two digits of its answer; null: nothing that is sold on. */
export function chipOf(data: Uint8Array): ReaderChip | null {
  switch (String.fromCharCode(...data.subarray(0, 2))) {
    case "10":
    case "11":
      return "cpu";
    case "20":
      return "sle4442";
    case "21":
      return "sle4428";
    case "30":
      return "at24c01";
    case "31":
      return "at24c02";
    case "34":
      return "at24c16";
    default:
      return null;
  }
}

/** The most of one command (the maker's library keeps to 128 bytes). */
const atMost = 128;

function chip(kind: MemoryChip, group: 0x53 | 0x54, how: number): Pick<ChipDialect, "read" | "write"> {
  const block = (ins: number, at: number, size: number, data: Iterable<number> = []): Uint8Array =>
    Uint8Array.of(group, how, 0x00, ins, at >> 8, at & 0xff, size, ...data);
  return {
    read: (offset, length) => {
      assertInside(memoryBytes[kind], offset, length);
      return inPieces(offset, length, atMost, (at, size) => bytes(block(0xb0, at, size), size));
    },
    write: (offset, data) => {
      assertInside(memoryBytes[kind], offset, data.length);
      return outInPieces(offset, data, atMost, (at, part) => block(0xd0, at, part.length, part));
    },
  };
}

/** Powering up answers with what the chip says of itself, and no status word. */
function* powered(command: Uint8Array, answerBytes: number): Conversation<null> {
  const answer = yield command;
  return answer.length >= answerBytes ? ok(null) : fault;
}

/** `90 00` alone does not say that all tries are back: the counter does. */
function* shown(command: Uint8Array, full: number, counter: () => Conversation<number>): Conversation<number> {
  const answer = yield command;
  const status = answer.length === 2 ? statusWord(answer) : null;
  if (status === 0x6f01) return failed("wrongSecret");
  if (status === 0x6f02) return failed("locked");
  if (status !== 0x9000) return fault;
  const left = yield* counter();
  if (!left.ok) return left;
  return left.value === full ? left : failed("wrongSecret");
}

const sle4442How = 0x33;
function* sle4442Counter(): Conversation<number> {
  const security = yield* bytes(Uint8Array.of(0x53, sle4442How, 0x00, 0xb0, 0x02, 0x00, 0x04), 4);
  return security.ok ? ok((security.value[0] ?? 0) & sle4442Secret.full) : security;
}
const sle4442Present = (secret: Uint8Array): Conversation<number> => {
  assertLength(secret, sle4442Secret.bytes, "secret");
  return shown(
    Uint8Array.of(0x53, sle4442How, 0x00, 0x20, 0x03, 0x01, 0x03, ...secret),
    sle4442Secret.full,
    sle4442Counter,
  );
};

const sle4428How = 0x34;
const sle4428Memory = chip("sle4428", 0x53, sle4428How);
function* sle4428Counter(): Conversation<number> {
  const read = yield* sle4428Memory.read(sle4428Secret.counterAt, 1);
  return read.ok ? ok(read.value[0] ?? 0) : read;
}
const sle4428Present = (secret: Uint8Array): Conversation<number> => {
  assertLength(secret, sle4428Secret.bytes, "secret");
  return shown(
    Uint8Array.of(0x53, sle4428How, 0x00, 0x20, 0x00, 0x00, 0x02, ...secret),
    sle4428Secret.full,
    sle4428Counter,
  );
};

const i2c = (kind: keyof typeof i2cTypes): ChipDialect => ({
  select: () => powered(crt.i2cPowerOn(i2cTypes[kind]), 0),
  ...chip(kind, 0x54, 0x33),
});

export const crtDialect: MemoryCardDialect = {
  name: "crt",
  chips: {
    sle4442: {
      select: () => powered(crt.sle44PowerOn, 4),
      ...chip("sle4442", 0x53, sle4442How),
      counter: sle4442Counter,
      present: sle4442Present,
      *rekey(_presented, secret) {
        assertLength(secret, sle4442Secret.bytes, "secret");
        const changed = yield* done(Uint8Array.of(0x53, sle4442How, 0x00, 0xd0, 0x02, 0x01, 0x03, ...secret));
        return changed.ok ? yield* sle4442Present(secret) : changed;
      },
    },
    sle4428: {
      select: () => powered(crt.sle44PowerOn, 4),
      ...sle4428Memory,
      counter: sle4428Counter,
      present: sle4428Present,
      *rekey(_presented, secret) {
        assertLength(secret, sle4428Secret.bytes, "secret");
        const changed = yield* sle4428Memory.write(sle4428Secret.at, secret);
        return changed.ok ? yield* sle4428Present(secret) : changed;
      },
    },
    at24c01: i2c("at24c01"),
    at24c02: i2c("at24c02"),
    at24c16: i2c("at24c16"),
  },
};

/** The ATR that PC/SC readers make up for memory cards, so that one card has one ATR whatever it lies in. */
export function atrOf(chip: ReaderChip, answer: Uint8Array): string {
  const hex = [...answer].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  switch (chip) {
    case "cpu":
      return hex;
    case "sle4442":
    case "sle4428":
    case "at88sc102":
      return `3b04${hex.slice(0, 8)}`;
    // "I2C." in ASCII for the one that is sold on; the others have their own last letter and are known to nobody yet.
    case "at24c02":
      return "3b044932432e";
    case "at24c01":
      return "3b0449324331";
    case "at24c16":
      return "3b0449324336";
  }
}
