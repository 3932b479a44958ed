/**
 * What a comparison finds goes into `reconciliation_difference` in two steps: a SELECT, which PostgreSQL spreads over
 * several cores, and an INSERT of its rows. An INSERT … SELECT would do the whole day on one.
 */
import type { Id } from "@citygas/core";
import type { PoolClient } from "pg";
import { long } from "./heavy.ts";

/** A day has a few thousand at most, as a rule. More of them are found anew for each page, so that no day fills the memory. */
const pageRows = 10_000;

/** Every comparison selects some of these; the others stay empty. */
const columns = `id, channel, day, comparison, side, kind, class, state, reason, handling, blocks_refund, out_trade_no,
  refund_no, transaction_id, theirs_fen, ours_fen, attempt_id, purchase_id, at, seen_run, found_at`;

/** Found again: only its amounts may have changed, with a newer bill. */
const enterSql = `
insert into reconciliation_difference (${columns})
select ${columns} from json_populate_recordset(null::reconciliation_difference, $1::json)
on conflict (id) do update set seen_run = excluded.seen_run, theirs_fen = excluded.theirs_fen,
  ours_fen = excluded.ours_fen`;

/** @param select of `columns`, by name, among them an `id` that no other of its rows has. */
export async function enterFound(
  client: PoolClient,
  select: string,
  values: readonly unknown[],
  rowsPerPage = pageRows,
): Promise<void> {
  let after: Id | null = null;
  do {
    after = await enterPage(client, select, values, { after, rows: rowsPerPage });
  } while (after !== null);
}

/** @returns the page's last id; null: there is no further page. */
async function enterPage(
  client: PoolClient,
  select: string,
  values: readonly unknown[],
  { after, rows: limit }: { after: Id | null; rows: number },
): Promise<Id | null> {
  // Nothing is asked of the first page's ids: they would be made for every row of the day.
  const behind = after === null ? "" : `where id > $${values.length + 1}`;
  const page = `select * from (${select}) found ${behind} order by id limit ${limit}`;
  const { rows } = await client.query<{ id: Id }>(long(page, after === null ? [...values] : [...values, after]));
  if (rows.length > 0) await client.query(long(enterSql, [JSON.stringify(rows)]));
  return rows.length < limit ? null : (rows.at(-1)?.id ?? null);
}
