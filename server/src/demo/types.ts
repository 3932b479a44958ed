/** What a demo customer is made of: registration, and at most one purchase that stopped somewhere on its way. */
import type { HouseholdFacts } from "@citygas/core";

export type DemoUnit = "bazhou" | "luntai";
export type DemoTariff = "meter" | "flat" | "tiered" | "monthly";

export interface DemoCard {
  /** Id and label in the card tray. */
  id: string;
  label: string;
  number: string;
  /** What meter and card agree on: accepted count, Σ credited, what is left, litres or fen by the meter. */
  count: number;
  totalCredited: number;
  remaining: number;
  registerL: number;
  /** The chip's error counter; full when left out. */
  errorCounter?: number;
  status?: "lost" | "blocked";
  /** A second card in the tray with the number's old replacement index; the registered one is the new one. */
  oldCard?: { id: string; label: string };
  /** The books know fewer purchases than the card shows. */
  booksCount?: number;
  /** Issued as an opening card that has not been in the meter. */
  opening?: boolean;
  /** The purchase area is damaged, and no purchase of ours explains it. */
  damaged?: boolean;
}

/** Where a purchase of yesterday stands. All are paid from the balance, so no gateway is asked about them. */
export interface DemoStory {
  entry: { kind: "volume"; volumeL: number } | { kind: "amount"; amountFen: number };
  stands: "gasOnCard" | "torn" | "unwritten" | "later" | "manual";
}

export interface DemoCustomer {
  number: string;
  holder: string;
  organisation?: boolean;
  address: { district: string; community: string; building: string; unit: string; room: string; fullText: string };
  unit: DemoUnit;
  tariff: DemoTariff;
  household?: Partial<HouseholdFacts>;
  /** What the card is written by, where it is not the usual layout for what the meter counts. */
  layout?: string;
  meter: { serial: string; kind: "ordinary" | "ic" | "iot"; counts: "volume" | "money"; ceiling?: number };
  controller?: { serial: string; kind: "ic" | "iot" };
  balanceFen?: number;
  debtFen?: number;
  block?: "debt" | "safetyCheck" | "suspectedTampering" | "stopped";
  card?: DemoCard;
  story?: DemoStory;
}
