/**
 * Migration from an old system (purchase-protocol, "What each insertion does", 4): while both sell, or where the list that
 * was taken over was older than its cards, a card shows more than the books have. Inside a dated window of its maker such
 * a card is believed, as far as it is plausible; everywhere else a difference goes to a person.
 */
import type { CardState } from "../aggregates.ts";
import type { Id, Instant } from "../units.ts";

export interface AdoptionWindow {
  id: Id;
  /** The maker's layout, by its driver's name. */
  layout: string;
  from: Instant;
  /** The first instant after it. */
  until: Instant;
  /** Most that the old system can have sold on one card without the books knowing: purchases, and litres or fen in all. */
  purchasesMost: number;
  creditedMost: number;
}

/** What card and meter say, decoded from areas whose checksums are right. */
export interface CardClaim {
  count: number;
  acceptedCount: number | null;
  totalCredited: number | null;
}

/** The window that is open now for this layout; of several the one that allows most, by purchases. */
export function openWindow(windows: readonly AdoptionWindow[], layout: string, now: Instant): AdoptionWindow | null {
  const open = windows.filter((window) => window.layout === layout && window.from <= now && now < window.until);
  return open.reduce<AdoptionWindow | null>(
    (best, window) => (best === null || window.purchasesMost > best.purchasesMost ? window : best),
    null,
  );
}

/**
 * Higher, and by no more than the window says; taken by the meter, whose own word (its total) rose or stayed, by no more
 * than that. A card that no meter confirms, or a meter that has been credited with less than the books know, is not.
 */
export function isPlausible(
  { purchasesMost, creditedMost }: AdoptionWindow,
  card: Pick<CardState, "count" | "totalCredited">,
  { count, acceptedCount, totalCredited }: CardClaim,
): boolean {
  const more = count - card.count;
  if (totalCredited === null || acceptedCount !== count) return false;
  const credited = totalCredited - card.totalCredited;
  return more > 0 && more <= purchasesMost && credited >= 0 && credited <= creditedMost;
}
