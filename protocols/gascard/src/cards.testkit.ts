import type { LayoutDriver, PurchaseOnCard } from "./layout.ts";
import { openBMoney, openBVolume, withReturnArea } from "./layouts.ts";
import { type OpenTable, openTables } from "./open/tables.ts";

export const bothLayouts: [string, LayoutDriver][] = [openBVolume, openBMoney].map((driver) => [driver.name, driver]);

/** The definitions behind one of the open layouts. */
export function tableOf({ name }: LayoutDriver): OpenTable {
  const found = openTables.find(({ family }) => name === `${family}-volume` || name === `${family}-money`);
  if (found === undefined) throw new Error(`${name} is no open layout`);
  return found;
}

export const amount = (driver: LayoutDriver, value: number): PurchaseOnCard["amount"] =>
  driver.unit === "volume" ? { kind: "volume", volumeL: value } : { kind: "money", amountFen: value };

export const account = {
  cardNumber: "0311203086",
  areaCode: "0996",
  role: "user",
  replacement: 0,
  count: 0,
  totalCredited: 0,
  meterCeiling: 9_999_999,
} as const;

export const word = { registerL: 31_480, remaining: 3520, valve: "open", batteryLow: false } as const;

export const secret = "a1b2c3";

/** A card whose purchase number `count` of `value` was taken by its meter, which counts `total` in all. */
export function loadedCard(
  driver: LayoutDriver,
  count: number,
  value: number,
  total: number,
  boughtOn: string,
): Uint8Array {
  const issued = driver.format({ ...account, count: Math.max(count - 1, 0), totalCredited: total });
  const purchase = { countBefore: count - 1, amount: amount(driver, value), totalBefore: total - value, boughtOn };
  const bought = count === 0 ? issued : driver.purchaseImage(issued, purchase);
  return withReturnArea(bought, { ...word, count, totalCredited: total });
}

/** One purchase seen from all sides. */
export function sale(driver: LayoutDriver, count = 7, value = 120_000) {
  const before = loadedCard(driver, count, 50_000, 900_000, "2026-10-01");
  const purchase: PurchaseOnCard = {
    countBefore: count,
    amount: amount(driver, value),
    totalBefore: 900_000,
    boughtOn: "2026-11-23",
  };
  const after = driver.purchaseImage(before, purchase);
  // Of class C there is none, and nothing takes this one for it.
  const refundAfter = driver.refundImage?.(before, purchase) ?? before;
  const meterWrites = (image: Uint8Array, accepted: number, totalCredited: number) =>
    withReturnArea(image, { ...word, registerL: word.registerL + 11, count: accepted, totalCredited });
  return { before, after, refundAfter, purchase, meterWrites, totalAfter: 900_000 + value };
}
