import type { MeterPrice } from "../tariff/meterPrice.ts";
import type { Instant } from "../units.ts";

export type CardClassName = "A" | "B" | "C";

/**
 * What proves that an issued purchase is not, and never will be, in the meter (purchase-protocol, "Refund").
 *
 * - `image`: the refund image, written and read back at a paired kiosk or desk
 * - `returnArea`: the refund image, and afterwards the meter's own word on it: n+1 accepted, total unchanged
 * - `index`: two people, with the meter's index read on site
 * - `none`: nothing does; the purchase is written or left
 */
export type RefundProof = "image" | "returnArea" | "index" | "none";

/** The chip's own secret, as the books have it. */
export interface CardSecret {
  /** Which of the secrets of this card's number it opens to: each change and each replacement brings the next one. */
  version: number;
  /** A script was to change it to this one, and nothing was heard of it. */
  pending: number | null;
  /** A script with it went to a phone, which may have kept it. (Of a CPU card, whose key no script holds, it says nothing.) */
  onPhone: boolean;
}

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
