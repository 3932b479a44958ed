import { assertInteger, type Fen, type Litre, type PriceE4 } from "../units.ts";

export const litresPerM3 = 1000;

/** What a volume costs at one unit price, in fen, rounded half up (facts/domain §4 "Money": once per bill line). */
export function costFen(volumeL: Litre, priceE4: PriceE4): Fen {
  return divideHalfUp(volumeL, priceE4, litresPerM3 * 100); // 100 ten-thousandths of a yuan = 1 fen
}

/** a × b / divisor for non-negative integers, rounded half up; exact, as the product may pass 2^53. */
export function divideHalfUp(a: number, b: number, divisor: number): number {
  const quotient = Number((BigInt(a) * BigInt(b) * 2n + BigInt(divisor)) / (BigInt(divisor) * 2n));
  assertInteger(quotient, "quotient");
  return quotient;
}

/** The plain sum of rows that are already rounded. */
export function sumFen(rows: readonly { amountFen: Fen }[]): Fen {
  const sum = rows.reduce((total, { amountFen }) => total + amountFen, 0);
  assertInteger(sum, "sum");
  return sum;
}
