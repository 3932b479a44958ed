/**
 * A world small enough to visit every state of it: one household with one card (and, where it is lost, its replacement)
 * and one meter, up to two purchases paid from the balance, a kiosk and a desk. The rules are production's own:
 * `compose`, `decideInsertion`, the layout drivers, `classify`, `planWrite`, the replacement's image; the meter is the
 * sandbox's own reading. Time stands still: whatever a timer would do may happen at any moment instead.
 *
 * A state is a handful of small numbers. Each part (the books, an image, the meter, a reader) is kept once in a table of
 * its own, and what can't matter any more is left out before a part is looked up there: two states that only differ in
 * it are one state.
 */
import type { AccountState, CardState, MeterState, Purchase } from "@citygas/core";
import { type LayoutDriver, openAMoney, openBMoney, openCMoney } from "@citygas/gascard";
import type { MeterRow } from "@citygas/sandbox";
import { newCardState, startCount, startTotal } from "../world/cardBook.ts";
import { Table } from "./explore.ts";

export const cardNumber = "0031100000";
export const areaCode = "0996";
export const startBalanceFen = 3_000;
export const amounts = [1_000, 2_000] as const;

/** How large the world is that is searched. */
export interface Size {
  cardClass: "A" | "B" | "C";
  purchases: 1 | 2;
  /** What a kiosk has to say may arrive after its card has left. */
  late: boolean;
  /** The meter's own writing may be torn. */
  meterTorn: boolean;
  /** The desk may take an unwritten purchase back. */
  refunds: boolean;
  /** The card may be lost, replaced, and found again. */
  replacement: boolean;
  /** Where a write is cut: at three bytes of each run, or inside its middle one only. */
  cuts: "three" | "one";
}

/** What the centre knows. */
export interface Books {
  account: AccountState;
  card: CardState;
  meter: MeterState;
  purchases: [Purchase | null, Purchase | null];
}

/** A script as a reader carries it out. */
export interface Script {
  kind: "sale" | "refund";
  steps: { op: "expect" | "write" | "last"; offset: number; data: string }[];
}

/** A reader: numbers of images and scripts, -1 for none. */
export interface Reader {
  /** An image on its way to the centre, or there to be looked at again. A stale one counts for nothing and is left out. */
  image: number;
  /** The script it is carrying out, its next step, and whether the centre has issued no other one since. */
  script: number;
  step: number;
  current: boolean;
  /** What its last script did, on the way to the centre; of one that is not current it changes nothing, and is left out. */
  report: "none" | "done" | "stopped";
}

export interface Card {
  /** -1: there is no such card yet. */
  image: number;
  /** 0: in the hand; 1: in the kiosk; 2: in the desk's reader. */
  place: 0 | 1 | 2;
}

export interface State {
  books: number;
  meter: number;
  /** The card, and its replacement. */
  cards: readonly [Card, Card];
  readers: readonly [Reader, Reader];
}

/** The parts that states are made of, for one search. */
export class Parts {
  readonly driver: LayoutDriver;
  readonly books = new Table<Books>();
  readonly meters = new Table<MeterRow>();
  readonly images = new Table<string>();
  readonly scripts = new Table<Script>();
  readonly #known = new Map<string, unknown>();

  constructor({ cardClass }: Size) {
    this.driver = { A: openAMoney, B: openBMoney, C: openCMoney }[cardClass];
  }

  /** What a pure function of parts came to before. */
  once<T>(question: string, answer: () => T): T {
    if (this.#known.has(question)) return this.#known.get(question) as T;
    const found = answer();
    this.#known.set(question, found);
    return found;
  }
}

export const idle: Reader = { image: -1, script: -1, step: 0, current: false, report: "none" };

export function firstState(parts: Parts): State {
  const { driver } = parts;
  const image = driver.format({
    cardNumber,
    areaCode,
    role: "user",
    replacement: 0,
    count: startCount,
    totalCredited: startTotal,
    meterCeiling: 0,
  });
  const meter: MeterRow = {
    id: "m",
    label: "",
    device: "meter",
    unit: "money",
    boundTo: { areaCode, cardNumber },
    replacement: 0,
    count: startCount,
    totalCredited: startTotal,
    remaining: 0,
    registerL: 0,
    valve: "open",
    batteryLow: false,
    layout: driver.cardClass === "A" ? "open-a" : driver.cardClass === "B" ? "open-b" : "open-c",
  };
  const books: Books = {
    account: { id: "a", unitId: "u", balanceFen: startBalanceFen, heldFen: 0, block: null },
    card: newCardState({ id: "c", accountId: "a", meterId: "m", cardNumber }, driver),
    meter: { id: "m", accountId: "a", openPurchaseId: null },
    purchases: [null, null],
  };
  return {
    books: parts.books.of(books),
    meter: parts.meters.of(meter),
    cards: [
      { image: parts.images.of(hexOf(image)), place: 0 },
      { image: -1, place: 0 },
    ],
    readers: [idle, idle],
  };
}

export const bytesOf = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex, "hex"));
export const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");
