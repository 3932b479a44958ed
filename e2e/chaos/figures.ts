/**
 * The figures that must agree when the world has calmed down, each side asked where it is kept: the gateways' ledgers,
 * the books' rows, cards and meters. What doesn't is told in sentences.
 */
import type { Asked } from "../agreement.ts";
import type { Money } from "../money.ts";
import type { Oracle } from "../oracle.ts";
import type { Told } from "./customer.ts";

/** What came and went in between. */
export function moneySince(began: Money, now: Money): Money {
  return {
    gatewayNetFen: now.gatewayNetFen - began.gatewayNetFen,
    cashFen: now.cashFen - began.cashFen,
    deliveredFen: now.deliveredFen - began.deliveredFen,
    balancesFen: now.balancesFen - began.balancesFen,
    openFen: now.openFen - began.openFen,
    byPeopleFen: now.byPeopleFen - began.byPeopleFen,
  };
}

/** I12: what is not over has somebody who goes on with it, and in time; what is over holds nothing. */
export async function ownerless(city: Pick<Asked, "query">, now: number, graceMs: number): Promise<string[]> {
  const orphans = await city.query<{ number: string; status: string }>(`
    select p.number, p.status from purchase p
    where p.status not in ('delivered', 'refunded', 'void')
      and not exists (select 1 from task t where t.ref = p.id
        or t.ref in (select a.id from attempt a where a.purchase_id = p.id))
      and not exists (select 1 from staff_task s where s.ref = p.id and s.closed_at is null)`);
  const late = await city.query<{ kind: string; ref: string; lateMs: number }>(
    `select kind, ref, ($1::bigint - due_at)::int as "lateMs" from task where due_at < $1::bigint - $2::bigint`,
    [now, graceMs],
  );
  const stuck = await city.query<{ kind: string; id: string; number: string; status: string }>(`
    select held.kind, held.id, p.number, p.status from (
      select 'card' as kind, id, state->>'openPurchaseId' as purchase_id from card
      union all select 'meter', id, state->>'openPurchaseId' from meter) held
    join purchase p on p.id = held.purchase_id where p.status in ('delivered', 'refunded', 'void')`);
  const holds = await city.query<{ id: string; held: number; due: number }>(`
    select a.id, (a.state->>'heldFen')::int as held, coalesce(sum((p.state->'breakdown'->>'balanceOffsetFen')::int), 0)::int as due
    from account a left join purchase p on p.account_id = a.id and p.status in ('paying', 'closing')
    group by a.id, a.state having (a.state->>'heldFen')::int
      <> coalesce(sum((p.state->'breakdown'->>'balanceOffsetFen')::int), 0)::int`);
  return [
    ...orphans.map(({ number, status }) => `purchase ${number} is ${status}, and nobody goes on with it`),
    ...late.map(({ kind, ref, lateMs }) => `${kind} of ${ref} should have been done ${lateMs} ms ago`),
    ...stuck.map(({ kind, id, number, status }) => `${kind} ${id} is still kept by ${number}, which is ${status}`),
    ...holds.map(({ id, held, due }) => `account ${id} holds ${held} fen, its open purchases need ${due} fen`),
  ];
}

const means: Record<Told["said"], readonly string[]> = {
  delivered: ["delivered"],
  refunded: ["refunded"],
  // What was given up may still have been paid late, and then went back.
  cancelled: ["void", "refunded"],
};

/** What a terminal has told a customer for good is so in the books. */
export async function toldWrongly(city: Pick<Asked, "query">, told: readonly Told[]): Promise<string[]> {
  const rows = await city.query<{ number: string; status: string }>("select number, status from purchase");
  const statusOf = new Map(rows.map(({ number, status }) => [number, status]));
  const wrong = told.flatMap(({ number, said }) => {
    const status = statusOf.get(number) ?? "not there";
    return means[said].includes(status) ? [] : [`a terminal said ${number} is ${said}, and it is ${status}`];
  });
  return [...new Set(wrong)];
}

/** Of one card layout. */
export interface Gas {
  layout: string;
  /** `L` for cards that count gas, `fen` for cards that count money. */
  unit: "L" | "fen";
  purchases: number;
  onCardsAndMeters: number;
  delivered: number;
  /** Purchases that broke off on a card of class C. Its account's figures are not summed: what it got is for people to find. */
  forPeople: number;
}

/** What cards and meters got against what the books delivered, by the cards' layouts. */
export async function gasOf(city: Pick<Asked, "query">, oracle: Oracle, accounts: readonly string[]): Promise<Gas[]> {
  const rows = await city.query<{ number: string; layout: string }>(
    `select distinct a.number, c.state->>'layout' as layout from card c
     join account_registration a on a.id = c.account_id where a.number = any($1) order by layout, a.number`,
    [[...accounts]],
  );
  const sums = new Map<string, Gas>();
  for (const { number, layout } of rows) {
    const unit = layout.endsWith("-volume") ? "L" : "fen";
    const none: Gas = { layout, unit, purchases: 0, onCardsAndMeters: 0, delivered: 0, forPeople: 0 };
    const sum = sums.get(layout) ?? none;
    sums.set(layout, sum);
    const { onCardAndMeter, delivered, waiting } = await oracle.got(number);
    sum.forPeople += waiting.count;
    if (onCardAndMeter === null || waiting.count > 0) continue;
    sum.purchases += delivered.count;
    sum.onCardsAndMeters += onCardAndMeter.value;
    sum.delivered += delivered.value;
  }
  return [...sums.values()];
}

/** Purchases by the state they are in, since that instant; and the longest way from the money to gas or money back. */
export async function endsOf(
  city: Pick<Asked, "query">,
  since: number,
): Promise<{ states: Record<string, number>; longestMs: number }> {
  const states = await city.query<{ status: string; count: number }>(
    "select status, count(*)::int as count from purchase where quoted_at >= $1 group by status order by status",
    [since],
  );
  const [row] = await city.query<{ longest: number | null }>(
    `select max(e.at - p.paid_at)::int as longest from purchase p
     join event e on e.subject_kind = 'purchase' and e.subject_id = p.id
     where p.quoted_at >= $1 and p.status in ('delivered', 'refunded') and p.paid_at is not null
       and e.seq = p.version`,
    [since],
  );
  return {
    states: Object.fromEntries(states.map(({ status, count }) => [status, count])),
    longestMs: row?.longest ?? 0,
  };
}
