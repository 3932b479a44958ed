/**
 * Looks at what the comparison left over, page by page: pairs halves that came on different days, judges each by the
 * rules of core, and writes down what changed. May be run again at any time; what people have is left alone.
 */
import {
  type AttemptState,
  addDays,
  cutOffDays,
  type Day,
  dayAtStart,
  dayOf,
  type Id,
  type Instant,
  type JudgeContext,
  type Judgement,
  judge,
  judgeDelivery,
  type OrderFacts,
  type PurchaseState,
  payoutDaysMax,
  windowOver,
} from "@citygas/core";
import type { Pool } from "pg";
import { deliveryFacts } from "./compareDelivery.ts";
import type { ReconciliationContext } from "./context.ts";
import { comparedTimes, type DayRow } from "./days.ts";
import { addNotes, type DifferenceRow } from "./differenceRows.ts";

const pageRows = 500;
/** The attempt's own late check has had its time; then a person looks. */
const askedForMs = 3_600_000;
export const asksMax = 3;

/** @returns how many still wait for something. */
export async function judgeDay(
  rc: ReconciliationContext,
  { channel, day }: Pick<DayRow, "channel" | "day">,
): Promise<number> {
  await pair(rc, channel);
  let after = "";
  for (;;) {
    const { rows } = await rc.db.query<DifferenceRow>(
      `select * from reconciliation_difference
       where channel = $1 and day = $2 and state in ('waiting', 'open') and side <> 'both' and id > $3
       order by id limit $4`,
      [channel, day, after, pageRows],
    );
    const last = rows.at(-1);
    if (last === undefined) break;
    after = last.id;
    await judgePage(rc, rows, day);
  }
  const { rows } = await rc.db.query<{ count: number }>(
    `select count(*)::integer as count from reconciliation_difference
     where channel = $1 and day = $2 and state in ('waiting', 'open') and handling in ('wait', 'askAttempt', 'askGateway')`,
    [channel, day],
  );
  return rows[0]?.count ?? 0;
}

const pairSql = `
with pairs as (
  select o.id as ours, t.id as theirs from reconciliation_difference o join reconciliation_difference t
    on t.channel = o.channel and t.out_trade_no = o.out_trade_no and t.kind = o.kind
    and coalesce(t.refund_no, '') = coalesce(o.refund_no, '')
  where o.channel = $1 and o.comparison = 'gateway' and o.side = 'ours' and o.state <> 'resolved'
    and t.comparison = 'gateway' and t.side = 'theirs' and t.theirs_fen = o.ours_fen
    and (t.state <> 'resolved' or t.reason = 'lateSuccess'))
update reconciliation_difference d set state = 'resolved', reason = case when d.reason = 'lateSuccess' then d.reason else 'cutOff' end,
  handling = 'none', blocks_refund = false, resolved_at = $2
from pairs where d.id in (pairs.ours, pairs.theirs) and d.state <> 'resolved' returning d.id`;
/** Other amounts: the line is the difference; our half of it is not a second one. */
const mergeSql = `
update reconciliation_difference o set state = 'resolved', reason = 'otherAmount', handling = 'none', resolved_at = $2
from reconciliation_difference t
where o.channel = $1 and o.comparison = 'gateway' and o.side = 'ours' and o.state <> 'resolved'
  and t.channel = o.channel and t.out_trade_no = o.out_trade_no and t.kind = o.kind
  and coalesce(t.refund_no, '') = coalesce(o.refund_no, '')
  and t.comparison = 'gateway' and t.side = 'theirs' and t.class = 'amount' returning o.id`;

/** The two halves of one order and amount explain each other, whatever days they stand on. */
async function pair(rc: ReconciliationContext, channel: string): Promise<void> {
  const now = rc.now();
  for (const [sql, action] of [
    [pairSql, "cutOff"],
    [mergeSql, "otherAmount"],
  ] as const) {
    const { rows } = await rc.db.query<{ id: Id }>(sql, [channel, now]);
    for (let at = 0; at < rows.length; at += pageRows) {
      const notes = rows
        .slice(at, at + pageRows)
        .map(({ id }) => ({ differenceId: id, at: now, actor: "system", action, doc: {} }));
      await addNotes(rc.db, rc.newId, notes);
    }
  }
}

