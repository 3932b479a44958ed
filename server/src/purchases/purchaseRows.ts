/** Look-ups over purchases, and the registration rows that a delivery settles. */
import { type Id, type Instant, type Litre, openStates } from "@citygas/core";
import type { Pool } from "pg";

export interface PurchaseRows {
  /** Ids of the card's purchases, newest quote first. */
  purchasesOfCard(cardId: Id, limit: number): Promise<Id[]>;
  /** Litres bought, and promised to open purchases, since an instant. */
  boughtSinceL(accountId: Id, from: Instant): Promise<Litre>;
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
    async settleDebts(debtIds, purchaseId) {
      if (debtIds.length === 0) return;
      await db.query("update debt set settled_by = $2 where id = any($1) and settled_by is null", [
        [...debtIds],
        purchaseId,
      ]);
    },
  };
}
