/**
 * What one card operation says to a reader, and what the answers mean, without doing either: a generator that yields
 * commands, takes each answer, and returns the outcome. Dialects are made of these, so every byte of them can be tested
 * with a list of answers.
 *
 * An answer is the data followed by SW1 SW2. Fewer than two bytes is no answer: `readerFault`.
 */
import type { ReaderFailure, ReaderResult } from "../card-reader.ts";

export type Conversation<T> = Generator<Uint8Array, ReaderResult<T>, Uint8Array>;

/** Brings one command out and its answer back; a failure ends the conversation. */
export type Say = (command: Uint8Array) => Promise<ReaderResult<Uint8Array>>;

export async function converse<T>(conversation: Conversation<T>, say: Say): Promise<ReaderResult<T>> {
  let turn = conversation.next();
  while (turn.done !== true) {
    const answer = await say(turn.value);
    if (!answer.ok) return answer;
    turn = conversation.next(answer.value);
  }
  return turn.value;
}

export const ok = <T>(value: T): { ok: true; value: T } => ({ ok: true, value });
export const failed = (reason: ReaderFailure): { ok: false; reason: ReaderFailure } => ({ ok: false, reason });
export const fault = failed("readerFault");

/** null: no answer at all. */
export function statusWord(answer: Uint8Array): number | null {
  const sw1 = answer.at(-2);
  const sw2 = answer.at(-1);
  return sw1 === undefined || sw2 === undefined ? null : (sw1 << 8) | sw2;
}

/** A command that is answered `90 00` and nothing else. */
export function* done(command: Uint8Array): Conversation<null> {
  const answer = yield command;
  return statusWord(answer) === 0x9000 && answer.length === 2 ? ok(null) : fault;
}

/** A command that is answered `length` bytes and `90 00`; `more`: how many bytes beyond them may follow, and are dropped. */
export function* bytes(command: Uint8Array, length: number, more = 0): Conversation<Uint8Array> {
  const answer = yield command;
  const size = answer.length - 2;
  if (statusWord(answer) !== 0x9000 || (size !== length && size !== length + more)) return fault;
  return ok(Uint8Array.from(answer.subarray(0, length)));
}

/** Reads `length` bytes in commands of at most `atMost`. */
export function* inPieces(
  offset: number,
  length: number,
  atMost: number,
  piece: (offset: number, length: number) => Conversation<Uint8Array>,
): Conversation<Uint8Array> {
  const all = new Uint8Array(length);
  for (let at = 0; at < length; at += atMost) {
    const read = yield* piece(offset + at, Math.min(atMost, length - at));
    if (!read.ok) return read;
    all.set(read.value, at);
  }
  return ok(all);
}

/** Writes `data` in commands of at most `atMost` bytes, one after the other. */
export function* outInPieces(
  offset: number,
  data: Uint8Array,
  atMost: number,
  piece: (offset: number, data: Uint8Array) => Uint8Array,
): Conversation<null> {
  for (let at = 0; at < data.length; at += atMost) {
    const written = yield* done(piece(offset + at, data.subarray(at, at + atMost)));
    if (!written.ok) return written;
  }
  return ok(null);
}

/** Throws RangeError when the bytes are not all inside the chip's memory: that is the script's mistake. */
export function assertInside(memoryBytes: number, offset: number, length: number): void {
  const fits = Number.isInteger(offset) && Number.isInteger(length) && offset >= 0 && length >= 1;
  if (!fits || offset + length > memoryBytes) throw new RangeError(`outside main memory: ${offset}+${length}`);
}

/** Throws RangeError for a secret or key of another length; the message does not repeat it. */
export function assertLength(secret: Uint8Array, length: number, what: string): void {
  if (secret.length !== length) throw new RangeError(`${what}: ${length} bytes`);
}
