/**
 * HID OMNIKEY AViatoR readers (3021, 3121 and their 2017 firmware on): the synchronous command set of PLT-03099
 * (docs/devices.md). Older OMNIKEYs take memory cards only through a Windows DLL.
 *
 * VERIFY answers tries left, as ISO 7816-4 has it, so the counter is known only when it is asked for: the SLE4442's from
 * its security memory by a raw bus command, the SLE4428's from main memory. Their I²C commands are left out: the public
 * table of them is ambiguous.
 */
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
  statusWord,
} from "./conversation.ts";
import {
  type ChipDialect,
  type MemoryCardDialect,
  type MemoryChip,
  memoryBytes,
  sle4428Secret,
  sle4442Secret,
} from "./memoryCardDialect.ts";

const atMost = 255;
const command = (ins: number, p1: number, p2: number, p3: number, data: Iterable<number> = []): Uint8Array =>
  Uint8Array.of(0xff, ins, p1, p2, p3, ...data);

function* readPiece(at: number, size: number): Conversation<Uint8Array> {
  return yield* bytes(command(0xb0, at >> 8, at & 0xff, size), size);
}

/** `65 81`: a byte did not take, it is protected. */
function* update(at: number, part: Uint8Array): Conversation<null> {
  const answer = yield command(0xd6, at >> 8, at & 0xff, part.length, part);
  if (answer.length !== 2) return fault;
  const status = statusWord(answer);
  return status === 0x9000 ? ok(null) : status === 0x6581 ? failed("verifyFailed") : fault;
}

/** `63 Cx`: wrong, x tries left. `69 83`: none left. */
function* secretCommand(apdu: Uint8Array): Conversation<null> {
  const answer = yield apdu;
  const status = statusWord(answer);
  if (status === null || answer.length !== 2) return fault;
  if (status === 0x9000) return ok(null);
  if (status === 0x6983 || status === 0x63c0) return failed("locked");
  return status >> 4 === 0x63c ? failed("wrongSecret") : fault;
}

/** READ SECURITY MEMORY, address 0, over the two-wire bus; the answer is a TLV around the one byte. */
const readErrorCounter = Uint8Array.of(0xff, 0x70, 0x07, 0x6b, 0x07, 0xa6, 0x05, 0xa0, 0x03, 0x31, 0x00, 0x00, 0x00);
const counterTlv = [0xbd, 0x03, 0xa0, 0x01] as const;

function* sle4442Counter(): Conversation<number> {
  const answer = yield readErrorCounter;
  const head = counterTlv.every((byte, i) => answer[i] === byte);
  // The guide prints 99 00 for this command's success; firmware answers 90 00.
  const good = statusWord(answer) === 0x9000 || statusWord(answer) === 0x9900;
  if (!head || !good || answer.length !== counterTlv.length + 3) return fault;
  return ok((answer[counterTlv.length] ?? 0) & sle4442Secret.full);
}

function* sle4428Counter(): Conversation<number> {
  const read = yield* readPiece(sle4428Secret.counterAt, 1);
  return read.ok ? ok(read.value[0] ?? 0) : read;
}

function chip(
  kind: MemoryChip,
  type: number,
  secret: { bytes: number; full: number },
  counter: () => Conversation<number>,
): ChipDialect {
  /** The counter is asked for afterwards: `90 00` alone does not say that all tries are back. */
  const proven = function* (apdu: Uint8Array): Conversation<number> {
    const done = yield* secretCommand(apdu);
    if (!done.ok) return done;
    const left = yield* counter();
    if (!left.ok) return left;
    return left.value === secret.full ? left : failed("wrongSecret");
  };
  return {
    select: () => done(command(0xa4, 0x00, 0x00, 0x01, [type])),
    read: (offset, length) => {
      assertInside(memoryBytes[kind], offset, length);
      return inPieces(offset, length, atMost, readPiece);
    },
    *write(offset, data) {
      assertInside(memoryBytes[kind], offset, data.length);
      for (let at = 0; at < data.length; at += atMost) {
        const written = yield* update(offset + at, data.subarray(at, at + atMost));
        if (!written.ok) return written;
      }
      return ok(null);
    },
    counter,
    present: (code) => {
      assertLength(code, secret.bytes, "secret");
      return proven(command(0x20, 0x00, 0x00, code.length, code));
    },
    *rekey(presented, code) {
      assertLength(presented, secret.bytes, "secret");
      assertLength(code, secret.bytes, "secret");
      const changed = yield* secretCommand(command(0x21, 0x00, 0x00, 2 * code.length, [...presented, ...code]));
      return changed.ok ? yield* proven(command(0x20, 0x00, 0x00, code.length, code)) : changed;
    },
  };
}

export const omnikey: MemoryCardDialect = {
  name: "omnikey",
  chips: {
    sle4442: chip("sle4442", 0x06, sle4442Secret, sle4442Counter),
    sle4428: chip("sle4428", 0x05, sle4428Secret, sle4428Counter),
  },
};
