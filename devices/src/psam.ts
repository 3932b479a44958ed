/**
 * A PSAM (PBOC's security module) in a reader's slot: it makes a card's key inside itself from the card's factor and gives
 * away nothing but a MAC (facts: cards.md §2.3). The centre has one, or a terminal in the second slot of its reader.
 *
 * Two commands that belong together: the factor first, then the data under the key made from it. Nothing may come between
 * them, so one MAC is made after the other. What the module answers but what is expected is told, and nothing is tried again.
 */
import type { CardReader, ReaderFailure, ReaderResult } from "./card-reader.ts";

export interface PsamKey {
  cipher: "tripleDes" | "sm4";
  /** As the module's issuer numbered the master that seals. */
  usage: number;
  version: number;
  /** The directory that holds it, selected at each power-up; null: it is there without. */
  directoryId: number | null;
}

export type PsamFailure =
  /** None in its slot, or nothing that answers its reset. */
  | { reason: "missing" }
  /** The reader brought no answer to this command. */
  | { reason: "silent"; command: PsamCommand; because: ReaderFailure }
  /** It answered with this status word, or with something that is no MAC. */
  | { reason: "refused"; command: PsamCommand; answer: string };
export type PsamCommand = "powerUp" | "directory" | "key" | "mac";

export interface Psam {
  readonly cipher: PsamKey["cipher"];
  /** `factor`: 8 bytes. `blocks`: whole blocks, the start value first. Four bytes. */
  mac(
    factor: Uint8Array,
    blocks: Uint8Array,
  ): Promise<{ ok: true; value: Uint8Array } | { ok: false; failure: PsamFailure }>;
  /** Closes the reader too. */
  close(): Promise<void>;
}

const macBytes = 4;
type Answered = { ok: true; value: Uint8Array } | { ok: false; failure: PsamFailure };

export function psam(reader: CardReader, { cipher, usage, version, directoryId }: PsamKey): Psam {
  let present: string | null = null;
  let opened: string | null = null;
  const unsubscribe = reader.subscribe((event) => {
    if (event.type === "inserted") present = event.powerUpId;
    else if (event.type !== "ready") present = null;
  });
  const send = async (powerUpId: string, command: PsamCommand, apdu: Uint8Array): Promise<Answered> => {
    const answer = (await reader.transmit?.(powerUpId, apdu)) ?? unable;
    if (!answer.ok) return { ok: false, failure: { reason: "silent", command, because: answer.reason } };
    const [sw1, sw2] = answer.value.subarray(-2);
    if (sw1 === 0x90 && sw2 === 0x00) return { ok: true, value: answer.value.subarray(0, -2) };
    return { ok: false, failure: { reason: "refused", command, answer: hexOf(answer.value.subarray(-2)) } };
  };
  const open = async (powerUpId: string): Promise<PsamFailure | null> => {
    if (opened === powerUpId) return null;
    const powered = await reader.select(powerUpId, "cpu");
    if (!powered.ok) return { reason: "silent", command: "powerUp", because: powered.reason };
    if (directoryId !== null) {
      const select = Uint8Array.of(0x00, 0xa4, 0x00, 0x00, 0x02, directoryId >> 8, directoryId & 0xff);
      const selected = await send(powerUpId, "directory", select);
      if (!selected.ok) return selected.failure;
    }
    opened = powerUpId;
    return null;
  };
  const make = async (factor: Uint8Array, blocks: Uint8Array): Promise<Answered> => {
    const powerUpId = present;
    if (powerUpId === null) return { ok: false, failure: { reason: "missing" } };
    const failure = await open(powerUpId);
    if (failure !== null) return { ok: false, failure };
    const key = await send(powerUpId, "key", Uint8Array.of(0x80, 0x1a, usage, version, factor.length, ...factor));
    if (!key.ok) return key;
    const mac = await send(powerUpId, "mac", Uint8Array.of(0x80, 0xfa, 0x05, 0x00, blocks.length, ...blocks));
    if (!mac.ok) return mac;
    if (mac.value.length >= macBytes) return { ok: true, value: mac.value.slice(0, macBytes) };
    return { ok: false, failure: { reason: "refused", command: "mac", answer: `${mac.value.length} bytes` } };
  };
  let turn: Promise<unknown> = Promise.resolve();
  return {
    cipher,
    mac(factor, blocks) {
      const made = turn.then(() => make(factor, blocks));
      turn = made.catch(() => undefined);
      return made;
    },
    close: async () => {
      unsubscribe();
      await reader.close();
    },
  };
}

/** `tripleDes:28:01` or `sm4:28:01:1001`: cipher, usage, version and, where needed, the directory. null: not like that. */
export function parsePsamKey(text: string): PsamKey | null {
  const found = /^(tripleDes|sm4):([0-9a-f]{2}):([0-9a-f]{2})(?::([0-9a-f]{4}))?$/.exec(text);
  if (found === null) return null;
  const [, cipher, usage = "", version = "", directory] = found;
  return {
    cipher: cipher === "sm4" ? "sm4" : "tripleDes",
    usage: Number.parseInt(usage, 16),
    version: Number.parseInt(version, 16),
    directoryId: directory === undefined ? null : Number.parseInt(directory, 16),
  };
}

const unable: ReaderResult<Uint8Array> = { ok: false, reason: "readerFault" };
const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");
