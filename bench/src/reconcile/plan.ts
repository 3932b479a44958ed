/** What is sold, what the bill says of it, and what must be found: 0.1 % of each class planted, told by the number. */
import { type DifferenceClass, dayAtStart } from "@citygas/core";

export const day = "2026-11-22";
export const channel = "wechat";
export const amountFen = (n: number): number => 100 + ((n * 7_919) % 40_000);
export const orderNo = (n: number): string => `K01_20261122_${String(n).padStart(9, "0")}`;
export const dayStart = dayAtStart(day);
/** Spread over the day, to the second. */
export const paidAt = (n: number, payments: number): number =>
  dayStart + Math.floor((n * 86_399) / Math.max(1, payments)) * 1_000;

/** One number in a thousand has each of these. */
const every = 1_000;
export type Planted = "none" | DifferenceClass;
export function plantedOf(n: number): Planted {
  switch (n % every) {
    case 100:
      return "short";
    case 300:
      return "amount";
    case 500:
      return "state";
    case 700:
      return "duplicate";
    default:
      return "none";
  }
}
/** Besides the payments there are lines that are none of ours: half of unknown numbers, half of attempts that failed. */
export const longs = (payments: number): number => Math.floor(payments / every);
export const longNo = (i: number): string => (i % 2 === 0 ? `V99_20261122_${i}` : `E01_20261122_${i}`);
export const longFen = (i: number): number => 500 + i;

/** Class by order number: exactly these, and nothing else. */
export function expectedOf(payments: number): Map<string, DifferenceClass> {
  const expected = new Map<string, DifferenceClass>();
  for (let n = 0; n < payments; n++) {
    const planted = plantedOf(n);
    if (planted !== "none") expected.set(orderNo(n), planted);
  }
  for (let i = 0; i < longs(payments); i++) expected.set(longNo(i), "long");
  return expected;
}
