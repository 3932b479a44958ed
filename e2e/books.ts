/** Looks into the books and onto the table: which card and meter belong to an account, and whether all of it agrees. */
import { moneyDisagreements } from "./money.ts";
import { sidesOf } from "./sides.ts";
import type { World } from "./world.ts";

interface CardOnTable {
  id: string;
  accountNumber: string | null;
}
interface MeterOnTable {
  id: string;
  serial?: string;
}

/** The tray's first card of an account. */
export async function cardOf(world: Pick<World, "sandbox">, accountNumber: string): Promise<string> {
  const { cards } = await world.sandbox.call<{ cards: CardOnTable[] }>("GET", "/cards");
  const card = cards.find((c) => c.accountNumber === accountNumber);
  if (card === undefined) throw new Error(`no card of ${accountNumber} on the table`);
  return card.id;
}

export async function meterOf(world: Pick<World, "query" | "sandbox">, accountNumber: string): Promise<string> {
  const [row] = await world.query<{ serial: string }>(
    "select m.serial from meter_registration m join account_registration a on a.id = m.account_id where a.number = $1",
    [accountNumber],
  );
  const { meters } = await world.sandbox.call<{ meters: MeterOnTable[] }>("GET", "/meters");
  const meter = meters.find((m) => m.id === row?.serial || m.serial === row?.serial);
  if (meter === undefined) throw new Error(`no meter of ${accountNumber} on the table`);
  return meter.id;
}

/** Throws when the books don't balance, or say something else than the gateways. */
export async function booksBalance(world: Pick<World, "query" | "sandbox">): Promise<void> {
  const found = moneyDisagreements(await sidesOf(world));
  if (found.length > 0) throw new Error(found.join("\n"));
}

export interface PurchaseSeen {
  number: string;
  status: string;
  payableFen: number;
  attempts: string[];
}

/** The purchases of an account, oldest first, each with the states of its payment attempts. */
export async function purchasesOf(world: World, accountNumber: string): Promise<PurchaseSeen[]> {
  return world.query<PurchaseSeen>(
    `select p.number, p.status, (p.state->'breakdown'->>'payableFen')::int as "payableFen",
            array(select t.status from attempt t where t.purchase_id = p.id order by t.id) as attempts
       from purchase p join account_registration a on a.id = p.account_id
      where a.number = $1 order by p.quoted_at, p.id`,
    [accountNumber],
  );
}

/** The newest purchase of an account. */
export async function lastPurchase(world: World, accountNumber: string): Promise<PurchaseSeen> {
  const last = (await purchasesOf(world, accountNumber)).at(-1);
  if (last === undefined) throw new Error(`no purchase of ${accountNumber}`);
  return last;
}
