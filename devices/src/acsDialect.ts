/**
 * The ACS pseudo-APDUs for memory cards of the SLE4442 kind, as bytes only: what to send, and what an answer means.
 * Facts from the public reader manuals (table in docs/devices.md). Readers of other makers get a dialect file of their
 * own beside this one.
 *
 * The one trap: after PRESENT, SW2 is the chip's error counter, so `90 07` is right, `90 03` and `90 01` are wrong
 * secrets and `90 00`, success for every other command, is a locked chip.
 */
import type { ReaderFailure, ReaderResult } from "./card-reader.ts";

const mainMemoryBytes = 256;
const counterBytes = 4;
const secretBytes = 3;
const fullCounter = 0x07;

export const acsCommands = {
  select: (): Uint8Array => Uint8Array.of(0xff, 0xa4, 0x00, 0x00, 0x01, 0x06),
  read: (offset: number, length: number): Uint8Array => {
    assertRange(offset, length);
    // Le 00 means 256.
    return Uint8Array.of(0xff, 0xb0, 0x00, offset, length & 0xff);
  },
  counter: (): Uint8Array => Uint8Array.of(0xff, 0xb1, 0x00, 0x00, counterBytes),
  present: (secret: Uint8Array): Uint8Array => {
    if (secret.length !== secretBytes) throw new RangeError(`secret: ${secretBytes} bytes`);
    return Uint8Array.of(0xff, 0x20, 0x00, 0x00, secretBytes, ...secret);
  },
  write: (offset: number, data: Uint8Array): Uint8Array => {
    assertRange(offset, data.length);
    if (data.length > 255) throw new RangeError("write: at most 255 bytes in one command");
    return Uint8Array.of(0xff, 0xd0, 0x00, offset, data.length, ...data);
  },
} as const;

/** `response` is the data followed by SW1 SW2. Anything shorter than the two is no answer: `readerFault`. */
export const acsAnswers = {
  /** `select` and `write`: a refused byte is also answered `90 00`, so reading back is the caller's. */
  done: (response: Uint8Array): ReaderResult<null> => {
    const status = statusWord(response);
    return status === 0x9000 && response.length === 2 ? { ok: true, value: null } : fault;
  },
  read: (response: Uint8Array, length: number): ReaderResult<Uint8Array> => {
    if (statusWord(response) !== 0x9000 || response.length !== length + 2) return fault;
    return { ok: true, value: Uint8Array.from(response.subarray(0, length)) };
  },
  /** First of the four bytes: how many wrong secrets are left, as a bit mask (07, 03, 01, 00). */
  counter: (response: Uint8Array): ReaderResult<number> => {
    const first = response[0];
    if (statusWord(response) !== 0x9000 || response.length !== counterBytes + 2 || first === undefined) return fault;
    return { ok: true, value: first };
  },
  present: (response: Uint8Array): ReaderResult<number> => {
    const status = statusWord(response);
    if (status === null || response.length !== 2 || status >> 8 !== 0x90) return fault;
    const left = status & 0xff;
    if (left === fullCounter) return { ok: true, value: left };
    return failed(left === 0 ? "locked" : "wrongSecret");
  },
} as const;

const fault = { ok: false, reason: "readerFault" } as const;

function failed(reason: ReaderFailure): { ok: false; reason: ReaderFailure } {
  return { ok: false, reason };
}

function statusWord(response: Uint8Array): number | null {
  const sw1 = response.at(-2);
  const sw2 = response.at(-1);
  return sw1 === undefined || sw2 === undefined ? null : (sw1 << 8) | sw2;
}

function assertRange(offset: number, length: number): void {
  const fits = Number.isInteger(offset) && Number.isInteger(length) && offset >= 0 && length >= 1;
  if (!fits || offset + length > mainMemoryBytes) throw new RangeError(`outside main memory: ${offset}+${length}`);
}
