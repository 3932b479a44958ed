import type { Hex } from "./script.ts";

const lowerHex = /^(?:[0-9a-f]{2})*$/;

/** Bytes as lower-case hex without separators. */
export function toHex(bytes: Uint8Array): Hex {
  let text = "";
  for (const byte of bytes) text += byte.toString(16).padStart(2, "0");
  return text;
}

/** The bytes of a lower-case hex text, or null when it is not one. For what comes from outside. */
export function fromHex(text: string): Uint8Array | null {
  if (!lowerHex.test(text)) return null;
  const bytes = new Uint8Array(text.length / 2);
  for (let i = 0; i < bytes.length; i++) bytes[i] = Number.parseInt(text.slice(i * 2, i * 2 + 2), 16);
  return bytes;
}

/** Same length and same bytes. */
export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}
