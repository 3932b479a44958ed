/**
 * Derives notices from the log of purchases. An event gets its time before it is committed, so the follower stays a
 * while behind; and because two followers, or one that dies, may read an event twice, a notice's id is its event's.
 */
import { type Attempt, advance, type Id, type Instant, type LoggedEvent, type Purchase } from "@citygas/core";
import { type NoticeKey, volume, yuan } from "@citygas/texts";
import type { ServerContext } from "../context.ts";
import { loggedEvent } from "../purchases/applyEvent.ts";
import { derivedId } from "../purchases/derivedId.ts";
import { type Cursor, cursorText, readCursor } from "../trail/cursor.ts";
import { type Happened, noticeOf } from "./noticeOf.ts";
import { fileNotice } from "./noticeRows.ts";

/** Longer than a commit is tried for: no event comes to light behind the follower. */
export const settleMs = 30_000;
const page = 500;
const pagesMax = 20;
const cursorName = "notices.cursor";

interface LogRow {
  event_id: Id;
  subject_id: Id;
  seq: number;
  at: Instant;
  event: { type: string };
}

type Context = Pick<ServerContext, "db" | "now" | "registry" | "log">;

/** Reads on from where the last one stopped. The first one ever begins now: what was before is no news. */
export async function followPurchases(ctx: Context): Promise<void> {
  for (let pages = 0; pages < pagesMax; pages++) {
    const until = ctx.now() - settleMs;
    const from = await cursor(ctx, until);
    const { rows } = await ctx.db.query<LogRow>(
      `select event_id, subject_id, seq, at, event from event
       where subject_kind = 'purchase' and at >= $1 and at <= $2 and (at, seq, event_id) > ($1, $3, $4)
       order by at, seq, event_id limit $5`,
      [from.at, until, from.seq, from.eventId, page],
    );
    const wanted = rows.filter(({ event }) => mayBeNews(loggedEvent(event)));
    await fileNews(ctx, new Set(wanted.map(({ event_id }) => event_id)), [
      ...new Set(wanted.map((row) => row.subject_id)),
    ]);
    const last = rows.at(-1);
    if (last === undefined) return;
    await moveCursor(ctx, from, { at: last.at, seq: last.seq, eventId: last.event_id });
    if (rows.length < page) return;
  }
}

const newsTypes: readonly LoggedEvent["event"]["type"][] = [
  "due",
  "cardSettled",
  "rechargeTaken",
  "meterReplaced",
  "decided",
  "refundDone",
  "refundPaidOut",
  "refundFailed",
  "refundStuck",
];

/** By the event alone; saves reading the whole log of every sale that went straight through. */
function mayBeNews({ type, event }: LoggedEvent): boolean {
  if (type === "attempt") return !["created", "submitted", "prepareAnswered"].includes(event.type);
  return newsTypes.includes(event.type);
}

async function cursor(ctx: Context, start: Instant): Promise<Cursor> {
  const first = cursorText({ at: start, seq: 0, eventId: "" });
  await ctx.db.query("insert into server_value (name, value) values ($1, $2) on conflict (name) do nothing", [
    cursorName,
    first,
  ]);
  const { rows } = await ctx.db.query<{ value: string }>("select value from server_value where name = $1", [
    cursorName,
  ]);
  const read = readCursor(rows[0]?.value ?? first);
  if (read === null) throw new Error(`${cursorName} is no cursor`);
  return read;
}

/** Of two that read the same page, the first one moves on. */
async function moveCursor(ctx: Context, from: Cursor, to: Cursor): Promise<void> {
  await ctx.db.query("update server_value set value = $3 where name = $1 and value = $2", [
    cursorName,
    cursorText(from),
    cursorText(to),
  ]);
}

async function fileNews(ctx: Context, eventIds: ReadonlySet<Id>, purchaseIds: readonly Id[]): Promise<void> {
  if (purchaseIds.length === 0) return;
  const { rows } = await ctx.db.query<LogRow>(
    `select event_id, subject_id, seq, at, event from event
     where subject_kind = 'purchase' and subject_id = any($1) order by subject_id, seq`,
    [purchaseIds],
  );
  for (const id of purchaseIds) {
    const log = rows.filter(({ subject_id }) => subject_id === id);
    // Not in one with the reading: what the database refuses is tried again, with the cursor where it was.
    for (const news of foldable(ctx, id, eventIds, log)) await file(ctx, news);
  }
}

/** One whose log does not fold must not keep the news from all the others. */
function foldable(ctx: Context, purchaseId: Id, eventIds: ReadonlySet<Id>, log: readonly LogRow[]): News[] {
  try {
    return newsOf(eventIds, log);
  } catch (error) {
    ctx.log.error({ err: error, purchaseId }, "no notice for this purchase");
    return [];
  }
}

interface News {
  eventId: Id;
  kind: NoticeKey;
  purchase: Purchase;
  goods: string;
  paid: string;
}

/** @param log of one purchase, whole. @throws when it does not fold. */
function newsOf(eventIds: ReadonlySet<Id>, log: readonly LogRow[]): News[] {
  const news: News[] = [];
  let before: { purchase: Purchase | null; attempts: ReadonlyMap<Id, Attempt> } = {
    purchase: null,
    attempts: new Map(),
  };
  for (const { event_id: eventId, at, event: stored, seq } of log) {
    const event = loggedEvent(stored);
    const next = advance(before, event, at);
    if (!next.ok) throw new Error(`the log does not fold at ${seq}`);
    const { purchase: after, attempts } = next.value;
    const attempt = attemptOf(event, before.attempts, attempts);
    const kind = eventIds.has(eventId) ? noticeOf({ at, event, before: before.purchase, after, attempt }) : null;
    if (kind !== null) news.push({ eventId, kind, purchase: after, ...wordsOf(after, attempt) });
    before = { purchase: after, attempts };
  }
  return news;
}

function wordsOf({ breakdown: { delivers, payableFen } }: Purchase, attempt: Happened["attempt"]) {
  return {
    goods: delivers.kind === "volume" ? volume(delivers.volumeL, "zh-CN") : yuan(delivers.meterCreditFen, "zh-CN"),
    paid: yuan(attempt?.after.amountFen ?? payableFen, "zh-CN"),
  };
}

function attemptOf(
  event: LoggedEvent,
  before: ReadonlyMap<Id, Attempt>,
  after: ReadonlyMap<Id, Attempt>,
): Happened["attempt"] {
  const found = event.type === "attempt" ? after.get(event.attemptId) : undefined;
  return found === undefined ? null : { before: before.get(found.id) ?? null, after: found };
}

async function file(ctx: Context, { eventId, kind, purchase, goods, paid }: News): Promise<void> {
  const { id: purchaseId, accountId, number } = purchase;
  const customer = await ctx.registry.customer(accountId);
  const { company = "", hotline = "" } = customer?.unit ?? {};
  await fileNotice(ctx.db, {
    id: derivedId("notice", eventId),
    kind,
    accountId,
    purchaseId,
    params: { company, hotline, number, goods, paid },
    createdAt: ctx.now(),
  });
}
