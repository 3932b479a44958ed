import { hash } from "node:crypto";
import type { Id } from "@citygas/core";

/**
 * The same id for the same words on every server: UUID version 8 (RFC 9562, custom) from their SHA-256. For rows that
 * two servers may make at once (tier positions) and for requests that may be repeated (their events).
 */
export function derivedId(...words: readonly string[]): Id {
  const hex = hash("sha256", JSON.stringify(words), "hex");
  // The digits of version and variant (their other two bits stay those of the hash).
  const variant = ((Number.parseInt(hex.charAt(16), 16) & 0x3) | 0x8).toString(16);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}
