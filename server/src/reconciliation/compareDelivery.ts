/** Payments × card writes and meter commands: the purchases of a day whose money and gas don't agree. */
import type { DeliveryFacts, Fen, Id, PurchaseState } from "@citygas/core";
import type { Pool, PoolClient } from "pg";
import type { CompareScope } from "./compareGateway.ts";
import { enterFound } from "./enterFound.ts";
import { long } from "./heavy.ts";
import { channelNames } from "./schema.ts";

/** What proves that gas went out: SQL over the purchase `p`. A card script left for it, or a command to its meter. */
const scriptLeft = "exists (select 1 from card_write w where w.purchase_id = p.id)";
const commandLeft = "(p.card_id is null and p.state->'command' is not null)";
/**
 * The last word about it is a sale that was carried out. Over a link that word is the meter's record, which is what delivers
 * it and is never paid back: nothing else could contradict the purchase's own state.
 */
const writtenSql = `coalesce((select w.kind = 'sale' and w.report is not null and w.report->'failure' is null
  from card_write w where w.purchase_id = p.id order by w.issued_at desc, w.id desc limit 1), false)`;

const factsSql = `
  p.id, p.status, p.state->>'reason' = 'staff' as decided, (${scriptLeft} or ${commandLeft}) as sent,
  (${writtenSql}) as written,
  p.paid_attempt_id is not null or (p.state->'breakdown'->>'payableFen')::bigint = 0 as paid`;

interface FactsRow {
  id: Id;
  status: PurchaseState;
  decided: boolean | null;
  sent: boolean;
  written: boolean;
  paid: boolean;
}

export const factsOf = ({ status, decided, sent, written, paid }: FactsRow): DeliveryFacts => ({
  state: status,
  paid,
  sent,
  written,
  decided: decided === true,
});

/** Of one purchase, now; undefined: there is none. */
export async function deliveryFacts(db: Pool, ids: readonly Id[]): Promise<Map<Id, DeliveryFacts>> {
  const { rows } = await db.query<FactsRow>(`select ${factsSql} from purchase p where p.id = any($1)`, [ids]);
  return new Map(rows.map((row) => [row.id, factsOf(row)]));
}

/**
 * The purchases of a day to look at. Finished and with proof, or given back without any trace of a write, is nothing to
 * look at. The others are few; each is judged when it is found and again while it waits. Three ways to be one, each a set
 * of its own, so that none is answered purchase by purchase; which channel paid is asked of those few only.
 */
const suspects = `
with day as not materialized (
  select p.id, p.status, p.paid_at, p.paid_attempt_id, p.card_id, p.state from purchase p
  where p.paid_at >= $5 and p.paid_at < $6),
suspect as (
  select id, paid_at, paid_attempt_id from day p where p.status not in ('delivered', 'refunded')
  union all
  select id, paid_at, paid_attempt_id from day p where p.status = 'delivered' and not ${scriptLeft} and not ${commandLeft}
  union all
  select id, paid_at, paid_attempt_id from day p where p.status = 'refunded' and ${scriptLeft})
select md5(concat_ws('|', $1::text, $2::text, 'purchase', p.id))::uuid::text as id, $1::text as channel,
  $2::text as day, 'delivery' as comparison, 'ours' as side, 'purchase' as kind, 'long' as class, 'waiting' as state,
  'moneyWithoutGas' as reason, 'wait' as handling, false as blocks_refund, a.out_trade_no, a.amount_fen as ours_fen,
  a.id as attempt_id, p.id as purchase_id, p.paid_at as at, $3::integer as seen_run, $4::bigint as found_at
from suspect p join attempt a on a.id = p.paid_attempt_id
where a.channel = $1`;

/**
 * Most were paid on the day they were booked: those attempts come out of one index, whatever their channel, and only the
 * others are looked up one by one. $4: all channels.
 */
const booked = `
with day as materialized (
  select sum(a.amount_fen) filter (where a.channel = $1) as fen,
    array_agg(p.paid_attempt_id) filter (where a.id is null and p.paid_attempt_id is not null) as others
  from purchase p left join (
    select id, channel, amount_fen from attempt
    where channel = any($4::text[]) and paid_at >= $2 and paid_at < $3) a on a.id = p.paid_attempt_id
  where p.paid_at >= $2 and p.paid_at < $3)
select (coalesce(day.fen, 0) + coalesce((
  select sum(o.amount_fen) from attempt o where o.id = any(day.others) and o.channel = $1), 0))::bigint as fen from day`;

/** @returns what the purchases that were booked on this day had paid through this channel. */
export async function compareDelivery(client: PoolClient, scope: CompareScope): Promise<Fen> {
  const { channel, day, run, now, from, to } = scope;
  await enterFound(client, suspects, [channel, day, run, now, from, to]);
  const { rows } = await client.query<{ fen: Fen }>(long(booked, [channel, from, to, channelNames]));
  return rows[0]?.fen ?? 0;
}
