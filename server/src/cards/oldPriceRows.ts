import type { Day, Id, Instant, MeterPrice } from "@citygas/core";
import type { Pool } from "pg";

export interface OldPrice {
  id: Id;
  serial: string;
  accountNumber: string;
  cardNumber: string;
  wantedE4: number;
  chargesE4: number | null;
  toldAt: Instant | null;
  onTheWay: MeterPrice | null;
}

/**
 * Meters that take cards and price by themselves, whose price of `day` is not that of the tariff in force at `at`, as far
 * as readers have seen; in the order of their ids, after `after`. A tariff of several steps is not looked at: no card
 * carries it. `onTheWay`: of the last script since the card was seen in its meter, if its purchase was delivered.
 */
export async function oldPricePage(
  db: Pool,
  { unitId, day, at }: { unitId: Id | null; day: Day; at: Instant },
  after: string,
  limit: number,
): Promise<OldPrice[]> {
  const { rows } = await db.query<OldPrice>(
    `select m.id, m.serial, a.number as "accountNumber", c.card_number as "cardNumber",
            (v.doc->'pricing'->'tableE4'->0->>'priceE4')::int as "wantedE4", x.charges as "chargesE4",
            case when x.charges is null then null else (c.state->'lastReading'->>'at')::bigint end as "toldAt",
            (select w.price from card_write w join purchase p on p.id = w.purchase_id
              where w.card_id = c.id and w.kind = 'sale' and p.status = 'delivered'
                and w.issued_at > coalesce((c.state->'lastReading'->>'at')::bigint, -1)
              order by w.issued_at desc limit 1) as "onTheWay"
     from meter_registration m
     join account_registration a on a.id = m.account_id
     join card c on c.account_id = a.id and c.status <> 'replaced' and c.state->>'meterId' = m.id
     join tariff_version v on v.tariff_id = a.tariff_id and v.effective_from =
       (select max(f.effective_from) from tariff_version f where f.tariff_id = a.tariff_id and f.effective_from <= $2)
     cross join lateral (select case
         when c.state->'lastReading'->'price'->'next'->>'from' <= $1
           then (c.state->'lastReading'->'price'->'next'->>'priceE4')::int
         else (c.state->'lastReading'->'price'->>'nowE4')::int end as charges) x
     where m.counts = 'money' and m.settlement = 'meter'
       and v.doc->'pricing'->>'kind' = 'meter' and jsonb_array_length(v.doc->'pricing'->'tableE4') = 1
       and x.charges is distinct from (v.doc->'pricing'->'tableE4'->0->>'priceE4')::int
       and ($3::text is null or a.unit_id = $3) and m.id > $4
     order by m.id limit $5`,
    [day, at, unitId, after, limit],
  );
  return rows;
}
