import { type Area, bytesOf, get, isSealed, put, seal } from "../area.ts";
import type { CardPrice, PurchaseArea } from "../layout.ts";
import type { OpenTable } from "./tables.ts";

/** What stands in a purchase area. `total` counts on class A only. */
export interface PurchaseWords {
  count: number;
  amount: number;
  total: number;
  boughtOn: string | null;
}

/** Both marks of a purchase area: changed by every sale, on class C also when the amount is taken out. */
const markOf = ({ cardClass }: OpenTable, count: number, amount: number): number =>
  cardClass === "C" ? (count & 0x7f) | (amount > 0 ? 0x80 : 0) : count & 0xff;

/** Writes the purchase area into the image in place. Throws when a value does not fit. */
export function putPurchase(image: Uint8Array, table: OpenTable, words: PurchaseWords): void {
  const { fields } = table.purchase;
  const mark = markOf(table, words.count, words.amount);
  put(image, fields.mark, mark);
  if (fields.total) put(image, fields.total, words.total);
  put(image, fields.amount, words.amount);
  put(image, fields.boughtOn, words.boughtOn);
  put(image, fields.backup, fields.total ? words.total : words.amount);
  put(image, fields.count, words.count);
  if (fields.endMark) put(image, fields.endMark, mark);
  seal(image, table.purchase);
}

/** The purchase area, or null when its checksum, a mark, the date or the backup is wrong. */
export function purchaseAreaOf(image: Uint8Array, table: OpenTable): PurchaseArea {
  if (!isSealed(image, table.purchase)) return null;
  const { fields } = table.purchase;
  const count = get(image, fields.count);
  const amount = get(image, fields.amount);
  const boughtOn = get(image, fields.boughtOn);
  if (count === undefined || amount === undefined || boughtOn === undefined) return null;
  const total = fields.total ? get(image, fields.total) : null;
  if (total === undefined || get(image, fields.backup) !== (total ?? amount)) return null;
  const mark = markOf(table, count, amount);
  if (get(image, fields.mark) !== mark) return null;
  if (fields.endMark && get(image, fields.endMark) !== mark) return null;
  return { count, amount, boughtOn, total };
}

/** Writes the price area into the image in place. */
export function putPrice(
  image: Uint8Array,
  { price: area }: OpenTable,
  price: CardPrice | null,
  keyVersion: number,
): void {
  const { fields } = area;
  put(image, fields.state, price === null ? "none" : "set");
  put(image, fields.nowE4, price?.nowE4 ?? 0);
  put(image, fields.nextE4, price?.next?.priceE4 ?? 0);
  put(image, fields.nextFrom, price?.next?.from ?? null);
  put(image, fields.keyVersion, keyVersion & 0xff);
  seal(image, area);
}

/** The number of the chip's secret, as far as the price area tells: one that nobody ever wrote tells of the first. */
export function keyVersionOf(image: Uint8Array, { price: area }: OpenTable): number {
  return isSealed(image, area as Area) ? (get(image, area.fields.keyVersion) ?? 0) : 0;
}

/** The price, null for none, "bad" for a torn or damaged area. Bytes that nobody ever wrote say none. */
export function priceOf(image: Uint8Array, { price: area }: OpenTable): CardPrice | null | "bad" {
  if (bytesOf(image, area).every((byte) => byte === 0xff)) return null;
  if (!isSealed(image, area as Area)) return "bad";
  const { fields } = area;
  const state = get(image, fields.state);
  const nowE4 = get(image, fields.nowE4);
  const priceE4 = get(image, fields.nextE4);
  const from = get(image, fields.nextFrom);
  if (state === undefined || nowE4 === undefined || priceE4 === undefined || from === undefined) return "bad";
  return state === "none" ? null : { nowE4, next: from === null ? null : { priceE4, from } };
}
