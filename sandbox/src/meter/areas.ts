/** The areas of a card, by this world's own reading of the pages (`pages.ts`). null: the area is not good. */
import { bcdDate, digits, seal, sealed } from "./bytes.ts";
import { claims, type Page } from "./pages.ts";

export type CardUnit = "volume" | "money";
export type CardRole = "opening" | "user" | "tool";

export interface IdentityArea {
  role: CardRole;
  unit: CardUnit;
  replacement: number;
  areaCode: string;
  cardNumber: string;
}

export interface ParametersArea {
  meterCeiling: number;
  alarm: number;
  overdraft: number;
}

export interface PurchaseArea {
  count: number;
  amount: number;
  /** Class A: all that was ever bought. null on the others. */
  total: number | null;
  /** "YYYY-MM-DD" or null: none was ever written. */
  boughtOn: string | null;
}

/** 1/10 000 yuan per m³; `next` from that day ("YYYY-MM-DD") on. */
export interface MeterPrice {
  nowE4: number;
  next: { priceE4: number; from: string } | null;
}

export interface ReturnArea {
  beenInMeter: boolean;
  valveClosed: boolean;
  batteryLow: boolean;
  errorCode: number;
  registerL: number;
  totalCredited: number;
  remaining: number;
  acceptedCount: number;
}

const VERSION = 1;
const BEEN_IN_METER = 0x58;
const HOLDS_AMOUNT = 0x80;

export function readIdentity(image: Uint8Array, page: Page): IdentityArea | null {
  const view = sealed(image, page.identity);
  if (view === null || !claims(image, page) || view.getUint8(4) !== VERSION) return null;
  const role = (["opening", "user", "tool"] as const)[view.getUint8(5)];
  const unit = ([undefined, "volume", "money"] as const)[view.getUint8(6)];
  const areaCode = digits(view, 8, 2);
  const cardNumber = digits(view, 10, 6);
  if (role === undefined || unit === undefined || areaCode === null || cardNumber === null) return null;
  return { role, unit, replacement: view.getUint8(7), areaCode, cardNumber };
}

export function readParameters(image: Uint8Array, page: Page): ParametersArea | null {
  const view = sealed(image, page.parameters);
  if (view === null) return null;
  return {
    meterCeiling: view.getUint32(0, true),
    alarm: view.getUint32(4, true),
    overdraft: view.getUint32(8, true),
  };
}

/** `none`: the area is good and says no price, or nobody ever wrote it. */
export function readPrice(image: Uint8Array, page: Page): MeterPrice | "none" | null {
  if (image.subarray(page.price.from, page.price.to).every((byte) => byte === 0xff)) return "none";
  const view = sealed(image, page.price);
  const state = view?.getUint8(0);
  if (view === null || (state !== 0 && state !== 1)) return null;
  const from = bcdDate(view, 9);
  if (from === undefined) return null;
  if (state === 0) return "none";
  return { nowE4: view.getUint32(1, true), next: from === null ? null : { priceE4: view.getUint32(5, true), from } };
}

export function readPurchase(image: Uint8Array, page: Page): PurchaseArea | null {
  const view = sealed(image, page.purchase);
  if (view === null) return null;
  switch (page.cardClass) {
    case "A": {
      const [total, amount, backup] = [view.getUint32(1, true), view.getUint32(5, true), view.getUint32(13, true)];
      const [boughtOn, count] = [bcdDate(view, 9), view.getUint16(17)];
      const good = boughtOn !== undefined && view.getUint8(0) === (count & 0xff) && backup === total;
      return good ? { count, amount, total, boughtOn } : null;
    }
    case "B": {
      const [amount, backup] = [view.getUint32(1, true), view.getUint32(9, true)];
      const [boughtOn, count] = [bcdDate(view, 5), view.getUint16(13)];
      const good = boughtOn !== undefined && view.getUint8(0) === (count & 0xff) && backup === amount;
      return good ? { count, amount, total: null, boughtOn } : null;
    }
    case "C": {
      const [amount, backup] = [view.getUint32(1, true), view.getUint32(9, true)];
      const [boughtOn, count] = [bcdDate(view, 5), view.getUint16(13)];
      const mark = markC(count, amount);
      const good = boughtOn !== undefined && backup === amount && view.getUint8(0) === mark;
      return good && view.getUint8(15) === mark ? { count, amount, total: null, boughtOn } : null;
    }
  }
}

const markC = (count: number, amount: number): number => (count & 0x7f) | (amount > 0 ? HOLDS_AMOUNT : 0);

/** Class C: the purchase area anew, with the amount taken out of it. Only what was read as good comes here. */
export function amountTakenOut(image: Uint8Array, { purchase }: Page): Uint8Array {
  const bytes = image.slice(purchase.from, purchase.to);
  const view = new DataView(bytes.buffer);
  const mark = markC(view.getUint16(13), 0);
  view.setUint8(0, mark);
  view.setUint32(1, 0, true);
  view.setUint32(9, 0, true);
  view.setUint8(15, mark);
  return seal(bytes);
}

export function readReturn(image: Uint8Array, page: Page): ReturnArea | null {
  const view = sealed(image, page.returned);
  const startCode = view?.getUint8(0);
  if (view === null || (startCode !== 0 && startCode !== BEEN_IN_METER)) return null;
  return {
    beenInMeter: startCode === BEEN_IN_METER,
    valveClosed: (view.getUint8(1) & 1) !== 0,
    batteryLow: (view.getUint8(1) & 2) !== 0,
    errorCode: view.getUint8(2),
    registerL: view.getUint32(4, true),
    totalCredited: view.getUint32(8, true),
    remaining: view.getInt32(12, true),
    acceptedCount: view.getUint16(16),
  };
}

/** The return area a meter writes, the same on all pages: start code 58, checksum last. */
export function writeReturn(fields: Omit<ReturnArea, "beenInMeter">): Uint8Array {
  const bytes = new Uint8Array(20);
  const view = new DataView(bytes.buffer);
  view.setUint8(0, BEEN_IN_METER);
  view.setUint8(1, (fields.valveClosed ? 1 : 0) | (fields.batteryLow ? 2 : 0));
  view.setUint8(2, fields.errorCode);
  view.setUint32(4, fields.registerL, true);
  view.setUint32(8, fields.totalCredited, true);
  view.setInt32(12, fields.remaining, true);
  view.setUint16(16, fields.acceptedCount);
  return seal(bytes);
}
