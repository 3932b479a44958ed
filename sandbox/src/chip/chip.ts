/**
 * What this world needs of any chip: the bytes as its layout's page counts them, the steps of its own that a write takes
 * (a card can be pulled between any two), and how a meter's security module opens it. Each chip's file says how its
 * datasheet has it.
 */
export type ChipKind = "sle4442" | "sle4428" | "at24c01" | "at24c02" | "at24c16" | "at88sc102" | "cpu";

export interface Chip {
  readonly kind: ChipKind;
  /** As a PC/SC reader gives it, hex. */
  readonly atr: string;
  /** Of its secret: `none`, it has no secret; `worn`, at least one try is used up; `locked`, none is left. */
  readonly secretState: "none" | "full" | "worn" | "locked";
  /** A copy of all bytes that can be read, as the pages of docs/cards count them. */
  image(): Uint8Array;
  /** All that survives without power. */
  state(): object;
  powerOff(): void;
  /** As one does who knows the secret, in a fresh power-up. False: the chip opens to nobody any more. */
  open(): boolean;
  /** What it takes to write `data` there, now: one cycle after the other; none where nothing would change. */
  cycles(offset: number, data: Uint8Array): WriteCycle[];
}

/** Bytes that change together. Pulled after the erase and before the programming, they are FF. */
export interface WriteCycle {
  /** Of the data handed in, those done with after it. */
  readonly bytes: number;
  readonly erase: (() => void) | null;
  readonly program: (() => void) | null;
}

/** Byte by byte, as chips do whose cells are erased and programmed one at a time. */
export function byteCycles(
  offset: number,
  data: Uint8Array,
  steps: (address: number, value: number) => readonly ("erase" | "program")[],
  apply: (step: "erase" | "program", address: number, value: number) => void,
): WriteCycle[] {
  return [...data].map((value, index) => {
    const address = offset + index;
    const wanted = steps(address, value);
    const step = (name: "erase" | "program") => (wanted.includes(name) ? () => apply(name, address, value) : null);
    return { bytes: 1, erase: step("erase"), program: step("program") };
  });
}
