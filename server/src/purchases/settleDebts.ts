/** Debts that stand as rows of a purchase: each is paid once. */
import type { Id, Purchase } from "@citygas/core";
import type { Customer } from "../context.ts";
import type { SaleContext } from "./sale.ts";

/** The debts that stand as rows of a bill. */
export const debtsOn = ({ breakdown }: Purchase): Id[] => breakdown.lines.flatMap(({ because }) => because.ref ?? []);

/**
 * The debts that were on a delivered purchase are paid. The ledger said so in the delivery's own commit; if the
 * process dies before these rows follow, the next quote catches up.
 */
export async function settleDebtsOf(sale: SaleContext, p: Purchase): Promise<void> {
  if (p.state === "delivered") await sale.purchaseRows.settleDebts(debtsOn(p), p.id);
}

/**
 * What the next purchase has to pay of the account's debts: not what stands on another one that is open, and may still
 * be paid with it; and not what was paid already, which is made up here where its row does not say so yet.
 */
export async function debtsToPay(sale: SaleContext, customer: Customer): Promise<Customer["debts"]> {
  if (customer.debts.length === 0) return customer.debts;
  const ids = customer.debts.map(({ id }) => id);
  const taken = await sale.purchaseRows.purchasesWithDebts(customer.accountId, ids);
  const gone = new Set<Id>();
  for (const { purchaseId, delivered, debtIds } of taken) {
    const here = debtIds.filter((id) => ids.includes(id));
    if (delivered) await sale.purchaseRows.settleDebts(here, purchaseId);
    for (const id of here) gone.add(id);
  }
  return customer.debts.filter(({ id }) => !gone.has(id));
}
