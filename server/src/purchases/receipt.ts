import type { ReceiptData } from "@citygas/api";
import { type Id, ok, type Result } from "@citygas/core";
import { issueBindLink } from "../binding/bindLink.ts";
import type { TerminalFacts } from "../context.ts";
import { must } from "./bundle.ts";
import { customerView } from "./customerView.ts";
import { type Refused, refused } from "./refused.ts";
import type { SaleContext } from "./sale.ts";
import { breakdownView } from "./view.ts";
import { purchaseFor } from "./watch.ts";

/** From then on a receipt is marked as a second print, as is one from another terminal. */
const freshReceiptMs = 10 * 60_000;

/** All that stands on the receipt of a delivered purchase; others have none yet. Each print has a link of its own. */
export async function receiptOf(
  sale: SaleContext,
  terminal: TerminalFacts,
  purchaseId: Id,
): Promise<Result<ReceiptData, Refused>> {
  const found = await purchaseFor(sale, terminal, purchaseId);
  if (!found.ok) return found;
  const p = found.value.state;
  if (p.state !== "delivered" || p.cardId === null) return refused("purchase.wrongState");
  const customer = await sale.registry.customer(p.accountId);
  if (customer === undefined) throw new Error(`account ${p.accountId} is not registered`);
  const loaded = await sale.store.load([
    { kind: "account", id: p.accountId },
    { kind: "card", id: p.cardId },
    ...(p.paidAttemptId === null ? [] : [{ kind: "attempt" as const, id: p.paidAttemptId }]),
  ]);
  const attempt = p.paidAttemptId === null ? undefined : loaded.get("attempt", p.paidAttemptId)?.state;
  const account = must(loaded, "account", p.accountId).state;
  const card = must(loaded, "card", p.cardId).state;
  const late = sale.now() - (p.settledAt ?? sale.now()) > freshReceiptMs;
  const bindToken = await issueBindLink(sale, p);
  return ok({
    company: customer.unit.company,
    unit: customer.unit.name,
    terminal: terminal.name,
    number: p.number,
    customer: customerView(customer, account, card.cardNumber),
    breakdown: breakdownView(p.breakdown),
    channel: attempt?.channel ?? null,
    channelNumber: attempt?.transactionId ?? null,
    paidAtMs: p.paidAt,
    purchaseCount: (p.countBefore ?? 0) + 1,
    hotline: customer.unit.hotline,
    bindUrl: `${sale.settings.publicUrl}/b/${bindToken}`,
    reprint: late || (p.script !== null && p.script.terminalId !== terminal.id),
  });
}
