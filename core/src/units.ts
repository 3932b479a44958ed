/**
 * Units. Money is integer fen, gas is integer litres (1 m³ = 1000), meter credit (for meters that price by
 * themselves) is integer fen, unit prices are integers in 1/10,000 yuan per m³ (2.53 元/m³ = 25_300).
 * Time is milliseconds since the epoch; calendar days are "YYYY-MM-DD" in Asia/Shanghai.
 * No floats for any of them: `assertInteger` guards the doors.
 */
export type Fen = number;
export type Litre = number;
export type PriceE4 = number;
export type Instant = number;
export type Day = string;
export type Id = string;

/** Stops the process on a programmer's error: a money or gas quantity that is not a safe integer. */
export function assertInteger(value: number, name: string): void {
  if (!Number.isSafeInteger(value)) throw new Error(`${name} must be a safe integer, got ${value}`);
}

/** Expected failures are values. */
export type Result<T, E> = { ok: true; value: T } | { ok: false; error: E };
export const ok = <T>(value: T): { ok: true; value: T } => ({ ok: true, value });
export const err = <E>(error: E): { ok: false; error: E } => ({ ok: false, error });

/** For switches over closed unions: reaching it is a broken invariant. */
export function never(value: never, what = "value"): never {
  throw new Error(`unexpected ${what}: ${JSON.stringify(value)}`);
}
