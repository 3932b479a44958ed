/**
 * Whether gateways, books, logs, cards and meters agree. Each disagreement is a sentence, so that tests and the chaos
 * run can tell it alike; none is an empty list. The world must be settled: money on its way is on neither side.
 */
import { isDeepStrictEqual } from "node:util";
import { foldPurchase, type Instant, type LoggedEvent, type Purchase } from "@citygas/core";
import type { World } from "./world.ts";

/** What can be asked: the books by SQL, the table and the gateways by the sandbox. */
export type Asked = Pick<World, "query" | "sandbox" | "finishMs">;

export const gateways = ["wechat", "alipay"] as const;

/** States that end by themselves, and how they are told apart from those that wait for a customer or a person. */
const restless = `
  select p.number, p.status, coalesce(string_agg(a.status, ' '), '') as attempts
  from purchase p left join attempt a on a.purchase_id = p.id
  where p.status in ('paying', 'closing', 'issued', 'refunding')
     or a.status in ('created', 'submitted', 'pending', 'reversing')
     or a.state->'lateSuccess'->>'refunded' = 'false'
  group by p.number, p.status`;

/** The purchases that go on by themselves. */
export const underWay = (world: Pick<Asked, "query">): Promise<{ number: string }[]> => world.query(restless);

/** Everything but cards and meters, whose accounts only the test knows. */
export const disagreements = async (world: Asked): Promise<string[]> => [
  ...(await unbalanced(world)),
  ...(await unfolding(world)),
  ...(await paidWrongly(world)),
];

/** I7, and what the gateways took and did not give back is what the books say stands there, or was their fee. */
export async function unbalanced(world: Pick<Asked, "query" | "sandbox">): Promise<string[]> {
  const found: string[] = [];
  const sums = await world.query<{ commodity: string; sum: string }>(
    "select commodity, sum(amount)::text as sum from posting group by commodity having sum(amount) <> 0",
  );
  for (const { commodity, sum } of sums) found.push(`the postings in ${commodity} sum to ${sum}, not to 0`);
  for (const gateway of gateways) {
    const [row] = await world.query<{ sum: string | null }>(
      "select sum(amount)::text as sum from posting where account in ($1, $2)",
      [`gateway:${gateway}`, `fee:${gateway}`],
    );
    const [booked, { netFen }] = [Number(row?.sum ?? 0), await world.sandbox.ledger(gateway)];
    if (booked !== netFen) found.push(`${gateway} has ${netFen} fen, the books say ${booked} fen`);
  }
  return found;
}

/** I8, of every purchase there is. */
async function unfolding(world: Pick<Asked, "query" | "finishMs">): Promise<string[]> {
  const purchases = await world.query<{ id: string; number: string; state: Purchase }>(
    "select id, number, state from purchase",
  );
  const attempts = await world.query<{ id: string; purchase_id: string; state: object }>(
    "select id, purchase_id, state from attempt",
  );
  const events = await world.query<{ subject_id: string; at: string; event: LoggedEvent }>(
    "select subject_id, at, event from event where subject_kind = 'purchase' order by subject_id, seq",
  );
  const logs = new Map<string, { at: Instant; event: LoggedEvent }[]>();
  for (const { subject_id: id, at, event } of events)
    logs.set(id, [...(logs.get(id) ?? []), { at: Number(at), event }]);
  return purchases.flatMap(({ id, number, state }) => {
    const folded = foldPurchase(logs.get(id) ?? [], { finishMs: world.finishMs });
    const rows = attempts.filter((attempt) => attempt.purchase_id === id).map((row) => [row.id, row.state]);
    return [
      ...differing(`the log of purchase ${number}`, folded.purchase, state),
      ...differing(
        `the log of the attempts of ${number}`,
        Object.fromEntries(folded.attempts),
        Object.fromEntries(rows),
      ),
    ];
  });
}

/** As a row stores it, so without what is undefined. */
function differing(what: string, folded: unknown, stored: unknown): string[] {
  const text = JSON.stringify(folded);
  return isDeepStrictEqual(JSON.parse(text), stored)
    ? []
    : [`${what} folds to ${text}, but the row is ${JSON.stringify(stored)}`];
}

const keepsMoney = new Set(["paid", "issued", "unknown", "manual", "delivered"]);

/** I11, and never a second charge: what the gateways took for a purchase is its price once, or nothing. */
async function paidWrongly(world: Pick<Asked, "query" | "sandbox">): Promise<string[]> {
  const found: string[] = [];
  const ledgers = await Promise.all(gateways.map((gateway) => world.sandbox.ledger(gateway)));
  for (const { outTradeNo, count } of ledgers.flatMap(({ payCalls }) => payCalls))
    if (count !== 1) found.push(`order ${outTradeNo} was asked to pay ${count} times`);
  const orders = await world.query<{ orderNo: string; id: string; number: string; status: string; payableFen: number }>(
    `select a.out_trade_no as "orderNo", p.id, p.number, p.status,
       (p.state->'breakdown'->>'payableFen')::int as "payableFen"
     from attempt a join purchase p on p.id = a.purchase_id`,
  );
  const net = new Map(orders.map(({ id }) => [id, 0]));
  const owner = new Map(orders.map(({ orderNo, id }) => [orderNo, id]));
  for (const { outTradeNo, kind, amountFen } of ledgers.flatMap(({ rows }) => rows)) {
    const id = owner.get(outTradeNo);
    if (id === undefined) found.push(`the gateway has an order nobody made: ${outTradeNo}`);
    else net.set(id, (net.get(id) ?? 0) + (kind === "charge" ? amountFen : -amountFen));
  }
  for (const [id, { number, status, payableFen }] of new Map(orders.map((order) => [order.id, order]))) {
    const [has, should] = [net.get(id) ?? 0, keepsMoney.has(status) ? payableFen : 0];
    if (has !== should)
      found.push(`purchase ${number} is ${status}: the gateways should have ${should} fen, have ${has}`);
  }
  return found;
}
