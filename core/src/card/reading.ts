/** What a reading tells the books of the meter: its own word, out of the card's return area. */
import type { CardState } from "../aggregates.ts";

/** Either is null where the card's return area says nothing: it was never in the meter. */
export interface MeterWord {
  acceptedCount: number | null;
  totalCredited: number | null;
}

/**
 * The card with the meter's word. It only ever grows: of two readers that had the card one after the other the first one's
 * image may arrive last, and what it says of the meter is old. Believed, a replacement would carry a purchase once more
 * that the meter has been seen to take (class A: on top of the total that holds it).
 */
export function withMeterWord(card: CardState, { acceptedCount, totalCredited }: MeterWord): CardState {
  const known = card.acceptedCount;
  return {
    ...card,
    acceptedCount: known === null || acceptedCount === null ? (acceptedCount ?? known) : Math.max(known, acceptedCount),
    totalCredited: Math.max(card.totalCredited, totalCredited ?? 0),
  };
}
