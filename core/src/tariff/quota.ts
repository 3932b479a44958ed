/**
 * What a household may buy at which price in one cycle, as bands of litres in the order in which they are used up:
 *
 *   1. free litres of a low-income household    (the first litres of the cycle; they count in the tiers)
 *   2. the heating quota, inside its window     (counted by itself; it doesn't push the household up the tiers)
 *   3. the tiers
 *
 * Rules: facts/domain §4 "Tiered price", "Household size". All litres; `day` is the day of the purchase.
 */
import { isWithin } from "../calendar.ts";
import type { Day, Litre, PriceE4 } from "../units.ts";
import type { HouseholdFacts, PriceLine, Pricing, TariffVersion, Tier } from "./types.ts";

type Tiered = Extract<Pricing, { kind: "tiered" }>;
type Flat = Extract<Pricing, { kind: "flat" }>;

/** Litres that share a price. `counter` is the position in the cycle that they move (null = nothing is counted). */
export interface Band {
  rule: Extract<PriceLine["because"]["rule"], "lowIncome" | "heating" | "tier" | "flat">;
  tier: number;
  priceE4: PriceE4;
  counter: "tiers" | "heating" | null;
  /** Where the band ends on its counter (null = no bound). */
  uptoL: Litre | null;
}

/** The bands of a tiered price for this household on this day. */
export function tieredBands(version: TariffVersion, pricing: Tiered, household: HouseholdFacts, day: Day): Band[] {
  const bands: Band[] = [];
  const freeL = freeLitres(version, household, day);
  if (freeL > 0) bands.push({ rule: "lowIncome", tier: 0, priceE4: 0, counter: "tiers", uptoL: freeL });
  const { heating } = pricing;
  if (heating !== null && household.heating && isWithin(day, heating)) {
    const { priceE4, quotaL: uptoL } = heating;
    bands.push({ rule: "heating", tier: 0, priceE4, counter: "heating", uptoL });
  }
  const tiers = tiersFor(version, pricing.tiers, household, day);
  for (const [index, { priceE4, uptoL }] of tiers.entries()) {
    bands.push({ rule: "tier", tier: index + 1, priceE4, counter: "tiers", uptoL });
  }
  return bands;
}

/** A flat price's only band: the season's price on a day inside a season (the first that fits), else the usual one. */
export function flatBand(pricing: Flat, day: Day): Band {
  const season = pricing.seasons.find((window) => isWithin(day, window));
  return { rule: "flat", tier: 0, priceE4: (season ?? pricing).priceE4, counter: null, uptoL: null };
}

/**
 * The tiers with what extra persons add. The extra widens its own tier, so it also moves every bound above:
 * 390 / 600 m³ with [84, 66] for a household of one person more is 474 / 750.
 */
export function tiersFor(version: TariffVersion, tiers: readonly Tier[], household: HouseholdFacts, day: Day): Tier[] {
  const persons = extraPersons(version, household, day);
  let extraL = 0;
  return tiers.map(({ uptoL, priceE4 }, index) => {
    extraL += persons * (version.household?.extraPerPersonL[index] ?? 0);
    return { uptoL: uptoL === null ? null : uptoL + extraL, priceE4 };
  });
}

/** Persons that earn extra volume: those above the base, while the proof of them is valid (null = it doesn't expire). */
function extraPersons(version: TariffVersion, household: HouseholdFacts, day: Day): number {
  if (version.household === null) return 0;
  const proven = household.personsUntil === null || household.personsUntil >= day;
  return proven ? Math.max(0, household.persons - version.household.basePersons) : 0;
}

function freeLitres(version: TariffVersion, household: HouseholdFacts, day: Day): Litre {
  return household.lowIncomeUntil !== null && household.lowIncomeUntil >= day ? version.lowIncomeFreeL : 0;
}
