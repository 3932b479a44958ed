/** Where a reader of the trail stands: after this event, in the order of time, sequence and id. */
import type { Id, Instant } from "@citygas/core";

export interface Cursor {
  at: Instant;
  seq: number;
  eventId: Id;
}

/**
 * An event gets its time before it is committed, so one may come to light behind a later one. Whoever follows the trail
 * is told the last moments again, and drops what it has by its id.
 */
export const overlapMs = 2_000;

/** From where to read on; `last` is the last event told, `after` where this page began. */
export function nextCursor(last: Cursor | null, after: Cursor | null, now: Instant): Cursor {
  const settled: Cursor = { at: now - overlapMs, seq: 0, eventId: "" };
  const reached = last ?? after ?? settled;
  return reached.at < settled.at ? reached : settled;
}

export const cursorText = ({ at, seq, eventId }: Cursor): string =>
  Buffer.from(`${at}.${seq}.${eventId}`).toString("base64url");

/** null: no cursor of ours. */
export function readCursor(text: string): Cursor | null {
  const parts = /^(\d{1,15})\.(\d{1,9})\.([\w-]{0,64})$/.exec(Buffer.from(text, "base64url").toString("utf8"));
  return parts === null ? null : { at: Number(parts[1]), seq: Number(parts[2]), eventId: parts[3] ?? "" };
}
