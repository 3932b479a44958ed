/**
 * ACS readers (ACR38, ACR39, ACR3901, ACR33, ACR1281): pseudo-APDUs from the public manuals (docs/devices.md).
 *
 * Traps:
 * - After PRESENT, SW2 is the chip's error counter, so `90 07` is right, `90 03` and `90 01` are wrong secrets and `90 00`,
 *   success for every other command, is a locked chip. Old firmware answers the counter and the code as data instead.
 * - A read of an SLE4442 may bring four bytes of protection bits after the data.
 * - The AT88SC102 says `90 00` to a wrong code and to a wrong erase key alike: only reading back tells.
 */
import { bitReversed } from "./bitReversed.ts";
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
} from "./conversation.ts";
import {
  at88sc102Facts,
  type ChipDialect,
  type MemoryCardDialect,
  type MemoryChip,
  memoryBytes,
  sle4428Secret,
  sle4442Secret,
} from "./memoryCardDialect.ts";

const protectionBytes = 4;
/** So that data, protection bits and status word fit one short answer (258 bytes). */
const readAtMost = 252;
const writeAtMost = 255;

const command = (ins: number, p1: number, p2: number, p3: number, data: Iterable<number> = []): Uint8Array =>
  Uint8Array.of(0xff, ins, p1, p2, p3, ...data);
const selectType = (type: number): Uint8Array => command(0xa4, 0x00, 0x00, 0x01, [type]);

/** SELECT, READ and WRITE, which are the same for all chips. */
function memory(
  chip: MemoryChip,
  type: number,
  readMore = 0,
): Pick<ChipDialect, "read" | "write"> & { select(): Conversation<null> } {
  return {
    select: () => done(selectType(type)),
    read: (offset, length) => {
      assertInside(memoryBytes[chip], offset, length);
      const piece = (at: number, size: number) => bytes(command(0xb0, at >> 8, at & 0xff, size), size, readMore);
      return inPieces(offset, length, readAtMost, piece);
    },
    write: (offset, data) => {
      assertInside(memoryBytes[chip], offset, data.length);
      return outInPieces(offset, data, writeAtMost, (at, part) => command(0xd0, at >> 8, at & 0xff, part.length, part));
    },
  };
}

/** What an answer to PRESENT says of a counter that is `full` when the secret was right. */
function* presented(apdu: Uint8Array, full: number, secretBytes: number): Conversation<number> {
  const answer = yield apdu;
  const status = statusWord(answer);
  const asData = answer.length === 1 + secretBytes + 2 && status === 0x9000;
  if (!asData && (status === null || answer.length !== 2 || status >> 8 !== 0x90)) return fault;
  const left = asData ? (answer[0] ?? 0) : (status ?? 0) & 0xff;
  if (left === full) return ok(left);
  return failed(left === 0 ? "locked" : "wrongSecret");
}

function* counted(apdu: Uint8Array, answerBytes: number): Conversation<number> {
  const answer = yield* bytes(apdu, answerBytes);
  return answer.ok ? ok(answer.value[0] ?? 0) : answer;
}

const sle4442Present = (secret: Uint8Array): Conversation<number> => {
  assertLength(secret, sle4442Secret.bytes, "secret");
  return presented(command(0x20, 0x00, 0x00, secret.length, secret), sle4442Secret.full, secret.length);
};
const sle4442: ChipDialect = {
  ...memory("sle4442", 0x06, protectionBytes),
  counter: () => counted(command(0xb1, 0x00, 0x00, 0x04), 4),
  present: sle4442Present,
  *rekey(_presented, secret) {
    assertLength(secret, sle4442Secret.bytes, "secret");
    const changed = yield* done(command(0xd2, 0x00, 0x01, secret.length, secret));
    return changed.ok ? yield* sle4442Present(secret) : changed;
  },
};

