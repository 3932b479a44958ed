/** A card that was issued and never sold to, and the first purchase that is put on it. */
import type { PurchaseOnCard } from "@citygas/gascard";

export const account = {
  cardNumber: "0311203086",
  areaCode: "0996",
  role: "user",
  replacement: 0,
  count: 0,
  totalCredited: 0,
  meterCeiling: 0,
} as const;
export const purchase: PurchaseOnCard = {
  countBefore: 0,
  totalBefore: 0,
  amount: { kind: "volume", volumeL: 120_000 },
  boughtOn: "2026-11-23",
};
