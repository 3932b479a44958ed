import { createHash } from "node:crypto";
import type { Id } from "@citygas/core";

/**
 * The same id for the same words on every server: UUID version 8 (RFC 9562, custom) from their SHA-256. For rows that
 * two servers may make at once (tier positions) and for requests that may be repeated (their events).
 */
export function derivedId(...words: readonly string[]): Id {
  const hash = createHash("sha256").update(JSON.stringify(words)).digest();
  hash[6] = ((hash[6] ?? 0) & 0x0f) | 0x80;
  hash[8] = ((hash[8] ?? 0) & 0x3f) | 0x80;
  const hex = hash.toString("hex");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20, 32)}`;
}
