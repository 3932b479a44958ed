/**
 * What the virtual reader's firmware does alike for all memory chips (docs/devices.md): select, read, write. The reader
 * powers the chip up at a select, and answers `90 00` to a write that the chip did not take: only reading back tells.
 */
import type { Chip } from "../chip/chip.ts";

export interface AcsContext<C extends Chip> {
  chip: C;
  selected: boolean;
  select(): void;
  /** Something of the chip beside written bytes has changed: a counter, the code, a whole zone. */
  chipChanged(): void;
  write(address: number, data: Uint8Array): Promise<void>;
}

/** A chip that is read byte by byte. */
interface Readable extends Chip {
  read(address: number, length: number): Uint8Array;
}

export interface AcsCommand {
  ins: number;
  p1: number;
  p2: number;
  /** Length byte. */
  p3: number;
  data: Uint8Array;
}

export const OK = Uint8Array.of(0x90, 0x00);
export const UNKNOWN = Uint8Array.of(0x6d, 0x00);
const NOT_SELECTED = Uint8Array.of(0x69, 0x85);
const OUT_OF_RANGE = Uint8Array.of(0x6b, 0x00);
const READ_MAX = 256;

export const ok = (data: Iterable<number>): Uint8Array => Uint8Array.of(...data, ...OK);

/**
 * Carries out one pseudo-APDU and answers with data and status word. `type`: what SELECT calls the chip; `own`: the chip's
 * own commands, with the chip selected; null from it: none of them.
 */
export async function executeAcs<C extends Readable>(
  apdu: Uint8Array,
  context: AcsContext<C>,
  { type, memoryBytes }: { type: number; memoryBytes: number },
  own: (command: AcsCommand) => Uint8Array | null,
): Promise<Uint8Array> {
  const [cla, ins = -1, p1 = -1, p2 = -1, p3 = -1] = apdu;
  const { chip } = context;
  const data = apdu.subarray(5);
  if (cla !== 0xff || apdu.length < 5) return UNKNOWN;
  if (ins === 0xa4) {
    if (p3 !== 1 || data.length !== 1 || data[0] !== type) return UNKNOWN;
    // Down and up: the code must be given again.
    chip.powerOff();
    context.select();
    return OK;
  }
  if (!context.selected) return NOT_SELECTED;
  const address = (p1 << 8) | p2;
  if (ins === 0xb0 && data.length === 0) {
    const length = p3 === 0 ? READ_MAX : p3;
    return address + length > memoryBytes ? OUT_OF_RANGE : ok(chip.read(address, length));
  }
  if (ins === 0xd0 && p3 > 0 && data.length === p3) {
    if (address + p3 > memoryBytes) return OUT_OF_RANGE;
    await context.write(address, data);
    return OK;
  }
  return own({ ins, p1, p2, p3, data }) ?? UNKNOWN;
}

/** Is it this command, with so many bytes of data? */
export const is = (command: AcsCommand, ins: number, p1: number, p2: number, length: number): boolean =>
  command.ins === ins &&
  command.p1 === p1 &&
  command.p2 === p2 &&
  command.p3 === length &&
  command.data.length === length;

/** A command that asks for `length` bytes. */
export const asks = (command: AcsCommand, ins: number, length: number): boolean =>
  command.ins === ins && command.p1 === 0 && command.p2 === 0 && command.p3 === length && command.data.length === 0;
