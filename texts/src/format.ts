/**
 * How money and gas are written. Money is integer fen, gas integer litres (1 方 = 1 m³ = 1000 litres); no floats.
 * The yuan sign is U+FFE5, which every receipt printer with a GBK font has; U+00A5 would print as two other characters.
 */
import type { Language } from "./language.ts";

const volumeUnits: Record<Language, string> = { "zh-CN": "方", en: "m³" };
const yuanUnits: Record<Language, string> = { "zh-CN": "元", en: " yuan" };

/** Splits an integer at `scale` into sign, whole and fraction digits (`digits` long). */
function split(value: number, scale: number, digits: number): { sign: string; whole: string; fraction: string } {
  if (!Number.isSafeInteger(value)) throw new RangeError(`not an integer amount: ${value}`);
  const size = Math.abs(value);
  return {
    sign: value < 0 ? "-" : "",
    whole: String(Math.floor(size / scale)),
    fraction: String(size % scale).padStart(digits, "0"),
  };
}

/** Fen as `1199.70`. */
export function decimalYuan(fen: number): string {
  const { sign, whole, fraction } = split(fen, 100, 2);
  return `${sign}${whole}.${fraction}`;
}

/** Fen as `1500`, or `0.30` when there are fen: for limits and buttons, where .00 is noise. */
export function decimalYuanShort(fen: number): string {
  return fen % 100 === 0 ? String(fen / 100) : decimalYuan(fen);
}

/** Fen as `￥120.00`, a deduction as `-￥0.30`. */
export function money(fen: number): string {
  const { sign, whole, fraction } = split(fen, 100, 2);
  return `${sign}￥${whole}.${fraction}`;
}

/** Fen as `1199.70元` / `1199.70 yuan`. */
export function yuan(fen: number, language: Language): string {
  return decimalYuan(fen) + yuanUnits[language];
}

/** Fen as `1500元` / `1500 yuan`, with fen only where there are any. */
export function yuanShort(fen: number, language: Language): string {
  return decimalYuanShort(fen) + yuanUnits[language];
}

/** Litres as `47.4`: m³ without trailing zeros. */
export function decimalLitres(litres: number): string {
  const { sign, whole, fraction } = split(litres, 1000, 3);
  const rest = fraction.replace(/0+$/, "");
  return rest === "" ? sign + whole : `${sign}${whole}.${rest}`;
}

/** Litres as `47.4 方` / `47.4 m³`. */
export function volume(litres: number, language: Language): string {
  return `${decimalLitres(litres)} ${volumeUnits[language]}`;
}

/** 1/10,000 yuan per m³ as `2.55` or `2.5525`: two decimals at least, four where needed. */
export function unitPrice(priceE4: number): string {
  const { sign, whole, fraction } = split(priceE4, 10_000, 4);
  return `${sign}${whole}.${fraction.replace(/0{1,2}$/, "")}`;
}
