/** Asks gateways and database for their sides of the money (money.ts), at one moment. */
import { isDeepStrictEqual } from "node:util";
import { type Books, type GatewayLedger, gateways, type Sides } from "./money.ts";

/** Where both can be asked. */
export interface AskedForMoney {
  query<Row extends Record<string, unknown>>(sql: string): Promise<Row[]>;
  sandbox: { ledger(gateway: GatewayLedger["gateway"]): Promise<Pick<GatewayLedger, "rows" | "payCalls">> };
}

const snapshot = `
  select
    (select coalesce(json_agg(json_build_object(
        'id', id, 'number', number, 'status', status,
        'payableFen', (state->'breakdown'->>'payableFen')::int,
        'offsetFen', (state->'breakdown'->>'balanceOffsetFen')::int,
        'delivers', coalesce((state->'breakdown'->'delivers'->>'volumeL')::int,
          (state->'breakdown'->'delivers'->>'meterCreditFen')::int),
        'paidOut', state->'refund'->'paidOut'->>'way')), '[]') from purchase) as purchases,
    (select coalesce(json_agg(json_build_object(
        'purchaseId', purchase_id, 'orderNo', out_trade_no, 'status', status,
        'amountFen', (state->>'amountFen')::int,
        'byHand', channel in ('cash', 'pos'),
        'late', case when state->'lateSuccess'->>'refunded' is null then null else json_build_object(
          'refunded', (state->'lateSuccess'->>'refunded')::boolean,
          'paidOut', state->'lateSuccess'->'paidOut'->>'way') end)), '[]') from attempt) as attempts,
    (select coalesce(json_agg(json_build_object(
        'purchaseId', purchase_id, 'account', account, 'commodity', commodity, 'amount', amount,
        'beside', beside, 'bySwap', by_swap)), '[]') from (
      select case when e.subject_kind = 'purchase' then e.subject_id end as purchase_id, p.account, p.commodity,
        g.account as beside, coalesce(e.event->'event'->>'type' = 'meterReplaced', false) as by_swap, sum(p.amount)::int as amount
      from posting p left join event e on e.event_id = p.event_id
      left join (select event_id, min(account) as account from posting where account like 'gateway:%' group by event_id) g
        on g.event_id = p.event_id
      group by 1, 2, 3, 4, 5) s) as sums,
    (select coalesce(sum((state->>'balanceFen')::int + (state->>'heldFen')::int), 0)::int from account) as "balancesFen"`;

const looksMax = 20;

/**
 * Both sides at one moment: the books between two looks at ledgers that did not move.
 *
 * @throws when the gateways took or gave money at each of twenty looks
 */
export async function sidesOf({ query, sandbox }: AskedForMoney): Promise<Sides> {
  const look = (): Promise<GatewayLedger[]> =>
    Promise.all(
      gateways.map(async (gateway) => {
        const { rows, payCalls } = await sandbox.ledger(gateway);
        return { gateway, rows, payCalls };
      }),
    );
  let before = await look();
  for (let n = 0; n < looksMax; n++) {
    const [books] = await query<Books & Record<string, unknown>>(snapshot);
    const ledgers = await look();
    if (books !== undefined && isDeepStrictEqual(before, ledgers)) return { ledgers, books };
    before = ledgers;
  }
  throw new Error("the gateways' ledgers never stood still");
}
