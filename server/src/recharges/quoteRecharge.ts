/** A price for a recharge of the account's own meter, over its link: no card is read, so the account itself is named. */
import type { Entry, PurchaseView } from "@citygas/api";
import { type Id, type Result, rechargeQueueMax } from "@citygas/core";
import type { TerminalFacts } from "../context.ts";
import type { KeyedRequest } from "../purchases/applyEvent.ts";
import { must } from "../purchases/bundle.ts";
import { derivedId } from "../purchases/derivedId.ts";
import { priced, priceFacts } from "../purchases/pricing.ts";
import { commitQuote, repeated } from "../purchases/quote.ts";
import { type Refused, refused } from "../purchases/refused.ts";
import type { SaleContext } from "../purchases/sale.ts";

export async function quoteRecharge(
  sale: SaleContext,
  terminal: TerminalFacts,
  { accountId, entry }: { accountId: Id; entry: Entry },
  request: KeyedRequest,
): Promise<Result<PurchaseView, Refused>> {
  const id = derivedId("purchase", request.key);
  const made = await repeated(sale, id, request);
  if (made !== null) return made;
  const customer = await sale.registry.customer(accountId);
  const meterId = customer?.meter?.id;
  if (customer === undefined || meterId === undefined) return refused("request.invalid");
  const found = await sale.store.load([
    { kind: "account", id: accountId },
    { kind: "meter", id: meterId },
  ]);
  const [account, { state: meter }] = [must(found, "account", accountId), must(found, "meter", meterId)];
  if (meter.link === undefined) return refused("request.invalid");
  if (meter.retired !== undefined || meter.link.gone === true) return refused("meter.retired");
  if (account.state.block !== null) return refused(`account.${account.state.block.reason}`);
  if (meter.openPurchaseId !== null) return refused("recharge.unpaid");
  if (meter.link.queue.length >= rechargeQueueMax) return refused("recharge.queueFull");
  const facts = await priceFacts(sale, customer, null);
  const breakdown = priced(sale, customer, facts, entry, account.state.balanceFen);
  if (!breakdown.ok) return breakdown;
  return await commitQuote(
    sale,
    {
      id,
      accountId,
      unitId: account.state.unitId,
      meterId,
      cardId: null,
      tierId: breakdown.value.tier === null ? null : (facts.tier?.id ?? null),
      channel: terminal.kind,
      terminalId: terminal.id,
      // It waits in the queue until its meter wakes.
      later: true,
      breakdown: breakdown.value,
    },
    { account, card: null },
    facts,
    request,
  );
}
