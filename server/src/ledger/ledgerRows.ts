/** SQL of the books, read only: balances, and the postings of one account. */
import type { Commodity, Id, Instant } from "@citygas/core";
import type { Pool } from "pg";

export interface Balance {
  account: string;
  commodity: Commodity;
  amount: number;
}

/**
 * Balances of all accounts, as of before `before` (null: now, from the running sums), in the order of accounts; those
 * after `after`, at most `limit`.
 */
export async function balances(
  db: Pool,
  options: { before: Instant | null; after: string; limit: number; prefix: string | null },
): Promise<Balance[]> {
  const { before, after, limit, prefix } = options;
  const source =
    before === null
      ? "select account, commodity, amount from ledger_balance where account > $1"
      : "select account, commodity, amount from posting where account > $1 and at < $4";
  // An account has one commodity, but for a few: a page ends between accounts.
  const { rows } = await db.query<Balance>(
    `select account, commodity, sum(amount)::bigint as amount from (${source}) x
     where account in (
       select distinct account from (${source}) y where $3::text is null or left(account, length($3::text)) = $3
       order by account limit $2)
     group by account, commodity order by account, commodity`,
    [after, limit, prefix, ...(before === null ? [] : [before])],
  );
  return rows;
}

/** Sums per commodity and per what stands before the colon: the trial balance itself. Each commodity's sums are zero. */
export async function prefixSums(
  db: Pool,
  before: Instant | null,
): Promise<{ prefix: string; commodity: Commodity; debit: number; credit: number }[]> {
  const source =
    before === null
      ? "select account, commodity, sum(amount)::bigint as amount from ledger_balance group by account, commodity"
      : "select account, commodity, sum(amount)::bigint as amount from posting where at < $1 group by account, commodity";
  const { rows } = await db.query<{ prefix: string; commodity: Commodity; debit: number; credit: number }>(
    `select split_part(account, ':', 1) as prefix, commodity,
       coalesce(sum(amount) filter (where amount > 0), 0)::bigint as debit,
       coalesce(0 - sum(amount) filter (where amount < 0), 0)::bigint as credit
     from (${source}) x group by 1, 2 order by 1, 2`,
    before === null ? [] : [before],
  );
  return rows;
}

export interface StatementKey {
  at: Instant;
  eventId: Id;
  seq: number;
}
export interface StatementRow {
  event_id: Id;
  seq: number;
  commodity: Commodity;
  amount: number;
  at: Instant;
  subject_kind: string;
  subject_id: Id;
  event: { type: string };
}

/** Postings of one account in the order of time, from `from` on and before `to`, behind `after`. */
export async function statementRows(
  db: Pool,
  account: string,
  commodity: Commodity,
  span: { from: Instant; to: Instant; after: StatementKey | null; limit: number },
): Promise<StatementRow[]> {
  const { from, to, after, limit } = span;
  const { rows } = await db.query<StatementRow>(
    `select p.event_id, p.seq, p.commodity, p.amount, p.at, e.subject_kind, e.subject_id, e.event
     from posting p join event e on e.event_id = p.event_id
     where p.account = $1 and p.commodity = $2 and p.at >= $3 and p.at < $4 and (p.at, p.event_id, p.seq) > ($5, $6, $7)
     order by p.at, p.event_id, p.seq limit $8`,
    [
      account,
      commodity,
      Math.max(from, after?.at ?? from),
      to,
      after?.at ?? -1,
      after?.eventId ?? "",
      after?.seq ?? -1,
      limit,
    ],
  );
  return rows;
}

/** Of an account, before an instant. */
export async function balanceBefore(db: Pool, account: string, commodity: Commodity, before: Instant): Promise<number> {
  const { rows } = await db.query<{ sum: number }>(
    "select coalesce(sum(amount), 0)::bigint as sum from posting where account = $1 and commodity = $2 and at < $3",
    [account, commodity, before],
  );
  return rows[0]?.sum ?? 0;
}

/** Up to and with the posting of this key: what a page's first line builds on. */
export async function balanceThrough(
  db: Pool,
  account: string,
  commodity: Commodity,
  key: StatementKey,
): Promise<number> {
  const { rows } = await db.query<{ sum: number }>(
    `select coalesce(sum(amount), 0)::bigint as sum from posting
     where account = $1 and commodity = $2 and at <= $3 and (at, event_id, seq) <= ($3, $4, $5)`,
    [account, commodity, key.at, key.eventId, key.seq],
  );
  return rows[0]?.sum ?? 0;
}
