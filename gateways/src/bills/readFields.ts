/** Fields of a line, amounts and times out of bytes. No float ever holds money. */
import { type Instant, makeDay } from "@citygas/core";
import { type BillEncoding, decoded } from "./readLines.ts";
import { type BillProblem, readLimits } from "./readTypes.ts";

const comma = 0x2c;
const backtick = 0x60;

/** Where the fields of one line stand; used again for each line. */
export interface Fields {
  from: Int32Array;
  to: Int32Array;
  count: number;
}

export const newFields = (): Fields => ({
  from: new Int32Array(readLimits.columns),
  to: new Int32Array(readLimits.columns),
  count: 0,
});

/** Cuts at commas. What is too much for the table is counted and not kept. */
export function splitAtCommas(fields: Fields, bytes: Buffer, from: number, to: number): void {
  let start = from;
  fields.count = 0;
  for (let at = from; at < to; at++) {
    if (bytes[at] !== comma) continue;
    add(fields, start, at);
    start = at + 1;
  }
  add(fields, start, to);
}

/** Cuts at ",`": every value begins with a backtick, and a product's name may hold commas. */
export function splitAtBackticks(fields: Fields, bytes: Buffer, from: number, to: number): void {
  let start = from + 1;
  fields.count = 0;
  // The backtick first: it is rarer than the comma, and this looks at every byte of a bill.
  for (let at = from + 2; at < to; at++) {
    if (bytes[at] !== backtick || bytes[at - 1] !== comma) continue;
    add(fields, start, at - 1);
    start = at + 1;
  }
  add(fields, start, to);
}

export const beginsWithBacktick = (bytes: Buffer, from: number, to: number): boolean =>
  from < to && bytes[from] === backtick;

function add(fields: Fields, from: number, to: number): void {
  if (fields.count < readLimits.columns) {
    fields.from[fields.count] = from;
    fields.to[fields.count] = to;
  }
  fields.count += 1;
}

/** Takes blanks and tabs off both ends of each field (Alipay pads numbers with a tab, against Excel). */
export function trimFields(fields: Fields, bytes: Buffer): void {
  const blank = (at: number): boolean => bytes[at] === 0x09 || bytes[at] === 0x20;
  for (let i = 0; i < fields.count && i < readLimits.columns; i++) {
    let from = fields.from[i] ?? 0;
    let to = fields.to[i] ?? 0;
    while (from < to && blank(from)) from += 1;
    while (to > from && blank(to - 1)) to -= 1;
    fields.from[i] = from;
    fields.to[i] = to;
  }
}

export const isEmpty = (fields: Fields, column: number): boolean => fields.from[column] === fields.to[column];

/** An order or transaction number: 1 to 64 visible ASCII characters. null: it is none. */
export function numberAt(fields: Fields, bytes: Buffer, column: number): string | null {
  const from = fields.from[column] ?? 0;
  const to = fields.to[column] ?? 0;
  if (to <= from || to - from > 64) return null;
  for (let at = from; at < to; at++) {
    const byte = bytes[at] ?? 0;
    if (byte < 0x21 || byte > 0x7e) return null;
  }
  return bytes.toString("latin1", from, to);
}

/** Words that come again and again ("SUCCESS", "交易") are decoded once. */
export function wordReader(encoding: BillEncoding): (fields: Fields, bytes: Buffer, column: number) => string {
  const known = new Map<string, string>();
  return (fields, bytes, column) => {
    const from = fields.from[column] ?? 0;
    const to = fields.to[column] ?? 0;
    const raw = bytes.toString("latin1", from, to);
    const found = known.get(raw);
    if (found !== undefined) return found;
    const word = decoded(bytes.subarray(from, to), encoding);
    if (known.size < 64) known.set(raw, word);
    return word;
  };
}

/**
 * Yuan as text → fen: "123.45", "-0.5", "20.0", "0.60000". Exact: a digit that is not 0 behind the second decimal is no
 * amount. null: none.
 */
export function fenAt(fields: Fields, bytes: Buffer, column: number): number | null {
  return fenOf(bytes, fields.from[column] ?? 0, fields.to[column] ?? 0);
}

const digitsMax = 13;

function fenOf(bytes: Buffer, start: number, to: number): number | null {
  let from = start;
  const negative = bytes[from] === 0x2d && from < to;
  if (negative || (bytes[from] === 0x2b && from < to)) from += 1;
  let fen = 0;
  let decimals = -1;
  let digits = 0;
  for (let at = from; at < to; at++) {
    const byte = bytes[at] ?? 0;
    if (byte === 0x2e) {
      if (decimals >= 0 || digits === 0) return null;
      decimals = 0;
      continue;
    }
    const digit = byte - 0x30;
    if (digit < 0 || digit > 9) return null;
    if (decimals >= 2) {
      if (digit !== 0 || decimals >= 8) return null;
      decimals += 1;
      continue;
    }
    digits += 1;
    if (digits > digitsMax) return null;
    fen = fen * 10 + digit;
    if (decimals >= 0) decimals += 1;
  }
  if (digits === 0 || decimals === 0) return null;
  if (decimals <= 0) fen *= 100;
  else if (decimals === 1) fen *= 10;
  return negative ? 0 - fen : fen;
}

export const fenOfText = (text: string): number | null => {
  const bytes = Buffer.from(text, "utf8");
  return fenOf(bytes, 0, bytes.length);
};

/** Whole numbers in fen, 0 or more. null: none. */
export function wholeAt(fields: Fields, bytes: Buffer, column: number): number | null {
  const from = fields.from[column] ?? 0;
  const to = fields.to[column] ?? 0;
  if (to <= from || to - from > digitsMax) return null;
  let value = 0;
  for (let at = from; at < to; at++) {
    const digit = (bytes[at] ?? 0) - 0x30;
    if (digit < 0 || digit > 9) return null;
    value = value * 10 + digit;
  }
  return value;
}

