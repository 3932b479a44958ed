/**
 * What must hold whatever was killed: the books balance and agree with the gateways, each purchase's log folds to its
 * row, no purchase was paid twice, no order was asked for twice, and what was delivered is on cards and meters, once.
 */
import { foldPurchase, type Instant, type LoggedEvent, type Purchase } from "@citygas/core";
import { expect } from "vitest";
import { booksBalance, cardOf, meterOf } from "./books.ts";
import { until, type World } from "./world.ts";

/** States that end by themselves, and how they are told apart from those that wait for a customer or a person. */
const restless = `
  select p.number, p.status, coalesce(string_agg(a.status, ' '), '') as attempts
  from purchase p left join attempt a on a.purchase_id = p.id
  where p.status in ('paying', 'closing', 'issued', 'refunding')
     or a.status in ('created', 'submitted', 'pending', 'reversing')
     or a.state->'lateSuccess'->>'refunded' = 'false'
  group by p.number, p.status`;

/** Waits until nothing is under way any more that goes on by itself. */
export async function settled(world: World, withinMs = 90_000): Promise<void> {
  let open: { number: string }[] = [];
  await until(
    async () => {
      open = await world.query(restless);
      return open.length === 0;
    },
    withinMs,
    () => `not settled: ${JSON.stringify(open)}`,
  );
}

/** The status of an account's newest purchase, and of its newest attempt. */
export async function newest(
  world: World,
  accountNumber: string,
): Promise<{ number: string; status: string; attempt: string | null; payableFen: number }> {
  const [row] = await world.query<{ number: string; status: string; attempt: string | null; payableFen: number }>(
    `select p.number, p.status, (p.state->'breakdown'->>'payableFen')::int as "payableFen",
       (select a.status from attempt a where a.purchase_id = p.id order by a.state->>'createdAt' desc limit 1) as attempt
     from purchase p join account_registration r on r.id = p.account_id
     where r.number = $1 order by p.quoted_at desc, p.id desc limit 1`,
    [accountNumber],
  );
  if (row === undefined) throw new Error(`${accountNumber} has no purchase`);
  return row;
}

/** Waits until the newest purchase, or its newest attempt, is in this state. */
export async function reaches(world: World, accountNumber: string, state: string, withinMs = 60_000): Promise<void> {
  let last: unknown = null;
  await until(
    async () => {
      const row = await newest(world, accountNumber);
      last = row;
      return row.status === state || row.attempt === state;
    },
    withinMs,
    () => `${accountNumber} did not reach ${state}: ${JSON.stringify(last)}`,
  );
}

interface Stand {
  /** Purchases written on the card, and the last one the meter took. */
  count: number;
  /** Credited by the meter, and still on the card: litres or fen. */
  value: number;
}
export interface Oracle {
  /** Everything that must hold now; the world must be settled. */
  holds(): Promise<void>;
  /** Purchases of the account delivered since the oracle began to look. */
  delivered(accountNumber: string): Promise<number>;
}

/** Looks at these accounts' cards and meters now, so as to say later whether they have what was paid for. */
export async function oracleOf(world: World, accountNumbers: readonly string[]): Promise<Oracle> {
  const began = new Map<string, Stand>();
  const boughtBefore = new Map<string, Bought>();
  for (const number of accountNumbers) {
    began.set(number, await standOf(world, number));
    boughtBefore.set(number, await boughtBy(world, number));
  }
  const since = async (number: string): Promise<Bought> => {
    const [now, before] = [await boughtBy(world, number), boughtBefore.get(number)];
    return { times: now.times - (before?.times ?? 0), value: now.value - (before?.value ?? 0) };
  };
  return {
    delivered: async (number) => (await since(number)).times,
    holds: async () => {
      await booksBalance(world);
      await logsFold(world);
      await paidOnce(world);
      for (const number of accountNumbers) {
        const before = began.get(number) ?? { count: 0, value: 0 };
        const { times, value } = await since(number);
        expect(await standOf(world, number), number).toEqual({
          count: before.count + times,
          value: before.value + value,
        });
      }
    },
  };
}

interface CardContent {
  content: { purchase: { count: number } | null; onCard: number | null } | null;
}