async function judgePage(rc: ReconciliationContext, rows: readonly DifferenceRow[], day: Day): Promise<void> {
  const now = rc.now();
  const orders = await orderFacts(rc.db, rows);
  const deliveries = await deliveryFacts(
    rc.db,
    rows.flatMap(({ comparison, purchase_id }) =>
      comparison === "delivery" && purchase_id !== null ? [purchase_id] : [],
    ),
  );
  const [first] = rows;
  if (first === undefined) return;
  const context = await judgeContext(rc, first.channel, day, orders, now);
  const changes: Change[] = [];
  for (const row of rows) {
    const order = orders.get(row.id);
    const judged = judgeRow(row, order, deliveries, context, now);
    if (judged !== null) changes.push({ row, judged: settled(row, judged, now), order });
  }
  await save(rc, changes, now);
}

async function judgeContext(
  rc: ReconciliationContext,
  channel: DifferenceRow["channel"],
  day: Day,
  orders: ReadonlyMap<Id, FoundOrder>,
  now: Instant,
): Promise<JudgeContext> {
  const later = addDays(day, cutOffDays);
  const days = new Set([addDays(day, 1), later]);
  for (const { facts } of orders.values()) {
    if (facts.attempt?.paidDay) days.add(facts.attempt.paidDay);
    if (facts.purchase?.refund?.refundedDay) days.add(facts.purchase.refund.refundedDay);
  }
  const times = await comparedTimes(rc.db, channel, [...days]);
  const through = times.has(addDays(day, 1)) && times.has(later) ? later : null;
  return { windowOver: windowOver(day, through, now), comparedAt: (each) => times.get(each) ?? null };
}

function judgeRow(
  row: DifferenceRow,
  order: FoundOrder | undefined,
  deliveries: Awaited<ReturnType<typeof deliveryFacts>>,
  context: JudgeContext,
  now: Instant,
): Judgement | null {
  switch (row.comparison) {
    case "gateway": {
      if (row.kind !== "payment" && row.kind !== "refund" && row.kind !== "reversed") return null;
      if (order === undefined || row.side === "both") return null;
      const amountFen = (row.side === "theirs" ? row.theirs_fen : row.ours_fen) ?? 0;
      return judge({ side: row.side, kind: row.kind, amountFen, refundNo: row.refund_no }, order.facts, context);
    }
    case "delivery": {
      const facts = row.purchase_id === null ? undefined : deliveries.get(row.purchase_id);
      if (facts === undefined) return null;
      const gone: Judgement = { ...done, class: row.class, reason: "deliveredSince" };
      return judgeDelivery(facts, context.windowOver) ?? gone;
    }
    case "payout":
      if (row.kind !== "payout" || row.state !== "waiting") return null;
      if (now < dayAtStart(addDays(row.day, payoutDaysMax + 1))) return null;
      return { class: "short", state: "open", reason: "notAtBank", handling: "staff", blocksRefund: false };
    case "ledger":
      return null;
  }
}
const done = { state: "resolved", handling: "none", blocksRefund: false } as const;

/** What was asked already is not asked again and again: then it is for people. */
function settled(row: DifferenceRow, judged: Judgement, now: Instant): Judgement {
  const asked =
    (judged.handling === "askAttempt" && row.asked > 0 && now >= (row.asked_at ?? now) + askedForMs) ||
    (judged.handling === "askGateway" && (row.answer !== null || row.asked >= asksMax));
  return asked ? { ...judged, handling: "staff" } : judged;
}

interface FoundOrder {
  attemptId: Id | null;
  purchaseId: Id | null;
  facts: OrderFacts;
}

interface OrderRow {
  id: Id;
  attempt_id: Id | null;
  attempt_status: AttemptState;
  amount_fen: number;
  paid_at: Instant | null;
  late: { refundNo: string; refunded: boolean; paidOut: object | null } | null;
  purchase_id: Id | null;
  purchase_status: PurchaseState;
  booked_at: Instant | null;
  paid_attempt_id: Id | null;
  refund_no: string | null;
  refund_fen: number | null;
  refunded_at: Instant | null;
  refund_paid_out: boolean | null;
  ignored: boolean;
  reversal_pair: boolean;
}

