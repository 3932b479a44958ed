/**
 * Cuts a stream of ESC/POS bytes into commands and printable bytes. Lengths are those of the public ESC/POS command
 * reference; it knows the commands receipt software of this field uses, others are reported and skipped.
 */
export type Token =
  | { kind: "byte"; value: number }
  /** `name` is the prefix and its character, "ESC a"; `data` all bytes after them. */
  | { kind: "command"; name: string; data: Uint8Array }
  | { kind: "unknown"; name: string };

const PREFIXES: ReadonlyMap<number, string> = new Map([
  [0x10, "DLE"],
  [0x1b, "ESC"],
  [0x1c, "FS"],
  [0x1d, "GS"],
]);

/** Bytes after prefix and character, for commands of fixed length. */
const FIXED: ReadonlyMap<string, number> = new Map([
  ["DLE \x04", 1],
  ["DLE \x05", 1],
  ["ESC @", 0],
  ["ESC !", 1],
  ["ESC  ", 1],
  ["ESC -", 1],
  ["ESC 2", 0],
  ["ESC 3", 1],
  ["ESC =", 1],
  ["ESC E", 1],
  ["ESC G", 1],
  ["ESC J", 1],
  ["ESC M", 1],
  ["ESC R", 1],
  ["ESC V", 1],
  ["ESC a", 1],
  ["ESC d", 1],
  ["ESC i", 0],
  ["ESC m", 0],
  ["ESC p", 3],
  ["ESC r", 1],
  ["ESC t", 1],
  ["ESC {", 1],
  ["ESC $", 2],
  ["ESC \\", 2],
  ["ESC c", 2],
  ["FS !", 1],
  ["FS &", 0],
  ["FS .", 0],
  ["FS -", 1],
  ["FS C", 1],
  ["FS S", 2],
  ["FS W", 1],
  ["GS !", 1],
  ["GS B", 1],
  ["GS H", 1],
  ["GS I", 1],
  ["GS L", 2],
  ["GS P", 2],
  ["GS W", 2],
  ["GS a", 1],
  ["GS f", 1],
  ["GS h", 1],
  ["GS r", 1],
  ["GS w", 1],
]);

const BARCODES_ENDED_BY_NUL = 6;

/** Offset after the NUL that ends a list, or null when it has not come yet. */
function afterNul(bytes: Uint8Array, from: number): number | null {
  const nul = bytes.indexOf(0, from);
  return nul === -1 ? null : nul + 1;
}

/** Where the data of a command of variable length ends; null = more bytes must come; undefined = not such a command. */
function variableEnd(name: string, bytes: Uint8Array, at: number): number | null | undefined {
  const [a, b, c, d] = [bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]];
  switch (name) {
    case "FS (":
    case "GS (":
    case "ESC (":
      return a === undefined || b === undefined || c === undefined ? null : at + 3 + b + c * 256;
    case "GS 8": {
      const e = bytes[at + 4];
      if (b === undefined || c === undefined || d === undefined || e === undefined) return null;
      return at + 5 + b + c * 0x100 + d * 0x10000 + e * 0x1000000;
    }
    case "GS v": {
      const [xl, xh, yl, yh] = bytes.subarray(at + 2, at + 6);
      if (xl === undefined || xh === undefined || yl === undefined || yh === undefined) return null;
      return at + 6 + (xl + xh * 256) * (yl + yh * 256);
    }
    case "GS V":
      return a === undefined ? null : at + (a === 65 || a === 66 ? 2 : 1);
    case "GS k":
      if (a === undefined) return null;
      if (a <= BARCODES_ENDED_BY_NUL) return afterNul(bytes, at + 1);
      return b === undefined ? null : at + 2 + b;
    case "ESC D":
      return afterNul(bytes, at);
    default:
      return undefined;
  }
}

/** The token that starts at `offset` and where the next one starts, or null when its end has not come yet. */
export function nextToken(bytes: Uint8Array, offset: number): { token: Token; next: number } | null {
  const first = bytes[offset];
  if (first === undefined) return null;
  const prefix = PREFIXES.get(first);
  if (prefix === undefined) return { token: { kind: "byte", value: first }, next: offset + 1 };
  const second = bytes[offset + 1];
  if (second === undefined) return null;
  const name = `${prefix} ${String.fromCharCode(second)}`;
  const start = offset + 2;
  const fixed = FIXED.get(name);
  const end = fixed === undefined ? variableEnd(name, bytes, start) : start + fixed;
  if (end === undefined) return { token: { kind: "unknown", name }, next: start };
  if (end === null || end > bytes.length) return null;
  return { token: { kind: "command", name, data: bytes.slice(start, end) }, next: end };
}
