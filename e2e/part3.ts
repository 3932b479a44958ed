/**
 * Storage cards by PC/SC part 3, as a reader with an AT24C02 in it takes them: READ BINARY and UPDATE BINARY, and nothing
 * that selects, unlocks or belongs to another family. It tells the chip by itself when it gives it power.
 */
import type { ReaderFamily, Translated } from "./readerProxy.ts";

const [readBinary, updateBinary] = [0xb0, 0xd6];
const same = (answer: Uint8Array): Uint8Array => answer;

function translated(command: Uint8Array): Translated | null {
  const [cla = 0, ins, ...rest] = command;
  if (cla !== 0xff) return null;
  if (ins === readBinary) return { acs: command, back: same };
  return ins === updateBinary ? { acs: Uint8Array.of(cla, 0xd0, ...rest), back: same } : null;
}

/** I²C, pages of eight bytes. */
const onPower = [Uint8Array.of(0xff, 0xa4, 0, 0, 1, 0x01), Uint8Array.of(0xff, 0x01, 0, 0, 1, 0x03)];

/** A name that says nothing, so its dialect is a setting. */
export const part3: ReaderFamily = { name: "Storage Card Reader", translated, onPower };
