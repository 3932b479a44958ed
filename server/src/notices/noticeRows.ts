/** SQL of notices: filed once per event, then tried until they are sent or given up. */
import type { Id, Instant } from "@citygas/core";
import type { NoticeKey } from "@citygas/texts";
import type { Pool } from "pg";

export interface Notice {
  id: Id;
  kind: NoticeKey;
  accountId: Id;
  purchaseId: Id;
  params: Record<string, string>;
  createdAt: Instant;
}

/** Filing one that is there does nothing. */
export async function fileNotice(db: Pool, n: Notice): Promise<void> {
  await db.query(
    `insert into notice (id, kind, account_id, purchase_id, doc, created_at, due_at)
     values ($1, $2, $3, $4, $5, $6, $6) on conflict (id) do nothing`,
    [n.id, n.kind, n.accountId, n.purchaseId, JSON.stringify({ params: n.params }), n.createdAt],
  );
}

interface Row {
  id: string;
  kind: NoticeKey;
  account_id: string;
  purchase_id: string;
  doc: { params: Record<string, string> };
  created_at: number;
  tries: number;
  phone: string | null;
}

export interface DueNotice extends Notice {
  /** This one included. */
  tries: number;
  /** The account holder's, as registered. */
  phone: string | null;
}

/** Takes due notices; what its taker does not settle is due again after `leaseMs`. */
export async function takeDueNotices(db: Pool, now: Instant, limit: number, leaseMs: number): Promise<DueNotice[]> {
  const { rows } = await db.query<Row>(
    `with taken as (
       update notice set due_at = $3, tries = tries + 1 where due_at <= $1 and id in (
         select id from notice where due_at <= $1 order by due_at limit $2 for update skip locked)
       returning *)
     select t.*, h.phone from taken t
     left join account_registration r on r.id = t.account_id left join holder h on h.id = r.holder_id`,
    [now, limit, now + leaseMs],
  );
  return rows.map((row) => ({
    id: row.id,
    kind: row.kind,
    accountId: row.account_id,
    purchaseId: row.purchase_id,
    params: row.doc.params,
    createdAt: row.created_at,
    tries: row.tries,
    phone: row.phone,
  }));
}

export async function noticeSent(db: Pool, id: Id, at: Instant, by: string, providerId: string): Promise<void> {
  await db.query(
    `update notice set sent_at = $2, due_at = null, doc = doc || $3::jsonb where id = $1 and sent_at is null`,
    [id, at, JSON.stringify({ by, providerId })],
  );
}

export async function noticeFailed(db: Pool, id: Id, why: string): Promise<void> {
  await db.query("update notice set failed = $2, due_at = null where id = $1 and sent_at is null", [id, why]);
}

export async function retryNotice(db: Pool, id: Id, at: Instant): Promise<void> {
  await db.query("update notice set due_at = $2 where id = $1 and sent_at is null", [id, at]);
}
