import type { Purchase } from "@citygas/core";
import type { SaleContext } from "./sale.ts";

/**
 * The debts that stood as rows of a delivered purchase are paid. The ledger said so in the delivery's own commit; if
 * the process dies before these rows follow, the next quote catches up.
 */
export async function settleDebtsOf(sale: SaleContext, p: Purchase): Promise<void> {
  if (p.state !== "delivered") return;
  await sale.purchaseRows.settleDebts(
    p.breakdown.lines.flatMap(({ because }) => because.ref ?? []),
    p.id,
  );
}
