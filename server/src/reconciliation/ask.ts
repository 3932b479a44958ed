/** The automatic handling: attempts that look at their gateway once more, and questions for the people who decide. */
import type { Id } from "@citygas/core";
import type { CodePayChannel } from "@citygas/gateways";
import type { ReconciliationContext } from "./context.ts";
import type { DayRow } from "./days.ts";
import type { DifferenceRow } from "./differenceRows.ts";
import { asksMax } from "./judgeDifferences.ts";

/**
 * Asks for the late check of each attempt that ended here and was paid there: the attempt's own machine asks the gateway
 * and, told that it was paid, takes the money into the books and gives it back (late success). One statement, so that
 * none is marked as asked without its task.
 */
const attemptsSql = `
with asked as (
  update reconciliation_difference set asked = asked + 1, asked_at = $3
  where channel = $1 and day = $2 and state = 'open' and handling = 'askAttempt' and asked = 0
    and attempt_id is not null
  returning attempt_id)
insert into task (kind, ref, due_at, attempt, lease, lease_until)
select distinct 'attemptLateCheck', attempt_id, $3::bigint, 0, null::text, null::bigint from asked
on conflict (kind, ref) do nothing`;

export async function askAttempts(
  rc: ReconciliationContext,
  { channel, day }: Pick<DayRow, "channel" | "day">,
): Promise<void> {
  await rc.db.query(attemptsSql, [channel, day, rc.now()]);
}

/** Questions of one round: the rest comes in the next. */
const questionsMax = 50;

/** Asks the gateway about payments and refunds that are not in its bill. Its answer moves nothing: people see it. */
export async function askGateway(
  rc: ReconciliationContext,
  { channel, day }: Pick<DayRow, "channel" | "day">,
): Promise<void> {
  const gateway = rc.channels.get(channel);
  if (gateway === undefined) return;
  const { rows } = await rc.db.query<DifferenceRow>(
    `select * from reconciliation_difference
     where channel = $1 and day = $2 and state = 'open' and handling = 'askGateway' and asked < $3
     order by id limit $4`,
    [channel, day, asksMax, questionsMax],
  );
  for (const row of rows) {
    const answer = await questionOf(gateway, row);
    // Not known: asked again in the next round, a bounded number of times.
    const kept = answer === null || answer.kind === "unknown" ? null : JSON.stringify(answer);
    await rc.db.query(
      `update reconciliation_difference set asked = asked + 1, asked_at = $2, answer = $3,
         handling = case when $3::jsonb is not null or asked + 1 >= $4 then 'staff' else handling end
       where id = $1`,
      [row.id, rc.now(), kept, asksMax],
    );
  }
}

async function questionOf(gateway: CodePayChannel, row: DifferenceRow): Promise<{ kind: string } | null> {
  if (row.out_trade_no === null) return null;
  if (row.kind === "payment")
    return await gateway.query({ outTradeNo: row.out_trade_no, amountFen: row.ours_fen ?? 0 });
  if (row.refund_no === null) return null;
  return await gateway.queryRefund({ outTradeNo: row.out_trade_no, refundNo: row.refund_no });
}

/** May money of this order go back? Not while its amount differs from the gateway's and nobody has decided. */
export async function refundIsHeld(db: ReconciliationContext["db"], outTradeNo: string): Promise<boolean> {
  const { rows } = await db.query<{ id: Id }>(
    `select id from reconciliation_difference
     where out_trade_no = $1 and blocks_refund and state <> 'resolved' limit 1`,
    [outTradeNo],
  );
  return rows.length > 0;
}
