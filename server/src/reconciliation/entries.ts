/** Ledger entries of reconciliation: always new ones, each made once, in one statement with what it is for. */
import { type ChannelName, type Day, type Id, type Instant, type Posting, postingSums } from "@citygas/core";
import type { PoolClient } from "pg";

export interface Entry {
  /** The same at each repetition: a second one does nothing. */
  eventId: Id;
  channel: ChannelName;
  day: Day;
  kind: "fee" | "payout" | "resolution" | "clear";
  /** Of the change, as people read it. */
  amountFen: number;
  at: Instant;
  event: { type: string } & Readonly<Record<string, unknown>>;
  postings: readonly Posting[];
}

const entrySql = `
with made as (
  insert into event (event_id, subject_kind, subject_id, seq, at, event)
  values ($1, 'reconciliation', $1, 1, $2, $3) on conflict do nothing returning event_id),
line as materialized (
  select l.seq, l.account, l.commodity, l.amount
  from json_to_recordset($4::json) as l(seq integer, account text, commodity text, amount bigint), made),
posted as (
  insert into posting (event_id, seq, account, commodity, amount, at)
  select $1, seq, account, commodity, amount, $2 from line),
summed as (
  insert into ledger_balance (account, commodity, lane, amount)
  select account, commodity, 'reconciliation', sum(amount)::bigint from line group by account, commodity
  order by account, commodity
  on conflict (account, commodity, lane) do update set amount = ledger_balance.amount + excluded.amount),
kept as (
  insert into reconciliation_entry (event_id, channel, day, kind, amount_fen, at)
  select $1, $5, $6, $7, $8, $2 from made)
select event_id from made`;

/** @returns whether it was made now. @throws when its postings don't sum to zero: a programmer's error. */
export async function postEntry(client: PoolClient, entry: Entry): Promise<boolean> {
  for (const [commodity, sum] of Object.entries(postingSums(entry.postings)))
    if (sum !== 0) throw new Error(`entry ${entry.eventId}: ${commodity} sums to ${sum}, not zero`);
  const lines = entry.postings.map((posting, seq) => ({ seq, ...posting }));
  const { rows } = await client.query(entrySql, [
    ...[entry.eventId, entry.at, JSON.stringify(entry.event), JSON.stringify(lines)],
    ...[entry.channel, entry.day, entry.kind, entry.amountFen],
  ]);
  return rows.length > 0;
}
