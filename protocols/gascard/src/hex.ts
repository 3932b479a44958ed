import type { Hex } from "./script.ts";

/**
 * A card's image is turned to text and back several times for each step that moves it: both ways by table, or by the
 * engine where it can (ECMAScript 2026).
 */
const byEngine = (Uint8Array.prototype as { toHex?: () => string }).toHex;
/** Byte → its two characters. */
const pairs = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));
const notHex = 0xff;
/** Character code → nibble. */
const nibbles = new Uint8Array(128).fill(notHex);
for (let nibble = 0; nibble < 16; nibble++) nibbles[nibble.toString(16).charCodeAt(0)] = nibble;

/** Bytes as lower-case hex without separators. */
export function toHex(bytes: Uint8Array): Hex {
  return byEngine === undefined ? toHexByTable(bytes) : byEngine.call(bytes);
}

/** For engines that can't; exported for its test. */
export function toHexByTable(bytes: Uint8Array): Hex {
  let text = "";
  for (const byte of bytes) text += pairs[byte] ?? "";
  return text;
}

/** The bytes of a lower-case hex text, or null when it is not one. For what comes from outside. */
export function fromHex(text: string): Uint8Array | null {
  if (text.length % 2 !== 0) return null;
  const bytes = new Uint8Array(text.length / 2);
  let seen = 0;
  for (let at = 0; at < text.length; at += 2) {
    const high = nibbles[text.charCodeAt(at)] ?? notHex;
    const low = nibbles[text.charCodeAt(at + 1)] ?? notHex;
    seen |= high | low;
    bytes[at >> 1] = (high << 4) | low;
  }
  return seen < 16 ? bytes : null;
}

/** How many bytes a lower-case hex text stands for, or null when it is not one. */
export function hexBytes(text: string): number | null {
  if (text.length % 2 !== 0) return null;
  for (let i = 0; i < text.length; i++) if ((nibbles[text.charCodeAt(i)] ?? notHex) === notHex) return null;
  return text.length / 2;
}

/** Same length and same bytes. */
export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}
