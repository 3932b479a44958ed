/** The amount as the customer types it: digits and at most one point, read without floats. */
import type { Entry } from "@citygas/api";
import type { Action } from "../view.ts";

type Key = Extract<Action, { do: "key" }>["key"];
type Unit = "volume" | "money";

const maxWholeDigits = 7;
/** Yuan have 100 fen, cubic metres 1000 litres. */
const decimals: Record<Unit, number> = { money: 2, volume: 3 };

/** The entry after a key; a key that has no place there changes nothing. */
export function typeKey(entry: string, key: Key, unit: Unit): string {
  if (key === "clear") return "";
  if (key === "backspace") return entry.slice(0, -1);
  const [whole = "", fraction] = entry.split(".");
  // Volumes are sold in whole cubic metres: their keypad has no point.
  if (key === ".") return fraction === undefined && unit === "money" ? `${whole === "" ? "0" : whole}.` : entry;
  if (fraction !== undefined) return fraction.length < decimals[unit] ? entry + key : entry;
  if (whole === "0") return key;
  return whole.length < maxWholeDigits ? entry + key : entry;
}

/** Fen or litres; an empty entry is 0. Throws on text that `typeKey` can't have made. */
export function entryValue(entry: string, unit: Unit): number {
  if (!/^\d*(\.\d*)?$/.test(entry)) throw new RangeError("not an entry");
  const [whole = "", fraction = ""] = entry.split(".");
  if (whole.length > maxWholeDigits || fraction.length > decimals[unit]) throw new RangeError("entry too long");
  return Number(`${whole}${fraction.padEnd(decimals[unit], "0")}`);
}

/** A quick amount as if typed: no trailing zeros. */
export function entryText(value: number, unit: Unit): string {
  const places = decimals[unit];
  const digits = String(value).padStart(places + 1, "0");
  const fraction = digits.slice(-places).replace(/0+$/, "");
  const whole = digits.slice(0, -places);
  return fraction === "" ? whole : `${whole}.${fraction}`;
}

export function asEntry(value: number, unit: Unit): Entry {
  return unit === "money" ? { kind: "amount", amountFen: value } : { kind: "volume", volumeL: value };
}
