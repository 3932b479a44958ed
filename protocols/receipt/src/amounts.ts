/** Amounts as a receipt writes them. Integers in, digits out; no floats. */

function fixed(value: number, scale: number, digits: number): string {
  if (!Number.isSafeInteger(value)) throw new RangeError(`not an integer amount: ${value}`);
  const size = Math.abs(value);
  const fraction = String(size % scale).padStart(digits, "0");
  return `${value < 0 ? "-" : ""}${Math.floor(size / scale)}.${fraction}`;
}

/** Fen as `1199.70`. */
export function yuan(fen: number): string {
  return fixed(fen, 100, 2);
}

/** Fen as `￥1199.70` (U+FFE5: U+00A5 is no GBK character). */
export function money(fen: number): string {
  return fen < 0 ? `-￥${yuan(-fen)}` : `￥${yuan(fen)}`;
}

/** Litres as m³ without trailing zeros: `47.4`. */
export function cubicMetres(litres: number): string {
  return fixed(litres, 1000, 3).replace(/\.?0+$/, "");
}

/** 1/10,000 yuan as `2.55` … `2.5525`. */
export function unitPrice(priceE4: number): string {
  return fixed(priceE4, 10_000, 4).replace(/0{1,2}$/, "");
}

/** China has kept UTC+8 without summer time since 1992, so a fixed offset is its clock. */
const chinaOffsetMs = 8 * 3600 * 1000;

/** `2026-11-23 14:30:05` in China, whatever the machine's zone. */
export function chinaTime(ms: number): string {
  return new Date(ms + chinaOffsetMs).toISOString().slice(0, 19).replace("T", " ");
}
