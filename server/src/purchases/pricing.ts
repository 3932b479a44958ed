/** What a customer's gas costs now: the registry's facts and the store's positions, put before core's `quote`. */
import {
  type Breakdown,
  cycleKey,
  dayAtStart,
  type Entry,
  type Id,
  type Instant,
  type LimitFacts,
  type MeterRoom,
  type PriceBasis,
  purchaseLimit,
  quote,
  type Result,
  type TariffVersion,
  type TierState,
  type Versioned,
  versionInForce,
} from "@citygas/core";
import type { Customer } from "../context.ts";
import { derivedId } from "./derivedId.ts";
import { ofQuote, type Refused } from "./refused.ts";
import type { SaleContext } from "./sale.ts";
import { debtsToPay } from "./settleDebts.ts";

/** All that a price depends on beside the entry and the balance. */
export interface PriceFacts {
  basis: PriceBasis;
  limits: LimitFacts;
  /** The position that this sale counts in; null where the price doesn't depend on volume bought. */
  tier: (Versioned<TierState | null> & { id: Id }) | null;
  debts: readonly { id: Id; amountFen: number }[];
}

/**
 * The facts as they are now. `meterRoom` from the card's own return area, null when no card is at hand.
 * @throws when the account has no tariff in force: it can't have been registered so.
 */
export async function priceFacts(
  sale: SaleContext,
  customer: Customer,
  meterRoom: MeterRoom | null,
): Promise<PriceFacts> {
  const at = sale.now();
  const version = versionInForce(customer.tariff, at);
  if (version === null) throw new Error(`account ${customer.accountId} has no tariff in force`);
  const id = tierIdOf(customer.accountId, version, at);
  const found = id === null ? undefined : (await sale.store.load([{ kind: "tier", id }])).get("tier", id);
  return {
    basis: { version, household: customer.household, tierUse: found?.state ?? null, at },
    limits: { meterRoom, boughtBeforeChangeL: await boughtBeforeChangeL(sale, customer, version) },
    tier: id === null ? null : { id, version: found?.version ?? 0, state: found?.state ?? null },
    debts: await debtsToPay(sale, customer),
  };
}

/** Do they still hold at `at`? While they were put together a price may have come into force, or a tier year begun. */
export function holdAt(at: Instant, customer: Customer, { basis: { version }, tier }: PriceFacts): boolean {
  return (
    versionInForce(customer.tariff, at)?.id === version.id &&
    tierIdOf(customer.accountId, version, at) === (tier?.id ?? null)
  );
}

/** Named by account and cycle, so that two servers that make the position at once make the same one. */
export function tierIdOf(accountId: Id, { pricing }: TariffVersion, at: Instant): Id | null {
  return pricing.kind === "tiered" ? derivedId("tier", accountId, cycleKey(pricing.cycle, at)) : null;
}

async function boughtBeforeChangeL(sale: SaleContext, customer: Customer, version: TariffVersion): Promise<number> {
  const change = version.limits.beforeChange;
  if (change === null) return 0;
  return await sale.purchaseRows.boughtSinceL(customer.accountId, dayAtStart(change.fromDay));
}

export function priced(
  sale: SaleContext,
  customer: Customer,
  facts: PriceFacts,
  entry: Entry,
  balanceFen: number,
): Result<Breakdown, Refused> {
  const result = quote({
    entry,
    limits: facts.limits,
    balanceFen,
    deductionRules: customer.deductions,
    debts: facts.debts.map(({ id, amountFen }) => ({ ref: id, amountFen })),
    debtSetting: sale.settings.debts,
    ...facts.basis,
  });
  return result.ok ? result : { ok: false, error: ofQuote(result.error) };
}

/** The most that may be bought now, as the account screen shows it. */
export function maximumOf({ basis, limits }: PriceFacts): { value: number; rule: string } {
  const { most, rule } = purchaseLimit(basis, limits);
  return { value: most.kind === "volume" ? most.volumeL : most.amountFen, rule };
}

/** What was keyed in, from the price it led to. */
export function entryOf({ delivers }: Breakdown): Entry {
  return delivers.kind === "volume"
    ? { kind: "volume", volumeL: delivers.volumeL }
    : { kind: "amount", amountFen: delivers.meterCreditFen };
}
