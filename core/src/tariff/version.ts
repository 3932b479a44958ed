import { type Instant, never } from "../units.ts";
import type { TariffVersion, Tier } from "./types.ts";

/**
 * The version in force at an instant among the versions of one tariff, in any order: the latest that has taken effect;
 * of two that took effect at the same instant the one with the greater id (ids grow with time). null = none yet.
 */
export function versionInForce(versions: readonly TariffVersion[], at: Instant): TariffVersion | null {
  let best: TariffVersion | null = null;
  for (const version of versions) {
    if (version.effectiveFrom <= at && (best === null || isLater(version, best))) best = version;
  }
  return best;
}

/** Why a version can't be put on sale. */
export type VersionProblem =
  | "noTiers"
  | "boundsNotRising"
  | "lastTierBounded"
  | "negativePrice"
  | "negativeVolume"
  | "negativeLimit";

/** The first thing wrong with a version that someone wants to add, null when it can be sold from. */
export function versionProblem({ pricing, household, lowIncomeFreeL, limits }: TariffVersion): VersionProblem | null {
  const { perPurchaseFen, perPurchaseL, beforeChange } = limits;
  const volumesL = [lowIncomeFreeL, ...(household?.extraPerPersonL ?? [])];
  if (volumesL.some(isNegative)) return "negativeVolume";
  if ([perPurchaseFen ?? 0, perPurchaseL ?? 0, beforeChange?.volumeL ?? 0].some(isNegative)) return "negativeLimit";
  switch (pricing.kind) {
    case "flat":
      return [pricing, ...pricing.seasons].some(({ priceE4 }) => isNegative(priceE4)) ? "negativePrice" : null;
    case "meter":
      return tiersProblem(pricing.tableE4);
    case "tiered":
      if (isNegative(pricing.heating?.priceE4 ?? 0)) return "negativePrice";
      if (isNegative(pricing.heating?.quotaL ?? 0)) return "negativeVolume";
      return tiersProblem(pricing.tiers);
    default:
      return never(pricing, "pricing");
  }
}

function tiersProblem(tiers: readonly Tier[]): VersionProblem | null {
  let boundL: number | null = 0;
  for (const { uptoL, priceE4 } of tiers) {
    if (isNegative(priceE4)) return "negativePrice";
    if (boundL === null || (uptoL !== null && uptoL <= boundL)) return "boundsNotRising";
    boundL = uptoL;
  }
  if (tiers.length === 0) return "noTiers";
  return boundL === null ? null : "lastTierBounded";
}

const isLater = (a: TariffVersion, b: TariffVersion): boolean =>
  a.effectiveFrom === b.effectiveFrom ? a.id > b.id : a.effectiveFrom > b.effectiveFrom;

/** Also true for what isn't an integer, which no price, volume or limit may be. */
const isNegative = (value: number): boolean => !Number.isSafeInteger(value) || value < 0;
