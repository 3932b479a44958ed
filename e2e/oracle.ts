/**
 * What must hold whatever was killed: the books balance and agree with the gateways, each purchase's log folds to its
 * row, no purchase was paid twice, no order was asked for twice, and what was delivered is on cards and meters, once.
 */
import { type Asked, disagreements, underWay } from "./agreement.ts";
import { cardOf, meterOf } from "./books.ts";
import { until, type World } from "./world.ts";

/** Waits until nothing is under way any more that goes on by itself. */
export async function settled(world: Pick<World, "query">, withinMs = 90_000): Promise<void> {
  let open: { number: string }[] = [];
  await until(
    async () => {
      open = await underWay(world);
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

/** Waits until WeChat Pay has been asked for one more of the account's orders: `submitted` is written down before that. */
export async function isAsked(world: World, accountNumber: string): Promise<void> {
  await reaches(world, accountNumber, "submitted");
  await until(
    async () => {
      const [order] = await world.query<{ orderNo: string }>(
        `select a.out_trade_no as "orderNo" from attempt a join purchase p on p.id = a.purchase_id
         join account_registration r on r.id = p.account_id where r.number = $1
         order by a.state->>'createdAt' desc limit 1`,
        [accountNumber],
      );
      const { payCalls } = await world.sandbox.ledger("wechat");
      return payCalls.some(({ outTradeNo }) => outTradeNo === order?.orderNo);
    },
    30_000,
    () => `the gateway was never asked for the order of ${accountNumber}`,
  );
}

export interface Stand {
  /** Purchases written on the card, and the last one the meter took. */
  count: number;
  /** Credited by the meter, and still on the card: litres or fen. */
  value: number;
}
export interface Got {
  /** null: the card is torn, and says nothing of what is on it. */
  onCardAndMeter: Stand | null;
  delivered: Stand;
  /** Those that wait for people; each is on card or meter, or on neither. */
  waiting: Stand;
}
export interface Oracle {
  /** Throws when something doesn't hold that must; the world must be settled. */
  holds(): Promise<void>;
  /** The same as sentences, one for each thing that doesn't hold, but for what is only not finished. */
  disagreements(): Promise<string[]>;
  /** Torn cards whose purchase still waits for a reader: neither side is known before one has finished it. */
  unfinished(): Promise<string[]>;
  /** What card and meter together got since the oracle began to look, and what the books say was delivered since. */
  got(accountNumber: string): Promise<Got>;
  /** Purchases of the account delivered since the oracle began to look. */
  delivered(accountNumber: string): Promise<number>;
}

/**
 * Looks at these accounts' cards and meters now, so as to say later whether they have what was paid for.
 *
 * @param peopleFinish those of them whose broken writes only people may finish (class C).
 */
export async function oracleOf(
  world: Asked,
  accountNumbers: readonly string[],
  peopleFinish: readonly string[] = [],
): Promise<Oracle> {
  const began = new Map<string, { stand: Stand; bought: Stand }>();
  for (const number of accountNumbers) {
    const stand = await standOf(world, number);
    if (stand === null) throw new Error(`the card of ${number} is torn from the beginning`);
    began.set(number, { stand, bought: await boughtBy(world, number, "delivered") });
  }
  const nothing: Stand = { count: 0, value: 0 };
  const boughtSince = async (number: string): Promise<Stand> =>
    minus(await boughtBy(world, number, "delivered"), began.get(number)?.bought ?? nothing);
  const got = async (number: string): Promise<Got> => {
    const waiting = peopleFinish.includes(number) ? await boughtBy(world, number, "manual") : nothing;
    const stand = await standOf(world, number);
    const onCardAndMeter = stand && minus(stand, began.get(number)?.stand ?? nothing);
    return { onCardAndMeter, delivered: await boughtSince(number), waiting };
  };
  const disagreeing = async (): Promise<string[]> => {
    const found = await disagreements(world);
    for (const number of accountNumbers) {
      const { onCardAndMeter: has, delivered, waiting } = await got(number);
      if (has === null) {
        if (waiting.count === 0 && (await openOf(world, number)) === undefined)
          found.push(`the card of ${number} is torn, and no purchase of it is open`);
        continue;
      }
      const allowed = [delivered, minus(delivered, minus(nothing, waiting))];
      if (!allowed.some(({ count, value }) => has.count === count && has.value === value))
        found.push(
          `card and meter of ${number} got ${has.value} in ${has.count} purchases, the books say ${delivered.value} in ${delivered.count}`,
        );
    }
    return found;
  };
  const unfinished = async (): Promise<string[]> => {
    const found: string[] = [];
    for (const number of accountNumbers) {
      const open = await openOf(world, number);
      if (open !== undefined && (await standOf(world, number)) === null)
        found.push(`the card of ${number} is torn, its purchase ${open.number} is ${open.status}`);
    }
    return found;
  };
  return {
    delivered: async (number) => (await boughtSince(number)).count,
    got,
    disagreements: disagreeing,
    unfinished,
    holds: async () => {
      const found = [...(await disagreeing()), ...(await unfinished())];
      if (found.length > 0) throw new Error(found.join("\n"));
    },
  };
}

const minus = (a: Stand, b: Stand): Stand => ({ count: a.count - b.count, value: a.value - b.value });

interface CardContent {
  content: { purchase: { count: number } | null; onCard: number | null } | null;
}

const contentOf = async (world: Asked, accountNumber: string): Promise<CardContent["content"]> =>
  (await world.sandbox.call<CardContent>("GET", `/cards/${await cardOf(world, accountNumber)}`)).content;

/** null: the card is torn. */
async function standOf(world: Asked, accountNumber: string): Promise<Stand | null> {
  const content = await contentOf(world, accountNumber);
  if (content?.purchase == null || content.onCard === null) return null;
  const meter = await world.sandbox.meter(await meterOf(world, accountNumber));
  return { count: content.purchase.count, value: meter.totalCredited + content.onCard };
}

/** The account's purchase that a reader goes on with, where there is one. */
async function openOf(world: Asked, accountNumber: string): Promise<{ number: string; status: string } | undefined> {
  const [open] = await world.query<{ number: string; status: string }>(
    `select p.number, p.status from purchase p join account_registration r on r.id = p.account_id
     where r.number = $1 and p.status in ('issued', 'unknown')`,
    [accountNumber],
  );
  return open;
}

async function boughtBy(world: Asked, accountNumber: string, status: "delivered" | "manual"): Promise<Stand> {
  const [row] = await world.query<Stand>(
    `select count(*)::int as count, coalesce(sum(coalesce(
       (p.state->'breakdown'->'delivers'->>'volumeL')::int,
       (p.state->'breakdown'->'delivers'->>'meterCreditFen')::int)), 0)::int as value
     from purchase p join account_registration r on r.id = p.account_id
     where r.number = $1 and p.status = $2`,
    [accountNumber, status],
  );
  return row ?? { count: 0, value: 0 };
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
