/**
 * The customer says yes to what was shown. What was shown is priced once more: if tariff, balance, tier position, debts
 * or deductions have moved since, the purchase is requoted and the customer is asked again (I9).
 */
import { isDeepStrictEqual } from "node:util";
import type { PurchaseView } from "@citygas/api";
import { type Guard, type Id, type Instant, ok, type Result, type Write } from "@citygas/core";
import type { Customer, TerminalFacts } from "../context.ts";
import { applyEvent, type Decision, type KeyedRequest } from "./applyEvent.ts";
import { must, type OpenBundle } from "./bundle.ts";
import { entryOf, holdAt, type PriceFacts, priced, priceFacts } from "./pricing.ts";
import { type Refused, refused } from "./refused.ts";
import type { SaleContext } from "./sale.ts";
import { debtsOn } from "./settleDebts.ts";
import { viewOf } from "./view.ts";

const triesMax = 3;

export async function confirmPurchase(
  sale: SaleContext,
  terminal: TerminalFacts,
  purchaseId: Id,
  request: KeyedRequest,
): Promise<Result<PurchaseView, Refused>> {
  const found = (await sale.store.load([{ kind: "purchase", id: purchaseId }])).get("purchase", purchaseId);
  if (found === undefined || found.state.terminalId !== terminal.id) return refused("purchase.notFound");
  const customer = await sale.registry.customer(found.state.accountId);
  if (customer === undefined) throw new Error(`account ${found.state.accountId} is not registered`);
  for (let tries = 1; tries <= triesMax; tries++) {
    // Before the facts, so that a debt which another purchase takes meanwhile shows in the account's version.
    const accountVersion = customer.debts.length === 0 ? null : await versionOfAccount(sale, customer.accountId);
    const facts = { accountVersion, ...(await priceFacts(sale, customer, null)) };
    const applied = await applyEvent(sale, purchaseId, (bundle, now) => decide(sale, customer, facts, bundle, now), {
      request,
    });
    if (!applied.ok) return await named(sale, applied.error, purchaseId);
    if (applied.value.done === "none") continue;
    const { event } = applied.value;
    // Repeated after a requote it says so again: who asks has not seen the new amounts yet.
    if (event?.type === "purchase" && event.event.type !== "confirmed") return refused("purchase.quoteStale");
    return ok(await viewOf(sale, applied.value));
  }
  return refused("server.unavailable");
}

/** `accountVersion`: as the debts were looked at; null for who owes nothing. */
type Facts = PriceFacts & { accountVersion: number | null };

async function versionOfAccount(sale: SaleContext, id: Id): Promise<number> {
  return must(await sale.store.load([{ kind: "account", id }]), "account", id).version;
}

function decide(sale: SaleContext, customer: Customer, facts: Facts, bundle: OpenBundle, at: Instant): Decision {
  const { account, card, tier } = bundle;
  const p = bundle.purchase.state;
  // Whatever can't be confirmed any more is refused by the machine, and a repeated request is answered.
  if (p.state !== "quoted") return confirmed([]);
  if (p.dueAt !== null && at > p.dueAt) return refuse({ code: "purchase.quoteExpired" });
  if (account.state.block !== null) return refuse({ code: `account.${account.state.block.reason}` });
  if (card !== null && card.state.status !== "current") return refuse({ code: `card.${card.state.status}` });
  // The position moved since it was read for the price, or what is owed may have: read again.
  if (tier !== null && tier.state.id === facts.tier?.id && tier.version !== facts.tier.version)
    return { do: "nothing" };
  if (facts.accountVersion !== null && account.version !== facts.accountVersion) return { do: "nothing" };
  if (!holdAt(at, customer, facts)) return { do: "nothing" };
  const now = priced(
    sale,
    customer,
    { ...facts, basis: { ...facts.basis, at } },
    entryOf(p.breakdown),
    account.state.balanceFen,
  );
  if (!now.ok) return refuse(now.error);
  const guards = guardsOf(bundle);
  if (isDeepStrictEqual(now.value, p.breakdown))
    return confirmed(guards, debtsOn(p).length === 0 ? [] : [{ kind: "account", ...claimed(account) }]);
  // In another cycle the volume counts elsewhere, which a purchase can't change: a new quote is needed.
  const sameCycle = now.value.tier?.cycleKey === p.breakdown.tier?.cycleKey;
  return {
    do: "commit",
    event: sameCycle
      ? { type: "purchase", event: { type: "requoted", breakdown: now.value } }
      : { type: "purchase", event: { type: "gaveUp", reason: "quoteExpired" } },
    guards,
  };
}

const refuse = (refusal: Refused): Decision => ({ do: "refuse", refused: refusal });
const confirmed = (guards: readonly Guard[], claims: readonly Write[] = []): Decision => ({
  do: "commit",
  event: { type: "purchase", event: { type: "confirmed" } },
  guards,
  claims,
});

/** One debt stands on one open purchase: who takes it moves the account's version, and who comes second sees it. */
const claimed = ({ state, version }: OpenBundle["account"]) => ({ id: state.id, expected: version, state });

/** Card, meter and tier are written by the commit; the account may only have been looked at, and must still be so then. */
const guardsOf = ({ account: { state, version } }: OpenBundle): Guard[] => [
  { kind: "account", id: state.id, expected: version },
];

/** I4 is refused with the purchase that is open. */
async function named(sale: SaleContext, error: Refused, purchaseId: Id): Promise<Result<never, Refused>> {
  if (error.code === "purchase.wrongState") {
    const p = must(await sale.store.load([{ kind: "purchase", id: purchaseId }]), "purchase", purchaseId).state;
    return refused(p.state === "void" && p.reason === "quoteExpired" ? "purchase.quoteExpired" : error.code);
  }
  if (error.code !== "purchase.open") return { ok: false, error };
  const p = must(await sale.store.load([{ kind: "purchase", id: purchaseId }]), "purchase", purchaseId).state;
  if (p.cardId === null) return refused("recharge.unpaid");
  const openId = must(await sale.store.load([{ kind: "card", id: p.cardId }]), "card", p.cardId).state.openPurchaseId;
  const open = openId && (await sale.store.load([{ kind: "purchase", id: openId }])).get("purchase", openId);
  return refused("purchase.open", open ? { number: open.state.number } : {});
}
