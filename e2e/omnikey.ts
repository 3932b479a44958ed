/** HID's commands for memory cards, as an OMNIKEY takes them (docs/devices.md). */
import { hex, type ReaderFamily, type Translated } from "./readerProxy.ts";

const counterCommand = "ff70076b07a605a00331000000";

function translated(command: Uint8Array): Translated | null {
  const [cla, ins, ...rest] = command;
  const same = (answer: Uint8Array): Uint8Array => answer;
  if (cla !== 0xff) return { acs: command, back: same };
  if (hex(command) === counterCommand) {
    const acs = Uint8Array.of(0xff, 0xb1, 0x00, 0x00, 0x04);
    return { acs, back: (answer) => Uint8Array.of(0xbd, 0x03, 0xa0, 0x01, answer[0] ?? 0, 0x90, 0x00) };
  }
  if (ins === 0xa4 || ins === 0xb0) return { acs: command, back: same };
  if (ins === 0xd6) return { acs: Uint8Array.of(cla, 0xd0, ...rest), back: same };
  if (ins !== 0x20) return null;
  const tries = (counter: number): number => counter.toString(2).replaceAll("0", "").length;
  const back = ([, counter = 0]: Uint8Array): Uint8Array => {
    if (counter === 0x07) return Uint8Array.of(0x90, 0x00);
    return counter === 0 ? Uint8Array.of(0x69, 0x83) : Uint8Array.of(0x63, 0xc0 | tries(counter));
  };
  return { acs: command, back };
}

/** Named as libccid names it. */
export const omnikey: ReaderFamily = { name: "HID Global OMNIKEY 3x21 Smart Card Reader", translated, onPower: [] };
