/** Bytes that a purchase writes, layout by layout, beside the fewest that could do it. */
import { type LayoutDriver, type PurchaseOnCard, plannedWrites } from "@citygas/gascard";
import { issued } from "./issued.ts";

export interface CardBytes {
  layout: string;
  purchases: number;
  /** Sent to the card as data, in all purchases. */
  written: number;
  /** Bytes that differ, and the commit field whole, in all purchases. */
  fewest: number;
  /** Commands that write. */
  writes: number;
}

/** Sixty purchases of one card, one after the other, each taken by its meter before the next. */
const purchases = 60;
const days = 28;

export function cardBytes(layout: LayoutDriver): CardBytes {
  let image = layout.format(issued);
  const sum = { written: 0, fewest: 0, writes: 0 };
  let total = 0;
  for (let count = 0; count < purchases; count++) {
    const value = 10_000 + ((count * 7_919) % 290) * 1_000;
    const purchase: PurchaseOnCard = {
      countBefore: count,
      totalBefore: total,
      amount: layout.unit === "volume" ? { kind: "volume", volumeL: value } : { kind: "money", amountFen: value },
      boughtOn: `${2026 + Math.floor(count / 12)}-${two((count % 12) + 1)}-${two((count % days) + 1)}`,
    };
    const after = layout.purchaseImage(image, purchase);
    const writes = plannedWrites(layout, image, after);
    sum.writes += writes.length;
    sum.written += writes.reduce((bytes, { length }) => bytes + length, 0);
    sum.fewest += fewest(layout, image, after);
    total += value;
    image = layout.meterImage(after, {
      count: count + 1,
      totalCredited: total,
      registerL: count * 1_000,
      remaining: value,
      valve: "open",
      batteryLow: false,
    });
  }
  return { layout: layout.name, purchases, ...sum };
}

const two = (value: number): string => String(value).padStart(2, "0");

function fewest({ areas: { commit } }: LayoutDriver, before: Uint8Array, after: Uint8Array): number {
  const isCommit = (at: number): boolean => at >= commit.offset && at < commit.offset + commit.length;
  return after.reduce((count, byte, at) => count + (byte !== before[at] || isCommit(at) ? 1 : 0), 0);
}
