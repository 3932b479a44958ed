/**
 * Commands to CPU cards sealed by a PSAM in a reader of the centre's: the module makes the card's key inside itself and
 * gives away nothing but the MAC (facts/cards.md §2.3). It sits in the second slot of a reader, or in one of its own.
 *
 * Two commands that belong together: the card's factor first, then the data under the key made from it. Nothing may come
 * between them, so one seal is made after the other. Whatever the module answers but what is expected is an error: the
 * terminal asks again while its script lives, and after that the write is unknown like any other.
 */
import type { CardReader, ReaderResult } from "@citygas/devices";
import { macBlocks } from "@citygas/gascard";
import type { CardSealer, KeyCipher } from "./masterKey.ts";

export interface PsamKey {
  cipher: KeyCipher;
  /** As the module's issuer numbered the master that seals. */
  usage: number;
  version: number;
  /** The directory that holds it, selected at each power-up; null: it is there without. */
  directoryId: number | null;
}

const macBytes = 4;

export function psamSealer(reader: CardReader, key: PsamKey): CardSealer & { close(): Promise<void> } {
  let present: string | null = null;
  let opened: string | null = null;
  const unsubscribe = reader.subscribe((event) => {
    if (event.type === "inserted") present = event.powerUpId;
    if (event.type === "removed" || event.type === "fault" || event.type === "mute") present = null;
  });
  const send = async (powerUpId: string, what: string, apdu: Uint8Array): Promise<Uint8Array> => {
    const answer = must(await (reader.transmit?.(powerUpId, apdu) ?? unable), what);
    const [sw1, sw2] = answer.subarray(-2);
    if (sw1 !== 0x90 || sw2 !== 0x00) throw new Error(`PSAM: ${what} answered ${hexOf(answer.subarray(-2))}`);
    return answer.subarray(0, -2);
  };
  const open = async (): Promise<string> => {
    if (present === null) throw new Error("PSAM: there is none in its reader");
    const powerUpId = present;
    if (opened === powerUpId) return powerUpId;
    must(await reader.select(powerUpId, "cpu"), "power-up");
    const { directoryId: id } = key;
    if (id !== null) await send(powerUpId, "select", Uint8Array.of(0x00, 0xa4, 0x00, 0x00, 0x02, id >> 8, id & 0xff));
    opened = powerUpId;
    return powerUpId;
  };
  const seal = async (factor: Uint8Array, challenge: Uint8Array, input: Uint8Array): Promise<Uint8Array> => {
    const powerUpId = await open();
    const { usage, version, cipher } = key;
    await send(powerUpId, "key", Uint8Array.of(0x80, 0x1a, usage, version, factor.length, ...factor));
    const data = macBlocks(cipher, challenge, input);
    const mac = await send(powerUpId, "MAC", Uint8Array.of(0x80, 0xfa, 0x05, 0x00, data.length, ...data));
    if (mac.length < macBytes) throw new Error(`PSAM: a MAC of ${mac.length} bytes`);
    return mac.slice(0, macBytes);
  };
  let turn: Promise<unknown> = Promise.resolve();
  return {
    cipher: key.cipher,
    mac(factor, challenge, input) {
      const made = turn.then(() => seal(factor, challenge, input));
      turn = made.catch(() => undefined);
      return made;
    },
    close: async () => {
      unsubscribe();
      await reader.close();
    },
  };
}

const unable: ReaderResult<Uint8Array> = { ok: false, reason: "readerFault" };

function must<T>(result: ReaderResult<T>, what: string): T {
  if (!result.ok) throw new Error(`PSAM: ${what}: ${result.reason}`);
  return result.value;
}

const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");