/** Whole fen that may be negative. null: none. */
export function signedAt(fields: Fields, bytes: Buffer, column: number): number | null {
  const from = fields.from[column] ?? 0;
  if (bytes[from] !== 0x2d || isEmpty(fields, column)) return wholeAt(fields, bytes, column);
  fields.from[column] = from + 1;
  const value = wholeAt(fields, bytes, column);
  fields.from[column] = from;
  return value === null ? null : 0 - value;
}

const dayMs = 86_400_000;
const beijingMs = 8 * 3_600_000;

/** Reads "YYYY-MM-DD HH:MM:SS" in Asia/Shanghai (UTC+8 all year); keeps the last day, since bills are of one day. */
export function beijingTimes(): (fields: Fields, bytes: Buffer, column: number) => Instant | null {
  let knownDay = "";
  let knownStart = 0;
  return (fields, bytes, column) => {
    const from = fields.from[column] ?? 0;
    if ((fields.to[column] ?? 0) - from !== 19) return null;
    const day = bytes.toString("latin1", from, from + 10);
    if (day !== knownDay) {
      const start = dayStart(day);
      if (start === null) return null;
      knownDay = day;
      knownStart = start;
    }
    const hour = two(bytes, from + 11);
    const minute = two(bytes, from + 14);
    const second = two(bytes, from + 17);
    const marks = bytes[from + 10] === 0x20 && bytes[from + 13] === 0x3a && bytes[from + 16] === 0x3a;
    if (!marks || !(hour < 24 && minute < 60 && second < 60)) return null;
    return knownStart + ((hour * 60 + minute) * 60 + second) * 1_000;
  };
}

/** NaN when either is no digit. */
function two(bytes: Buffer, at: number): number {
  const tens = (bytes[at] ?? 0) - 0x30;
  const ones = (bytes[at + 1] ?? 0) - 0x30;
  return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9 ? tens * 10 + ones : Number.NaN;
}

/** Midnight in Asia/Shanghai; null: no such day. */
export function dayStart(day: string): Instant | null {
  const match = /^([1-9]\d{3})-(\d{2})-(\d{2})$/.exec(day);
  if (match === null) return null;
  const parts = { year: Number(match[1]), month: Number(match[2]), day: Number(match[3]) };
  if (parts.month < 1 || parts.month > 12 || parts.day < 1 || parts.day > 31 || makeDay(parts) !== day) return null;
  return Date.UTC(parts.year, parts.month - 1, parts.day) - beijingMs;
}

/** RFC 3339 with seconds, and what stands for "any time of that day": the acquirer's and the bank's ways. */
export function rfc3339Of(text: string): Instant | null {
  if (!/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,3})?(Z|[+-]\d{2}:\d{2})$/.test(text)) return null;
  const at = Date.parse(text);
  return Number.isSafeInteger(at) ? at : null;
}

/** Is the instant one of the day asked for, within the tolerance of cut-off times? `day` null: any day will do. */
export function dayCheck(day: string | null): (at: Instant) => boolean {
  const start = day === null ? null : dayStart(day);
  if (day !== null && start === null) throw new Error(`not a day: ${day}`);
  if (start === null) return () => true;
  return (at) => at >= start - readLimits.dayToleranceMs && at < start + dayMs + readLimits.dayToleranceMs;
}

/** What is wanted of a header: the names one column may have, by what we call it. */
export type WantedColumns<K extends string> = Readonly<Record<K, readonly string[]>>;

/** Names as they are compared: brackets of either width are the same. */
export const columnName = (name: string): string =>
  name.replace(/[\t ]/g, "").replaceAll("（", "(").replaceAll("）", ")");

/** Of names that are told. */
const namesMax = 20;

/** A text of the file as people and the database can take it: no control characters, no half characters, not too long. */
export const shown = (text: string): string => text.slice(0, 40).replace(/[\p{Cc}\p{Cs}]/gu, "\uFFFD");

/**
 * Finds columns by name. `open`: gateways add columns without notice, so those that nobody asked for are passed over and
 * told; a closed format is ours or a bank's upload, where an unknown name is a mistake.
 */
export function findColumns<K extends string>(
  names: readonly string[],
  wanted: WantedColumns<K>,
  known: readonly string[] | "closed",
): { ok: true; at: Record<K, number>; unknown: string[] } | { ok: false; problem: BillProblem } {
  const plain = names.map(columnName);
  const doubled = [...new Set(plain.filter((name, index) => plain.indexOf(name) !== index))]
    .slice(0, namesMax)
    .map(shown);
  const keys = Object.keys(wanted) as K[]; // the record's own keys
  const missing = keys.filter((key) => !wanted[key].some((name) => plain.includes(columnName(name))));
  const asked = keys.flatMap((key) => wanted[key].map(columnName));
  const also = known === "closed" ? [] : known.map(columnName);
  const unknown = plain.filter((name) => !asked.includes(name) && !also.includes(name)).map(shown);
  const tooMany = plain.length > readLimits.columns;
  if (tooMany || doubled.length > 0 || missing.length > 0 || (known === "closed" && unknown.length > 0)) {
    const named = missing.map((key) => wanted[key][0] ?? key);
    return { ok: false, problem: { kind: "columns", missing: named, doubled, unknown: unknown.slice(0, namesMax) } };
  }
  const at = Object.fromEntries(
    keys.map((key) => [key, wanted[key].map((name) => plain.indexOf(columnName(name))).find((index) => index >= 0)]),
  ) as Record<K, number>; // none is missing
  return { ok: true, at, unknown };
}
