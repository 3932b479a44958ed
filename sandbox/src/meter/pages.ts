import type { Range } from "./bytes.ts";

/**
 * Where the pages of docs/cards put what: one entry for each of open-a.md, open-b.md, open-b-cpu.md, open-b-sm4.md,
 * open-c.md.
 */
export type PageName = "open-a" | "open-b" | "open-b-cpu" | "open-b-sm4" | "open-c";

export interface Page {
  readonly name: PageName;
  readonly magic: string;
  /** How its meter counts: by a total 累计, by a number 计数, by what is on the card 普通. */
  readonly cardClass: "A" | "B" | "C";
  readonly bytes: number;
  readonly identity: Range;
  readonly parameters: Range;
  readonly price: Range;
  readonly purchase: Range;
  readonly returned: Range;
}

const range = (from: number, last: number): Range => ({ from, to: last + 1 });

/** The same places, whichever cipher the card's keys are for. */
const onCpu = {
  cardClass: "B",
  bytes: 112,
  identity: range(0, 31),
  parameters: range(32, 47),
  price: range(48, 63),
  purchase: range(64, 80),
  returned: range(88, 107),
} as const;

export const pages: Readonly<Record<PageName, Page>> = {
  "open-a": {
    name: "open-a",
    magic: "CGOA",
    cardClass: "A",
    bytes: 256,
    identity: range(32, 63),
    parameters: range(64, 79),
    price: range(104, 119),
    purchase: range(80, 100),
    returned: range(128, 147),
  },
  "open-b": {
    name: "open-b",
    magic: "CGOB",
    cardClass: "B",
    bytes: 256,
    identity: range(32, 63),
    parameters: range(64, 79),
    price: range(104, 119),
    purchase: range(80, 96),
    returned: range(128, 147),
  },
  "open-b-cpu": { ...onCpu, name: "open-b-cpu", magic: "CGOP" },
  "open-b-sm4": { ...onCpu, name: "open-b-sm4", magic: "CGOS" },
  "open-c": {
    name: "open-c",
    magic: "CGOC",
    cardClass: "C",
    bytes: 256,
    identity: range(0, 31),
    parameters: range(32, 47),
    price: range(48, 63),
    purchase: range(64, 81),
    returned: range(96, 115),
  },
};

/** Does the image claim to be of this page, whatever else is wrong with it? */
export function claims(image: Uint8Array, { bytes, magic, identity }: Page): boolean {
  if (image.length !== bytes) return false;
  return Buffer.from(image.subarray(identity.from, identity.from + 4)).toString("latin1") === magic;
}

/** The page that the image claims to be of. */
export function pageOf(image: Uint8Array): Page | null {
  return Object.values(pages).find((page) => claims(image, page)) ?? null;
}
