/**
 * This world's own reading of the open card layout, class B, from its published byte table (docs/cards/open-b.md).
 * The side that sells has another; the two must not share code, or a slip in one would hide in the other.
 */
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
  /** "YYYY-MM-DD" or null: none was ever written. */
  boughtOn: string | null;
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

const IDENTITY = { from: 32, to: 64 } as const;
const PARAMETERS = { from: 64, to: 80 } as const;
const PURCHASE = { from: 80, to: 97 } as const;
export const RETURN = { from: 128, to: 148 } as const;
const MAGIC = "CGOB";
const VERSION = 1;
const BEEN_IN_METER = 0x58;

/** CRC-16/CCITT-FALSE. */
export function crc16(bytes: Uint8Array): number {
  let crc = 0xffff;
  for (const byte of bytes) {
    crc ^= byte << 8;
    for (let bit = 0; bit < 8; bit += 1) crc = (crc & 0x8000) === 0 ? crc << 1 : (crc << 1) ^ 0x1021;
    crc &= 0xffff;
  }
  return crc;
}

function area(image: Uint8Array, { from, to }: { from: number; to: number }): DataView | null {
  const bytes = image.slice(from, to);
  const view = new DataView(bytes.buffer);
  const body = bytes.subarray(0, -2);
  return view.getUint16(body.length) === crc16(body) ? view : null;
}

/** Digits from the left, F nibbles only after the last; null for anything else or none at all. */
function digits(view: DataView, offset: number, length: number): string | null {
  let text = "";
  for (let index = 0; index < length; index += 1)
    text += view
      .getUint8(offset + index)
      .toString(16)
      .padStart(2, "0");
  return /^([0-9]+)f*$/.exec(text)?.[1] ?? null;
}

/** "YYYY-MM-DD", null for none, undefined for no day of the calendar. */
function bcdDate(view: DataView, offset: number): string | null | undefined {
  const text = view.getUint32(offset).toString(16).padStart(8, "0");
  if (text === "00000000") return null;
  if (!/^[0-9]{8}$/.test(text)) return undefined;
  const day = `${text.slice(0, 4)}-${text.slice(4, 6)}-${text.slice(6)}`;
  const time = Date.parse(`${day}T00:00:00Z`);
  return Number.isNaN(time) || new Date(time).toISOString().slice(0, 10) !== day ? undefined : day;
}

/** Does the image claim to be of this layout, whatever else is wrong with it? */
export function claimsOpenB(image: Uint8Array): boolean {
  return Buffer.from(image.subarray(IDENTITY.from, IDENTITY.from + 4)).toString("latin1") === MAGIC;
}

export function readIdentity(image: Uint8Array): IdentityArea | null {
  const view = area(image, IDENTITY);
  if (view === null || !claimsOpenB(image) || view.getUint8(4) !== VERSION) return null;
  const role = (["opening", "user", "tool"] as const)[view.getUint8(5)];
  const unit = ([undefined, "volume", "money"] as const)[view.getUint8(6)];
  const areaCode = digits(view, 8, 2);
  const cardNumber = digits(view, 10, 6);
  if (role === undefined || unit === undefined || areaCode === null || cardNumber === null) return null;
  return { role, unit, replacement: view.getUint8(7), areaCode, cardNumber };
}

export function readParameters(image: Uint8Array): ParametersArea | null {
  const view = area(image, PARAMETERS);
  if (view === null) return null;
  return {
    meterCeiling: view.getUint32(0, true),
    alarm: view.getUint32(4, true),
    overdraft: view.getUint32(8, true),
  };
}

export function readPurchase(image: Uint8Array): PurchaseArea | null {
  const view = area(image, PURCHASE);
  if (view === null) return null;
  const amount = view.getUint32(1, true);
  const boughtOn = bcdDate(view, 5);
  const count = view.getUint16(13);
  if (boughtOn === undefined || view.getUint8(0) !== (count & 0xff) || view.getUint32(9, true) !== amount) return null;
  return { count, amount, boughtOn };
}

export function readReturn(image: Uint8Array): ReturnArea | null {
  const view = area(image, RETURN);
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

/** The return area a meter writes: bytes 128 to 147, start code 58, checksum last. */
export function writeReturn(fields: Omit<ReturnArea, "beenInMeter">): Uint8Array {
  const bytes = new Uint8Array(RETURN.to - RETURN.from);
  const view = new DataView(bytes.buffer);
  view.setUint8(0, BEEN_IN_METER);
  view.setUint8(1, (fields.valveClosed ? 1 : 0) | (fields.batteryLow ? 2 : 0));
  view.setUint8(2, fields.errorCode);
  view.setUint32(4, fields.registerL, true);
  view.setUint32(8, fields.totalCredited, true);
  view.setInt32(12, fields.remaining, true);
  view.setUint16(16, fields.acceptedCount);
  view.setUint16(18, crc16(bytes.subarray(0, 18)));
  return bytes;
}

/** What is on a card, for people. */
export type CardReading =
  | { kind: "mute" }
  | { kind: "blank" }
  | { kind: "foreign" }
  | { kind: "damagedIdentity" }
  | {
      kind: CardRole;
      identity: IdentityArea;
      parameters: ParametersArea | null;
      /** null: torn or damaged. */
      purchase: PurchaseArea | null;
      returned: ReturnArea | null;
      /** Amount no meter has taken yet, litres or fen; null when the areas do not tell. */
      onCard: number | null;
    };

export function readCard(image: Uint8Array): CardReading {
  if (image.subarray(IDENTITY.from).every((byte) => byte === 0xff)) return { kind: "blank" };
  if (!claimsOpenB(image)) return { kind: "foreign" };
  const identity = readIdentity(image);
  if (identity === null) return { kind: "damagedIdentity" };
  const purchase = readPurchase(image);
  const returned = readReturn(image);
  const taken = returned?.beenInMeter === true && purchase !== null && returned.acceptedCount >= purchase.count;
  const onCard = purchase === null || returned === null ? null : taken ? 0 : purchase.amount;
  return { kind: identity.role, identity, parameters: readParameters(image), purchase, returned, onCard };
}
