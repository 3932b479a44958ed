/** Lists come in pages; the cursor says after which row the next one begins, opaque to callers. */
import type { Instant } from "@citygas/core";
import { type TSchema, Type } from "typebox";

export const pageFields = {
  cursor: Type.Optional(Type.String({ maxLength: 200, description: "`next` of the page before" })),
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 100 })),
};
export interface PageQuery {
  cursor?: string;
  limit?: number;
}
export const pageOf = <T extends TSchema>(item: T) =>
  Type.Object({ items: Type.Array(item), next: Type.Union([Type.String(), Type.Null()]) });

const limitDefault = 20;

/**
 * @param read at most `limit` rows that come after `after` (empty: the first ones), in the list's order.
 * @param keyOf where a row stands in that order: what the next page begins after. Left out: its id.
 */
export async function readPage<R extends { id: string }, V>(
  query: PageQuery,
  read: (after: string, limit: number) => Promise<R[]>,
  view: (row: R) => V,
  keyOf: (row: R) => string = ({ id }) => id,
): Promise<{ items: V[]; next: string | null }> {
  const limit = query.limit ?? limitDefault;
  const after = query.cursor === undefined ? "" : Buffer.from(query.cursor, "base64url").toString("utf8");
  // What PostgreSQL takes for no text at all is no cursor of ours.
  const rows = await read(after.includes("\0") ? "" : after, limit + 1);
  const shown = rows.slice(0, limit);
  const last = shown.at(-1);
  const next = rows.length > limit && last !== undefined ? Buffer.from(keyOf(last)).toString("base64url") : null;
  return { items: shown.map(view), next };
}

/** For lists in the order of time: a moment and, among those of one moment, the id. */
export const timeKey = (at: Instant, id: string): string => `${at} ${id}`;

/** What is no such key gives `first`, the moment before all. */
export function readTimeKey(text: string, first: Instant): { at: Instant; id: string } {
  const [, at, id] = /^(\d{1,15}) (.*)$/.exec(text) ?? [];
  return at === undefined || id === undefined ? { at: first, id: "" } : { at: Number(at), id };
}
