import type { MeterPrice } from "../tariff/meterPrice.ts";
import type { Instant } from "../units.ts";

export type CardClassName = "A" | "B" | "C";

/** What a card said when it was last read, for the books and for the customer's view. */
export interface ReadingOfCard {
  at: Instant;
  count: number;
  amount: number;
  acceptedCount: number | null;
  totalCredited: number;
  /** What the meter was last told to charge, as far as it has taken the card; left out: never seen. */
  price?: MeterPrice;
}
