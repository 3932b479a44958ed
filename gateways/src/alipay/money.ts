import { assertInteger, type Fen } from "@citygas/core";

/** Alipay writes amounts as yuan text. Digits only are moved; no float ever holds money. */

/** 12345 → "123.45". */
export function fenToYuan(amountFen: Fen): string {
  assertInteger(amountFen, "amountFen");
  if (amountFen < 0) throw new RangeError(`amountFen must not be negative, got ${amountFen}`);
  const digits = String(amountFen).padStart(3, "0");
  return `${digits.slice(0, -2)}.${digits.slice(-2)}`;
}

/** "123.45", "123.4" or "123" → fen; null for anything else. */
export function yuanToFen(text: string): Fen | null {
  const match = /^(\d{1,12})(?:\.(\d{1,2}))?$/.exec(text);
  if (match === null) return null;
  return Number(`${match[1]}${(match[2] ?? "").padEnd(2, "0")}`);
}