async function standOf(world: World, accountNumber: string): Promise<Stand> {
  const card = await world.sandbox.call<CardContent>("GET", `/cards/${await cardOf(world, accountNumber)}`);
  const meter = await world.sandbox.meter(await meterOf(world, accountNumber));
  const { content } = card;
  if (content?.purchase == null || content.onCard === null) throw new Error(`the card of ${accountNumber} is torn`);
  return { count: content.purchase.count, value: meter.totalCredited + content.onCard };
}

interface Bought {
  times: number;
  value: number;
}

async function boughtBy(world: World, accountNumber: string): Promise<Bought> {
  const [row] = await world.query<{ times: number; value: number }>(
    `select count(*)::int as times, coalesce(sum(coalesce(
       (p.state->'breakdown'->'delivers'->>'volumeL')::int,
       (p.state->'breakdown'->'delivers'->>'meterCreditFen')::int)), 0)::int as value
     from purchase p join account_registration r on r.id = p.account_id
     where r.number = $1 and p.status = 'delivered'`,
    [accountNumber],
  );
  return row ?? { times: 0, value: 0 };
}

/** I8, of every purchase there is. */
async function logsFold(world: World): Promise<void> {
  const purchases = await world.query<{ id: string; state: Purchase }>("select id, state from purchase");
  const attempts = await world.query<{ id: string; purchase_id: string; state: object }>(
    "select id, purchase_id, state from attempt",
  );
  const events = await world.query<{ subject_id: string; at: string; event: LoggedEvent }>(
    "select subject_id, at, event from event where subject_kind = 'purchase' order by subject_id, seq",
  );
  const logs = new Map<string, { at: Instant; event: LoggedEvent }[]>();
  for (const { subject_id: id, at, event } of events)
    logs.set(id, [...(logs.get(id) ?? []), { at: Number(at), event }]);
  for (const { id, state } of purchases) {
    const folded = foldPurchase(logs.get(id) ?? [], { finishMs: world.finishMs });
    expect(folded.purchase).toEqual(state);
    const rows = attempts.filter((attempt) => attempt.purchase_id === id);
    expect(Object.fromEntries(folded.attempts)).toEqual(Object.fromEntries(rows.map((row) => [row.id, row.state])));
  }
}

const keepsMoney = new Set(["paid", "issued", "unknown", "manual", "delivered"]);

/** I11, and never a second charge: what the gateways took for a purchase is its price once, or nothing. */
async function paidOnce(world: World): Promise<void> {
  const ledgers = await Promise.all([world.sandbox.ledger("wechat"), world.sandbox.ledger("alipay")]);
  for (const { payCalls } of ledgers) expect(payCalls.filter(({ count }) => count !== 1)).toEqual([]);
  const orders = await world.query<{ orderNo: string; id: string; number: string; status: string; payableFen: number }>(
    `select a.out_trade_no as "orderNo", p.id, p.number, p.status,
       (p.state->'breakdown'->>'payableFen')::int as "payableFen"
     from attempt a join purchase p on p.id = a.purchase_id`,
  );
  const net = new Map(orders.map(({ id }) => [id, 0]));
  const owner = new Map(orders.map(({ orderNo, id }) => [orderNo, id]));
  for (const row of ledgers.flatMap(({ rows }) => rows)) {
    const id = owner.get(row.outTradeNo);
    if (id === undefined) throw new Error(`the gateway has an order nobody made: ${row.outTradeNo}`);
    net.set(id, (net.get(id) ?? 0) + (row.kind === "charge" ? row.amountFen : -row.amountFen));
  }
  for (const { id, number, status, payableFen } of orders)
    expect(`${number} ${status} ${net.get(id)}`).toBe(`${number} ${status} ${keepsMoney.has(status) ? payableFen : 0}`);
}

/** How often the gateways took money for an account's purchases, whatever was given back later. */
export async function chargesOf(world: World, accountNumber: string): Promise<number> {
  const orders = await world.query<{ orderNo: string }>(
    `select a.out_trade_no as "orderNo" from attempt a join purchase p on p.id = a.purchase_id
     join account_registration r on r.id = p.account_id where r.number = $1`,
    [accountNumber],
  );
  const ledgers = await Promise.all([world.sandbox.ledger("wechat"), world.sandbox.ledger("alipay")]);
  const charged = ledgers.flatMap(({ rows }) => rows).filter(({ kind }) => kind === "charge");
  return charged.filter(({ outTradeNo }) => orders.some(({ orderNo }) => orderNo === outTradeNo)).length;
}
