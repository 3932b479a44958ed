/** SQL of the staff's list. */
import type { Id, Instant } from "@citygas/core";
import type { Pool } from "pg";
import { readTimeKey } from "../http/page.ts";

export interface StoredStaffTask {
  id: Id;
  kind: string;
  ref: Id;
  doc: object;
  createdAt: Instant;
  closedAt: Instant | null;
  /** null with `closedAt`: its cause was gone. */
  closedBy: Id | null;
  words: string | null;
}

interface Row {
  id: string;
  kind: string;
  ref: string;
  doc: object;
  created_at: number;
  closed_at: number | null;
  closed_by: string | null;
  words: string | null;
}

const taskOf = (row: Row): StoredStaffTask => ({
  id: row.id,
  kind: row.kind,
  ref: row.ref,
  doc: row.doc,
  createdAt: row.created_at,
  closedAt: row.closed_at,
  closedBy: row.closed_by,
  words: row.words,
});

export interface StaffTaskFilter {
  kind?: string | undefined;
  state?: "open" | "closed" | undefined;
  /** Only those made before. */
  before?: Instant | undefined;
  ref?: Id | undefined;
}

/** Oldest first, after `after`. */
export async function staffTaskPage(
  db: Pool,
  { kind, state, before, ref }: StaffTaskFilter,
  after: string,
  limit: number,
): Promise<StoredStaffTask[]> {
  const from = readTimeKey(after, -1);
  const { rows } = await db.query<Row>(
    `select * from staff_task where (created_at, id) > ($1, $2) and ($3::text is null or kind = $3)
     and ($4::text is null or (closed_at is null) = ($4 = 'open')) and ($5::bigint is null or created_at < $5)
     and ($6::text is null or ref = $6)
     order by created_at, id limit $7`,
    [from.at, from.id, kind ?? null, state ?? null, before ?? null, ref ?? null, limit],
  );
  return rows.map(taskOf);
}

export async function staffTaskById(db: Pool, id: Id): Promise<StoredStaffTask | undefined> {
  const { rows } = await db.query<Row>("select * from staff_task where id = $1", [id]);
  return rows[0] && taskOf(rows[0]);
}

/** The first one who closed it stays. @param by null: its cause is gone. */
export async function closeStaffTask(
  db: Pool,
  id: Id,
  at: Instant,
  by: Id | null,
  words: string | null,
): Promise<void> {
  await db.query(
    "update staff_task set closed_at = $2, closed_by = $3, words = $4 where id = $1 and closed_at is null",
    [id, at, by, words],
  );
}

/** Open ones that have waited too long, each told once per `everyMs`, by one server. */
export async function takeAged(db: Pool, now: Instant, ageMs: number, everyMs: number, limit: number) {
  const { rows } = await db.query<Row>(
    `update staff_task set alarm_at = $1::bigint + $3 where id in (
       select id from staff_task where closed_at is null and created_at <= $1::bigint - $2
         and (alarm_at is null or alarm_at <= $1) order by created_at limit $4)
     and (alarm_at is null or alarm_at <= $1) returning *`,
    [now, ageMs, everyMs, limit],
  );
  return rows.map(taskOf);
}
