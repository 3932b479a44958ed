import type { Id, Instant } from "@citygas/core";
import type { Pool } from "pg";
import { readTimeKey } from "../http/page.ts";

export interface Adopted {
  id: Id;
  at: Instant;
  cardId: Id;
  cardNumber: string;
  accountNumber: string | null;
  unitId: Id | null;
  windowId: Id | null;
  countBefore: number;
  count: number;
  totalBefore: number;
  credited: number;
  openingEntry: Id | null;
  seen: boolean;
}

/**
 * Finance's lines (filed before the books changed), each with the event that changed them; a line whose event never came
 * was of a card that left in that moment, and is not listed. Oldest first, after `after`.
 */
export async function adoptionPage(db: Pool, unitId: Id | null, after: string, limit: number): Promise<Adopted[]> {
  const from = readTimeKey(after, -1);
  const { rows } = await db.query<Adopted>(
    `select t.id, t.created_at as at, t.ref as "cardId", c.card_number as "cardNumber", a.number as "accountNumber",
            a.unit_id as "unitId", e.event->'adoption'->>'windowId' as "windowId",
            (e.event->'adoption'->>'countBefore')::int as "countBefore", (e.event->>'count')::int as count,
            (e.event->'adoption'->>'totalBefore')::bigint as "totalBefore",
            (e.event->'adoption'->>'credited')::bigint as credited,
            (select p.event_id from posting p where p.event_id = e.event_id limit 1) as "openingEntry",
            t.closed_at is not null as seen
     from staff_task t
     join card c on c.id = t.ref
     join event e on e.subject_kind = 'card' and e.subject_id = t.ref and e.event->>'type' = 'adopted'
       and e.event->>'count' = t.doc->>'count'
     left join account_registration a on a.id = c.account_id
     where t.kind = 'card.adopted' and (t.created_at, t.id) > ($1, $2) and ($3::text is null or a.unit_id = $3)
     order by t.created_at, t.id limit $4`,
    [from.at, from.id, unitId, limit],
  );
  return rows;
}
