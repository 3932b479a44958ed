import type { CardAmount, LayoutDriver, NewCard, PurchaseOnCard } from "../layout.ts";
import { type MeterState, written } from "./meter.ts";

/** One sale to one card, seen from all sides. */
export interface Sale {
  readonly what: string;
  readonly before: Uint8Array;
  readonly after: Uint8Array;
  readonly purchase: PurchaseOnCard;
  /** Litres or fen. */
  readonly value: number;
  /** The card's meter, before it has seen the purchase. */
  readonly meter: MeterState;
}

export const account: NewCard = {
  cardNumber: "0311203086",
  areaCode: "0996",
  role: "user",
  replacement: 0,
  count: 0,
  totalCredited: 0,
  meterCeiling: 9_999_999,
};

export const amountOf = ({ unit }: LayoutDriver, value: number): CardAmount =>
  unit === "volume" ? { kind: "volume", volumeL: value } : { kind: "money", amountFen: value };

interface Story {
  what: string;
  countBefore: number;
  /** Of the purchase before this one; 0: there was none, the card was never in a meter. */
  last: number;
  value: number;
  lastDay: string;
  day: string;
  price?: PurchaseOnCard["price"];
}

/** Counts that carry, amounts and days that stay the same: where bytes that do not change could hide a tear. */
const stories: readonly Story[] = [
  { what: "a usual one", countBefore: 7, last: 50_000, value: 120_000, lastDay: "2026-10-01", day: "2026-11-23" },
  { what: "the first", countBefore: 0, last: 0, value: 120_000, lastDay: "2026-10-01", day: "2026-11-23" },
  {
    what: "a count that carries",
    countBefore: 255,
    last: 50_000,
    value: 120_000,
    lastDay: "2026-10-01",
    day: "2026-11-23",
  },
  {
    what: "a mark of all ones",
    countBefore: 254,
    last: 50_000,
    value: 120_000,
    lastDay: "2026-10-01",
    day: "2026-11-23",
  },
  { what: "the same again", countBefore: 41, last: 120_000, value: 120_000, lastDay: "2026-11-23", day: "2026-11-23" },
  {
    what: "with a new price",
    countBefore: 127,
    last: 1_000,
    value: 16_777_000,
    lastDay: "2025-12-31",
    day: "2026-01-01",
    price: { nowE4: 25_300, next: { priceE4: 27_100, from: "2026-02-01" } },
  },
];

const earlier = 900_000;

export function salesOf(layout: LayoutDriver): Sale[] {
  return stories.map(({ what, countBefore, last, value, lastDay, day, price }) => {
    const total = last === 0 ? 0 : earlier;
    const meter = { count: countBefore, total };
    const purchase: PurchaseOnCard = {
      countBefore,
      amount: amountOf(layout, value),
      totalBefore: total,
      boughtOn: day,
      ...(price === undefined ? {} : { price }),
    };
    const before = last === 0 ? layout.format(account) : usedCard(layout, meter, last, lastDay);
    return { what, before, after: layout.purchaseImage(before, purchase), purchase, value, meter };
  });
}

/** A card whose last purchase its meter has taken. */
function usedCard(layout: LayoutDriver, meter: MeterState, last: number, day: string): Uint8Array {
  const issued = layout.format({ ...account, count: meter.count - 1, totalCredited: meter.total - last });
  const bought = layout.purchaseImage(issued, {
    countBefore: meter.count - 1,
    amount: amountOf(layout, last),
    totalBefore: meter.total - last,
    boughtOn: day,
  });
  return written(layout, meter, bought, 0);
}
