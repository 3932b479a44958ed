/**
 * The gateway's bill × our payments and refunds, set against set: one hash join for a day of a million. What does not
 * agree goes into `reconciliation_difference`, to be judged one by one afterwards (judgeDifferences.ts).
 *
 * Our side of a day: payments by the gateway's own time of payment, late successes and refunds by when the books took
 * them. A line of another day finds its other half among the differences of the days around (cut-off, 日切).
 */
import type { ChannelName, Day, Instant } from "@citygas/core";
import type { PoolClient } from "pg";
import { enterFound } from "./enterFound.ts";
import { long } from "./heavy.ts";

export interface CompareScope {
  channel: ChannelName;
  day: Day;
  from: Instant;
  to: Instant;
  /** null: the gateway says that nothing happened. */
  billNumber: number | null;
  run: number;
  now: Instant;
}

/** The same difference has the same id at every run. */
const differenceId = (parts: string): string => `md5(concat_ws('|', $1::text, $2::text, ${parts}))::uuid::text`;

/** Of `b` (the bill) and `o` (ours): b alone, o alone, or both with different amounts. */
const leftoverColumns = (kind: string): string => `
  ${differenceId(`'${kind}', case when o.key is null then 'theirs' when b.key is null then 'ours' else 'both' end,
    coalesce(b.key, o.key), coalesce(b.refund_no, o.refund_no, ''), coalesce(b.transaction_id, '')`)} as id,
  $1::text as channel, $2::text as day, 'gateway' as comparison,
  case when o.key is null then 'theirs' when b.key is null then 'ours' else 'both' end as side,
  '${kind}' as kind,
  case when o.key is null then 'long' when b.key is null then 'short' else 'amount' end as class,
  case when o.key is not null and b.key is not null then 'open' else 'waiting' end as state,
  case when o.key is null then 'unknownNumber' when b.key is null then 'notInBill' else 'otherAmount' end as reason,
  case when o.key is not null and b.key is not null then 'staff' else 'wait' end as handling,
  o.key is not null and b.key is not null as blocks_refund,
  coalesce(b.key, o.key) as out_trade_no, coalesce(b.refund_no, o.refund_no) as refund_no, b.transaction_id,
  b.amount_fen as theirs_fen, o.amount_fen as ours_fen, coalesce(b.at, o.at) as at,
  $3::integer as seen_run, $4::bigint as found_at`;

/** Late successes (credits of `returns:`) and their refunds through the gateway (debits), by the books' time. */
export const lateMoves = (sign: "<" | ">"): string => `
  select a.out_trade_no as key, a.state->'lateSuccess'->>'refundNo' as refund_no, abs(p.amount) as amount_fen, p.at
  from posting p join event e on e.event_id = p.event_id join attempt a on a.id = e.event->>'attemptId'
  where p.account = 'returns:' || $1 and p.commodity = 'fen' and p.at >= $6 and p.at < $7 and p.amount ${sign} 0
    and exists (select 1 from posting g where g.event_id = p.event_id and g.account = 'gateway:' || $1)`;

const ourPayments = `
  select a.out_trade_no as key, null::text as refund_no, a.amount_fen, a.paid_at as at from attempt a
  where a.channel = $1 and a.paid_at >= $6 and a.paid_at < $7
  union all
  select key, null, amount_fen, at from (${lateMoves("<")}) late`;
export const ourRefunds = `
  select a.out_trade_no as key, p.refund_no, p.refund_fen as amount_fen, p.refunded_at as at
  from purchase p join attempt a on a.id = p.paid_attempt_id
  where p.refunded_at >= $6 and p.refunded_at < $7 and a.channel = $1 and p.refund_fen > 0
    and p.state->'refund'->>'paidOut' is null
  union all
  select key, refund_no, amount_fen, at from (${lateMoves(">")}) late`;

const payments = `
select ${leftoverColumns("payment")}
from (select out_trade_no as key, null::text as refund_no, transaction_id, amount_fen, at from bill_line
      where bill = $5 and kind = 'payment') b
full join (${ourPayments}) o on o.key = b.key
where b.amount_fen is distinct from o.amount_fen`;

const refunds = `
select ${leftoverColumns("refund")}
from (select out_trade_no as key, refund_no, transaction_id, amount_fen, at from bill_line
      where bill = $5 and kind = 'refund') b
full join (${ourRefunds}) o on o.key = b.key and o.refund_no = b.refund_no
where b.amount_fen is distinct from o.amount_fen`;

