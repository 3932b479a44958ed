import type { At24c } from "../chip/at24c.ts";

/**
 * The firmware of the virtual reader for I²C chips (docs/devices.md). No secret and no counter: select, the page size
 * (lost when the card goes), read and write. The reader sends a write page by page, and tells the chip nothing else.
 */
export interface I2cContext {
  chip: At24c;
  selected: boolean;
  select(): void;
  write(address: number, data: Uint8Array): Promise<void>;
}

const OK = Uint8Array.of(0x90, 0x00);
const UNKNOWN = Uint8Array.of(0x6d, 0x00);
const NOT_SELECTED = Uint8Array.of(0x69, 0x85);
const OUT_OF_RANGE = Uint8Array.of(0x6b, 0x00);
const CARD_TYPE_I2C = 0x01;
const PAGE_CODES = { at24c01: 0x03, at24c02: 0x03, at24c16: 0x04 } as const;
const READ_MAX = 256;

/** Carries out one pseudo-APDU and answers with data and status word. */
export async function executeI2c(apdu: Uint8Array, context: I2cContext): Promise<Uint8Array> {
  const [cla, ins, p1 = -1, p2 = -1, p3 = -1] = apdu;
  const { chip } = context;
  const data = apdu.subarray(5);
  if (cla !== 0xff || apdu.length < 5) return UNKNOWN;
  if (ins === 0xa4) {
    if (data.length !== 1 || p3 !== 1 || data[0] !== CARD_TYPE_I2C) return UNKNOWN;
    context.select();
    return OK;
  }
  if (!context.selected) return NOT_SELECTED;
  // Another page size than the chip's would let a write run over a page's end; this reader refuses it.
  if (ins === 0x01) return data.length === 1 && data[0] === PAGE_CODES[chip.kind] ? OK : UNKNOWN;
  const address = (p1 << 8) | p2;
  const memoryBytes = chip.image().length;
  if (ins === 0xb0 && apdu.length === 5) {
    const length = p3 === 0 ? READ_MAX : p3;
    return address + length > memoryBytes ? OUT_OF_RANGE : Uint8Array.of(...chip.read(address, length), ...OK);
  }
  if (ins === 0xd0 && p3 > 0 && data.length === p3) {
    if (address + p3 > memoryBytes) return OUT_OF_RANGE;
    await context.write(address, data);
    return OK;
  }
  return UNKNOWN;
}
