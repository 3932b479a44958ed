import { type CardState, firstSecret } from "@citygas/core";
import type { LayoutDriver } from "@citygas/gascard";

/** Purchases that every card and meter has behind it when a world begins, and what they came to (litres or fen). */
export const startCount = 3;
export const startTotal = 90_000;

/** A card as the books have it when a world begins: `startCount` purchases, all taken by the meter. */
export const newCardState = (
  ids: Pick<CardState, "id" | "accountId" | "meterId" | "cardNumber">,
  driver: LayoutDriver,
): CardState => ({
  ...ids,
  layout: driver.name,
  cardClass: driver.cardClass,
  status: "current",
  replacement: 0,
  count: startCount,
  lastAmount: 0,
  totalCredited: startTotal,
  acceptedCount: startCount,
  openPurchaseId: null,
  scriptSeq: 0,
  secret: firstSecret,
  lastReading: null,
});