const theirsOnly = (kind: string): string => `
  ${differenceId(`'${kind}', 'theirs', b.out_trade_no, coalesce(b.refund_no, ''), b.transaction_id`)} as id,
  $1::text as channel, $2::text as day, 'gateway' as comparison, 'theirs' as side, '${kind}' as kind, 'long' as class,
  'waiting' as state, 'unknownNumber' as reason, 'wait' as handling, false as blocks_refund, b.out_trade_no,
  b.refund_no, b.transaction_id, b.amount_fen as theirs_fen, null::bigint as ours_fen, b.at,
  $3::integer as seen_run, $4::bigint as found_at`;

/** Orders that a bill names more than once. A bill with more of them than this is none to go on with. */
const doubledMax = 200_000;
/** By what was told of the lines while the bill was read, which may name an order too many and none too few. */
const doubledNumbers = (kind: "payment" | "refund"): string => `
select distinct out_trade_no from bill_line where bill = $1 and kind = '${kind}' and repeated limit $2`;

/** The first line of an order was joined; every further one is too much. $6: their numbers. */
const doubled = (kind: "payment" | "refund", key: string): string => `
select ${theirsOnly(kind)}
from (select l.*, row_number() over (partition by ${key} order by l.at, l.line) as nth
      from bill_line l where l.bill = $5 and l.kind = '${kind}' and l.out_trade_no = any($6::text[])) b
where b.nth > 1`;

const reversals = `
select ${theirsOnly("reversed")}
from bill_line b where b.bill = $5 and b.kind = 'reversed'`;

/** What an earlier run found and this one doesn't: the bill or the books have changed since. */
const gone = `
update reconciliation_difference set state = 'resolved', reason = 'gone', handling = 'none', blocks_refund = false,
  resolved_at = $4
where channel = $1 and day = $2 and comparison = any($5) and seen_run < $3 and state <> 'resolved'`;

/** A further line of another amount was joined as well: it counts as the further line, not as a wrong amount. $4: orders. */
const once = `
update reconciliation_difference d set seen_run = seen_run - 1
where channel = $1 and day = $2 and comparison = 'gateway' and side = 'both' and seen_run = $3
  and out_trade_no = any($4::text[]) and exists (
  select 1 from reconciliation_difference t where t.channel = $1 and t.day = $2 and t.side = 'theirs'
    and t.seen_run = $3 and t.kind = d.kind and t.out_trade_no = d.out_trade_no
    and t.transaction_id = d.transaction_id)`;

/**
 * @param lines of the bill by kind: what it has none of is not looked for in it.
 * @param most orders that may stand in the bill more than once. @throws for more of them.
 */
export async function compareGateway(
  client: PoolClient,
  scope: CompareScope,
  lines: { refunds: number; reversals: number },
  most = doubledMax,
): Promise<void> {
  const { channel, from, to, billNumber, day, run, now } = scope;
  const values = [channel, day, run, now, billNumber];
  await enterFound(client, payments, [...values, from, to]);
  await enterFound(client, refunds, [...values, from, to]);
  if (billNumber === null) return;
  await furtherLines(client, "payment", "out_trade_no", values, most);
  if (lines.refunds > 0) await furtherLines(client, "refund", "out_trade_no, refund_no", values, most);
  if (lines.reversals > 0) await enterFound(client, reversals, values);
}

/** In two steps, so that no plan can lead from every number to every line. */
async function furtherLines(
  client: PoolClient,
  kind: "payment" | "refund",
  key: string,
  values: readonly unknown[],
  most: number,
): Promise<void> {
  const { rows } = await client.query<{ out_trade_no: string }>(long(doubledNumbers(kind), [values[4], most + 1]));
  if (rows.length > most) throw new Error(`more than ${most} orders stand in the bill twice`);
  if (rows.length === 0) return;
  const numbers = rows.map(({ out_trade_no }) => out_trade_no);
  await enterFound(client, doubled(kind, key), [...values, numbers]);
  await client.query(long(once, [values[0], values[1], values[2], numbers]));
}

export async function resolveGone(
  client: PoolClient,
  scope: CompareScope,
  comparisons: readonly string[],
): Promise<void> {
  await client.query(gone, [scope.channel, scope.day, scope.run, scope.now, comparisons]);
}
