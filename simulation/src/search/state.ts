/**
 * A world small enough to visit every state of it: one household with one card (class B, by amount) and one meter, two
 * purchases paid from the balance, a kiosk and a desk. The rules are production's own: `compose`, `decideInsertion`, the
 * layout driver, `classify`, `planSteps`; the meter is the sandbox's own reading. Time stands still: whatever a timer
 * would do may happen at any moment instead.
 */
import type { AccountState, CardState, MeterState, Purchase } from "@citygas/core";
import { openBMoney } from "@citygas/gascard";
import type { MeterRow } from "@citygas/sandbox";
import { newCardState, startCount, startTotal } from "../world/cardBook.ts";

export const driver = openBMoney;
export const cardNumber = "0031100000";
export const areaCode = "0996";
export const startBalanceFen = 3_000;
export const amounts = [1_000, 2_000] as const;

/** A write that a reader is in the middle of: what is left of its script. */
export interface Running {
  kind: "sale" | "refund";
  /** The centre has issued no other script since. */
  current: boolean;
  steps: { op: "expect" | "write" | "last"; offset: number; data: string }[];
}

export interface Reader {
  /** The card has not left the reader since the image was read. */
  live: boolean;
  /** An image on its way to the centre, or there to be looked at again. */
  image: null | { hex: string; fresh: boolean };
  running: Running | null;
  /** What a script did, on its way to the centre. */
  report: null | { done: boolean; current: boolean };
}

export interface State {
  account: AccountState;
  card: CardState;
  meterBook: MeterState;
  purchases: [Purchase | null, Purchase | null];
  /** The card's bytes, and where it is: 0 in the hand, 1 kiosk, 2 desk. */
  bytes: string;
  place: 0 | 1 | 2;
  meter: MeterRow;
  readers: [Reader, Reader];
}

/** How large the world is that is searched. */
export interface Size {
  purchases: 1 | 2;
  /** What a kiosk has to say may arrive after its card has left. */
  late: boolean;
  /** The meter's own writing may be torn. */
  meterTorn: boolean;
  /** The desk may take an unwritten purchase back. */
  refunds: boolean;
}

const idle: Reader = { live: false, image: null, running: null, report: null };

export function firstState(): State {
  const image = driver.format({
    cardNumber,
    areaCode,
    role: "user",
    replacement: 0,
    count: startCount,
    totalCredited: startTotal,
    meterCeiling: 0,
  });
  return {
    account: { id: "a", unitId: "u", balanceFen: startBalanceFen, heldFen: 0, block: null },
    card: newCardState({ id: "c", accountId: "a", meterId: "m", cardNumber }, driver),
    meterBook: { id: "m", accountId: "a", openPurchaseId: null },
    purchases: [null, null],
    bytes: Buffer.from(image).toString("hex"),
    place: 0,
    meter: {
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
    },
    readers: [idle, idle],
  };
}

export const bytesOf = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex, "hex"));
export const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");
