/** Look-ups over purchases, and the registration rows that a delivery settles. */
import { type Id, type Instant, type Litre, openStates, type PriceLine } from "@citygas/core";
import type { Pool } from "pg";

export interface PurchaseWithDebts {
  purchaseId: Id;
  delivered: boolean;
  /** All debts on its bill. */
  debtIds: Id[];
}

export interface PurchaseRows {
  /** Ids of the card's purchases, newest quote first. */
  purchasesOfCard(cardId: Id, limit: number): Promise<Id[]>;
  /** Litres bought, and promised to open purchases, since an instant. */
  boughtSinceL(accountId: Id, from: Instant): Promise<Litre>;
  /** Purchases of the account, open or delivered, that have one of these debts on their bill. */
  purchasesWithDebts(accountId: Id, debtIds: readonly Id[]): Promise<PurchaseWithDebts[]>;
  /** Marks debts as paid by a delivered purchase; the first one that paid a debt stays. */
  settleDebts(debtIds: readonly Id[], purchaseId: Id): Promise<void>;
}

export function sqlPurchaseRows(db: Pool): PurchaseRows {
  return {
    async purchasesOfCard(cardId, limit) {
      const found = await db.query<{ id: string }>(
        "select id from purchase where card_id = $1 order by quoted_at desc, id desc limit $2",
        [cardId, limit],
      );
      return found.rows.map((row) => row.id);
    },
    async boughtSinceL(accountId, from) {
      const found = await db.query<{ litres: number }>(
        `select coalesce(sum((state->'breakdown'->'delivers'->>'volumeL')::bigint), 0)::bigint as litres
         from purchase where account_id = $1 and quoted_at >= $2 and status = any($3)`,
        [accountId, from, [...openStates, "delivered"]],
      );
      return found.rows[0]?.litres ?? 0;
    },
    async purchasesWithDebts(accountId, debtIds) {
      const found = await db.query<{ id: string; delivered: boolean; lines: PriceLine[] }>(
        `select id, status = 'delivered' as delivered, state->'breakdown'->'lines' as lines
         from purchase where account_id = $1 and status = any($2) and state->'breakdown'->'lines' @> any($3::jsonb[])`,
        [
          accountId,
          [...openStates, "delivered"],
          debtIds.map((ref) => JSON.stringify([{ kind: "debt", because: { ref } }])),
        ],
      );
      return found.rows.map(({ id, delivered, lines }) => ({
        purchaseId: id,
        delivered,
        debtIds: lines.flatMap(({ because }) => because.ref ?? []),
      }));
    },
    async settleDebts(debtIds, purchaseId) {
      if (debtIds.length === 0) return;
      await db.query("update debt set settled_by = $2 where id = any($1) and settled_by is null", [
        [...debtIds],
        purchaseId,
      ]);
    },
  };
}
