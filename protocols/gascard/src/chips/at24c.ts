import type { ChipKind } from "../script.ts";
import type { Chip } from "./chip.ts";

/**
 * The AT24C01/02/16: plain I²C EEPROM. No secret and no protection: whoever has the card writes it, and a copy of a card
 * is a card. Only the meter can stop a replay, so what a layout may promise on this chip is little (class C).
 *
 * They answer no reset. PC/SC readers make an ATR up (this one, "I2C." in ASCII, is the usual one) that says nothing of
 * the size; 256 bytes is what is met, the other sizes are for readers that are told so.
 */
const at24c = <K extends ChipKind>(kind: K, atr: string | null, memoryBytes: number, pageBytes: number) =>
  ({
    kind,
    name: kind.toUpperCase(),
    atr,
    memoryBytes,
    readable: [{ offset: 0, length: memoryBytes }],
    firstFreeByte: 0,
    secret: null,
    write: { kind: "page", pageBytes },
    steps: ["select", "read", "write"],
  }) as const satisfies Chip;

export const at24c01 = at24c("at24c01", null, 128, 8);
export const at24c02 = at24c("at24c02", "3b044932432e", 256, 8);
export const at24c16 = at24c("at24c16", null, 2048, 16);