const sle4428Present = (secret: Uint8Array): Conversation<number> => {
  assertLength(secret, sle4428Secret.bytes, "secret");
  return presented(command(0x20, 0x00, 0x00, secret.length, secret), sle4428Secret.full, secret.length);
};
const sle4428Memory = memory("sle4428", 0x05);
const sle4428: ChipDialect = {
  ...sle4428Memory,
  counter: () => counted(command(0xb1, 0x00, 0x00, 0x03), 3),
  present: sle4428Present,
  // There is no command for it: the code is the last two bytes of main memory.
  *rekey(_presented, secret) {
    assertLength(secret, sle4428Secret.bytes, "secret");
    const changed = yield* sle4428Memory.write(sle4428Secret.at, secret);
    return changed.ok ? yield* sle4428Present(secret) : changed;
  },
};

/** The page size is lost at each power-up, so it is set with each. */
function i2c(chip: MemoryChip, pageSize: number): ChipDialect {
  const plain = memory(chip, 0x01);
  return {
    ...plain,
    *select() {
      const selected = yield* plain.select();
      return selected.ok ? yield* done(command(0x01, 0x00, 0x00, 0x01, [pageSize])) : selected;
    },
  };
}
const pageOf8 = 0x03;
const pageOf16 = 0x04;

const at88sc102Memory = memory("at88sc102", 0x09);
const at88sc102Counter = function* (): Conversation<number> {
  const read = yield* at88sc102Memory.read(at88sc102Facts.counterAt, 1);
  return read.ok ? ok(read.value[0] ?? 0) : read;
};
/** P1 of the code's PRESENT: bits of its counter. */
const counterBits = 0x08;
const noTryLeft = 0x6300;

/** `p1OfZone2`: 80 erases the second zone on the erase counter, as cards want it whose EC2 fuse was not blown. */
function at88sc102(p1OfZone2: 0x00 | 0x80): ChipDialect {
  return {
    ...at88sc102Memory,
    counter: at88sc102Counter,
    *present(secret) {
      assertLength(secret, at88sc102Facts.secretBytes, "secret");
      const answer = yield command(0x20, counterBits, at88sc102Facts.secretAt, secret.length, secret);
      const status = statusWord(answer);
      if (answer.length !== 2 || (status !== 0x9000 && status !== noTryLeft)) return fault;
      if (status === noTryLeft) return failed("locked");
      const left = yield* at88sc102Counter();
      if (!left.ok) return left;
      return left.value === at88sc102Facts.full ? left : failed("wrongSecret");
    },
    *erase(offset, key) {
      const zone = at88sc102Facts.zones.find((each) => each.offset === offset);
      if (zone === undefined) throw new RangeError(`no zone begins at ${offset}`);
      assertLength(key, zone.keyBytes, "erase key");
      const p1 = zone === at88sc102Facts.zones[1] ? p1OfZone2 : 0x00;
      const erased = yield* done(command(0x20, p1, zone.keyAt, key.length, key));
      if (!erased.ok) return erased;
      const back = yield* at88sc102Memory.read(zone.offset, zone.length);
      if (!back.ok) return back;
      return back.value.every((byte) => byte === 0xff) ? ok(null) : failed("verifyFailed");
    },
  };
}

const acsWith = (name: string, at88: ChipDialect): MemoryCardDialect => ({
  name,
  chips: {
    sle4442,
    sle4428,
    at24c01: i2c("at24c01", pageOf8),
    at24c02: i2c("at24c02", pageOf8),
    at24c16: i2c("at24c16", pageOf16),
    at88sc102: at88,
  },
});

export const acs: MemoryCardDialect = acsWith("acs", at88sc102(0x00));
/** For AT88SC102 cards whose second zone is erased on its counter. */
export const acsEc2: MemoryCardDialect = acsWith("acs-ec2", at88sc102(0x80));
/** For readers that give each byte of an AT88SC102 with its bits reversed. */
export const acsReversed: MemoryCardDialect = acsWith("acs-reversed", bitReversed(at88sc102(0x00)));
export const acsEc2Reversed: MemoryCardDialect = acsWith("acs-ec2-reversed", bitReversed(at88sc102(0x80)));
