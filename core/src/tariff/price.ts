/**
 * What gas costs: bands are used up one after the other, each gives one line, each line is rounded half up once and
 * totals are plain sums (facts/domain §4 "Money"). Volume cards are counted in their tier at the purchase.
 */
import { dayOf } from "../calendar.ts";
import { assertInteger, type Fen, type Instant, type Litre, never } from "../units.ts";
import { type Band, flatBand, tieredBands } from "./quota.ts";
import { costFen, litresPerM3, sumFen } from "./rounding.ts";
import { cycleKey, emptyTierUse } from "./tierCycle.ts";
import type { Breakdown, HouseholdFacts, PriceLine, TariffVersion, TierUse } from "./types.ts";

/** The most a single purchase may ever be: the manual's 可购买量 9999999方, shown where no other limit holds. */
export const mostM3 = 9_999_999;

/** What a price depends on. */
export interface PriceBasis {
  version: TariffVersion;
  household: HouseholdFacts;
  /** The position in the cycle that `at` falls in; null = nothing bought in it yet. Held counts as used. */
  tierUse: TierUse | null;
  at: Instant;
}

/** Priced gas. `tier` is what the purchase takes from the cycle, null where nothing is counted. */
export interface Priced {
  lines: PriceLine[];
  goodsFen: Fen;
  tier: Breakdown["tier"];
}

/**
 * Prices gas sold by volume, one line per band touched. Throws when the version leaves pricing to the meter, when
 * `tierUse` is of another cycle (a stale position must never price a new cycle), or when its last tier has a bound.
 */
export function priceByVolume(basis: PriceBasis, volumeL: Litre): Priced {
  assertInteger(volumeL, "volumeL");
  const use = useOf(basis);
  const atL = { tiers: use ? use.usedL + use.heldL : 0, heating: use ? use.heatingUsedL + use.heatingHeldL : 0 };
  const lines: PriceLine[] = [];
  let leftL = volumeL;
  for (const band of bandsOf(basis)) {
    const usedL = band.counter === null ? 0 : atL[band.counter];
    const takenL = Math.min(leftL, band.uptoL === null ? leftL : Math.max(0, band.uptoL - usedL));
    if (takenL === 0) continue;
    leftL -= takenL;
    if (band.counter !== null) atL[band.counter] += takenL;
    lines.push(gasLine(basis.version, band, usedL, takenL));
  }
  if (leftL > 0) throw new Error(`tariff version ${basis.version.id} has no price for the last ${leftL} L`);
  return { lines, goodsFen: sumFen(lines), tier: use && { cycleKey: use.cycleKey, ...takenBy(lines) } };
}

/** Gas sold by amount: the meter prices it, so the line shows 0 / 0 / amount as the manual does (由表计价). */
export function priceByAmount(version: TariffVersion, amountFen: Fen): Priced {
  assertInteger(amountFen, "amountFen");
  const because: PriceLine["because"] = {
    rule: "meterPrices",
    tariffVersionId: version.id,
    usedBeforeL: 0,
    usedAfterL: 0,
    tierUptoL: null,
    ref: null,
  };
  const line: PriceLine = { kind: "meterCredit", tier: 0, unitPriceE4: 0, volumeL: 0, amountFen, because };
  return { lines: [line], goodsFen: amountFen, tier: null };
}

/**
 * The largest volume in whole m³, as litres, whose price is at most `amountFen` (never above `mostM3`): ⌊amount/price⌋
 * across the tiers. By bisection, because the price never falls as the volume grows.
 */
export function volumeForAmount(basis: PriceBasis, amountFen: Fen): Litre {
  let [enoughM3, tooMuchM3] = [0, mostM3 + 1];
  while (tooMuchM3 - enoughM3 > 1) {
    const middleM3 = Math.floor((enoughM3 + tooMuchM3) / 2);
    if (priceByVolume(basis, middleM3 * litresPerM3).goodsFen <= amountFen) enoughM3 = middleM3;
    else tooMuchM3 = middleM3;
  }
  return enoughM3 * litresPerM3;
}

function bandsOf({ version, household, at }: PriceBasis): Band[] {
  const { pricing } = version;
  switch (pricing.kind) {
    case "tiered":
      return tieredBands(version, pricing, household, dayOf(at));
    case "flat":
      return [flatBand(pricing, dayOf(at))];
    case "meter":
      throw new Error(`tariff version ${version.id} is priced by the meter`);
    default:
      return never(pricing, "pricing");
  }
}

/** The household's position in the current cycle, null where the price doesn't depend on it. */
function useOf({ version: { pricing }, tierUse, at }: PriceBasis): TierUse | null {
  if (pricing.kind !== "tiered") return null;
  const key = cycleKey(pricing.cycle, at);
  if (tierUse !== null && tierUse.cycleKey !== key) throw new Error(`tier use of ${tierUse.cycleKey} given for ${key}`);
  return tierUse ?? emptyTierUse(key);
}

function takenBy(lines: readonly PriceLine[]): { volumeL: Litre; heatingL: Litre } {
  const taken = { volumeL: 0, heatingL: 0 };
  for (const line of lines) taken[line.because.rule === "heating" ? "heatingL" : "volumeL"] += line.volumeL;
  return taken;
}

function gasLine(version: TariffVersion, band: Band, usedBeforeL: Litre, volumeL: Litre): PriceLine {
  return {
    kind: "gas",
    tier: band.tier,
    unitPriceE4: band.priceE4,
    volumeL,
    amountFen: costFen(volumeL, band.priceE4),
    because: {
      rule: band.rule,
      tariffVersionId: version.id,
      usedBeforeL,
      usedAfterL: band.counter === null ? usedBeforeL : usedBeforeL + volumeL,
      tierUptoL: band.uptoL,
      ref: null,
    },
  };
}