const ordersSql = `
select d.id, a.id as attempt_id, a.status as attempt_status, a.amount_fen, a.paid_at, a.state->'lateSuccess' as late,
  p.id as purchase_id, p.status as purchase_status, p.paid_at as booked_at, p.paid_attempt_id,
  p.refund_no, p.refund_fen, p.refunded_at, p.state->'refund'->>'paidOut' is not null as refund_paid_out,
  exists (select 1 from reconciliation_ignore i
    where i.channel = d.channel and left(d.out_trade_no, length(i.prefix)) = i.prefix) as ignored,
  exists (select 1 from reconciliation_difference o
    where o.channel = d.channel and o.out_trade_no = d.out_trade_no and o.side = 'theirs' and o.id <> d.id
      and o.theirs_fen = d.theirs_fen
      and o.kind = case d.kind when 'payment' then 'reversed' when 'reversed' then 'payment' end) as reversal_pair
from reconciliation_difference d
  left join attempt a on a.out_trade_no = d.out_trade_no and a.channel = d.channel
  left join purchase p on p.id = a.purchase_id
where d.id = any($1) and d.comparison = 'gateway'`;

async function orderFacts(db: Pool, rows: readonly DifferenceRow[]): Promise<Map<Id, FoundOrder>> {
  const found = await db.query<OrderRow>(ordersSql, [rows.map(({ id }) => id)]);
  return new Map(found.rows.map((row) => [row.id, orderOf(row)]));
}

const dayOrNull = (at: Instant | null): Day | null => (at === null ? null : dayOf(at));

function orderOf(row: OrderRow): FoundOrder {
  const { late } = row;
  const attempt: OrderFacts["attempt"] =
    row.attempt_id === null
      ? null
      : {
          state: row.attempt_status,
          amountFen: row.amount_fen,
          paidDay: dayOrNull(row.paid_at),
          bookedAt: row.paid_attempt_id === row.attempt_id ? row.booked_at : null,
          late: late && { refundNo: late.refundNo, refunded: late.refunded, paidOut: late.paidOut !== null },
        };
  const purchase: OrderFacts["purchase"] =
    row.purchase_id === null
      ? null
      : {
          state: row.purchase_status,
          paidByOther: row.paid_attempt_id !== null && row.paid_attempt_id !== row.attempt_id,
          refund:
            row.refund_no === null
              ? null
              : {
                  no: row.refund_no,
                  amountFen: row.refund_fen ?? 0,
                  refundedDay: dayOrNull(row.refunded_at),
                  paidOut: row.refund_paid_out === true,
                },
        };
  const facts = { attempt, purchase, ignored: row.ignored, reversalPair: row.reversal_pair };
  return { attemptId: row.attempt_id, purchaseId: row.purchase_id, facts };
}

interface Change {
  row: DifferenceRow;
  judged: Judgement;
  order: FoundOrder | undefined;
}

const saveSql = `
update reconciliation_difference d set class = u.class, state = u.state, reason = u.reason, handling = u.handling,
  blocks_refund = u.blocks_refund, attempt_id = u.attempt_id, purchase_id = u.purchase_id, judged_at = $9::bigint,
  resolved_at = case when u.state = 'resolved' then $9::bigint end
from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::boolean[], $7::text[], $8::text[])
  as u(id, class, state, reason, handling, blocks_refund, attempt_id, purchase_id)
where d.id = u.id and d.state in ('waiting', 'open')`;

async function save(rc: ReconciliationContext, changes: readonly Change[], now: Instant): Promise<void> {
  const changed = changes.filter(
    ({ row, judged }) =>
      row.judged_at === null ||
      row.state !== judged.state ||
      row.reason !== judged.reason ||
      row.class !== judged.class ||
      row.handling !== judged.handling,
  );
  if (changed.length === 0) return;
  await rc.db.query(saveSql, [
    changed.map(({ row }) => row.id),
    changed.map(({ judged }) => judged.class),
    changed.map(({ judged }) => judged.state),
    changed.map(({ judged }) => judged.reason),
    changed.map(({ judged }) => judged.handling),
    changed.map(({ judged }) => judged.blocksRefund),
    changed.map(({ row, order }) => order?.attemptId ?? row.attempt_id),
    changed.map(({ row, order }) => order?.purchaseId ?? row.purchase_id),
    now,
  ]);
  await addNotes(
    rc.db,
    rc.newId,
    changed.map(({ row, judged }) => ({
      differenceId: row.id,
      at: now,
      actor: "system",
      action: judged.reason,
      doc: { class: judged.class, state: judged.state, handling: judged.handling },
    })),
  );
}
