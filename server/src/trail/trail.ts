/**
 * The story of sales, read from what the store keeps: each purchase's log, folded as it is when it happens, with the
 * postings of each event and the bytes that a script changes on the card. Reads only.
 */
import {
  type Attempt,
  advance,
  type Id,
  type Instant,
  type LoggedEvent,
  type Posting,
  type Purchase,
} from "@citygas/core";
import { trailTexts } from "@citygas/texts";
import type { Pool } from "pg";
import { loggedEvent } from "../purchases/applyEvent.ts";
import { maskName } from "../purchases/mask.ts";
import { cardChanges } from "./cardChanges.ts";
import { type Cursor, cursorText, nextCursor } from "./cursor.ts";
import type { TrailItem } from "./schema.ts";
import { sentenceOf, type Told, trailKey } from "./sentence.ts";

interface LogRow {
  event_id: Id;
  subject_id: Id;
  seq: number;
  at: Instant;
  event: { type: string };
}
interface HeadRow {
  id: Id;
  number: string;
  account_number: string | null;
  holder_name: string | null;
}
type PostingRow = Posting & { event_id: Id };

/** A purchase's whole story, oldest first; undefined: no such purchase. */
export async function trailOfPurchase(db: Pool, purchaseId: Id): Promise<TrailItem[] | undefined> {
  const stories = await storiesOf(db, [purchaseId]);
  return stories.size === 0 ? undefined : [...stories.values()];
}

/** Events of all purchases after the cursor, oldest first; without one the newest `limit`. */
export async function trail(
  db: Pool,
  after: Cursor | null,
  limit: number,
  now: Instant,
): Promise<{ items: TrailItem[]; next: string }> {
  const { rows } = await (after === null
    ? db.query<LogRow>(
        `select event_id, subject_id, seq, at from event where subject_kind = 'purchase'
         order by at desc, seq desc, event_id desc limit $1`,
        [limit],
      )
    : db.query<LogRow>(
        `select event_id, subject_id, seq, at from event
         where subject_kind = 'purchase' and at >= $1 and (at, seq, event_id) > ($1, $2, $3)
         order by at, seq, event_id limit $4`,
        [after.at, after.seq, after.eventId, limit],
      ));
  if (after === null) rows.reverse();
  const stories = await storiesOf(db, [...new Set(rows.map((row) => row.subject_id))]);
  const items = rows.flatMap((row) => stories.get(row.event_id) ?? []);
  const last = rows.at(-1);
  const lastCursor = last === undefined ? null : { at: last.at, seq: last.seq, eventId: last.event_id };
  return { items, next: cursorText(nextCursor(lastCursor, after, now)) };
}

/** Every event of these purchases by its id, each purchase's in order. */
async function storiesOf(db: Pool, purchaseIds: readonly Id[]): Promise<Map<Id, TrailItem>> {
  const items = new Map<Id, TrailItem>();
  if (purchaseIds.length === 0) return items;
  const [logs, postings, heads] = await Promise.all([
    db.query<LogRow>(
      `select event_id, subject_id, seq, at, event from event
       where subject_kind = 'purchase' and subject_id = any($1) order by subject_id, seq`,
      [purchaseIds],
    ),
    db.query<PostingRow>(
      `select p.event_id, p.account, p.commodity, p.amount from posting p
       join event e on e.event_id = p.event_id
       where e.subject_kind = 'purchase' and e.subject_id = any($1) order by p.event_id, p.seq`,
      [purchaseIds],
    ),
    db.query<HeadRow>(
      `select p.id, p.number, r.number as account_number, h.name as holder_name from purchase p
       left join account_registration r on r.id = p.account_id left join holder h on h.id = r.holder_id
       where p.id = any($1)`,
      [purchaseIds],
    ),
  ]);
  const headOf = new Map(heads.rows.map((row) => [row.id, row]));
  const postingsOf = grouped(postings.rows, (row) => row.event_id);
  for (const [purchaseId, log] of grouped(logs.rows, (row) => row.subject_id)) {
    const head = headOf.get(purchaseId);
    if (head === undefined) throw new Error(`the log of ${purchaseId} has no purchase`);
    for (const { row, told } of folded(log)) {
      items.set(row.event_id, itemOf(row, told, head, postingsOf.get(row.event_id) ?? []));
    }
  }
  return items;
}

function grouped<T>(rows: readonly T[], keyOf: (row: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const row of rows) {
    const group = groups.get(keyOf(row));
    if (group === undefined) groups.set(keyOf(row), [row]);
    else group.push(row);
  }
  return groups;
}

/** Each event with the purchase as it was after it. @throws when the log does not fold: it or the code was changed. */
function folded(log: readonly LogRow[]): { row: LogRow; told: Told }[] {
  let state: { purchase: Purchase | null; attempts: ReadonlyMap<Id, Attempt> } = {
    purchase: null,
    attempts: new Map(),
  };
  return log.map((row) => {
    const event: LoggedEvent = loggedEvent(row.event);
    const next = advance(state, event, row.at);
    if (!next.ok) throw new Error(`the log of ${row.subject_id} does not fold at ${row.seq}`);
    state = next.value;
    const attempt = event.type === "attempt" ? (next.value.attempts.get(event.attemptId) ?? null) : null;
    return { row, told: { event, purchase: next.value.purchase, attempt } };
  });
}

function itemOf(row: LogRow, told: Told, head: HeadRow, postings: readonly PostingRow[]): TrailItem {
  return {
    id: row.event_id,
    at: new Date(row.at).toISOString(),
    purchase: { id: head.id, number: head.number },
    account:
      head.account_number === null
        ? null
        : { number: head.account_number, name: head.holder_name === null ? "" : maskName(head.holder_name) },
    type: trailKey(told),
    state: told.purchase.state,
    zh: sentenceOf(told, "zh-CN"),
    en: sentenceOf(told, "en"),
    postings: postings.map(({ account, commodity, amount }) => {
      const kind = account.split(":")[0] ?? account;
      const name = { zh: trailTexts["zh-CN"].ledger[kind] ?? kind, en: trailTexts.en.ledger[kind] ?? kind };
      return { account, commodity, amount, ...name };
    }),
    card: cardOf(told.event),
  };
}

function cardOf({ type, event }: LoggedEvent): TrailItem["card"] {
  if (type !== "purchase" || event.type !== "scriptIssued") return null;
  const { kind, before, after } = event.script;
  return { kind, changes: cardChanges(before, after) };
}
