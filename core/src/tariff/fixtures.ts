/** For tests only: the cities of facts/domain §4 and arbitrary valid tariffs. */
import fc from "fast-check";
import { dayAtStart } from "../calendar.ts";
import type { LimitFacts } from "./limits.ts";
import type { PriceBasis } from "./price.ts";
import { cycleKey } from "./tierCycle.ts";
import type {
  DeductionRule,
  HeatingSeason,
  HouseholdFacts,
  Pricing,
  TariffVersion,
  TierCycle,
  TierUse,
} from "./types.ts";

type Tiered = Extract<Pricing, { kind: "tiered" }>;

export const m3 = (volume: number): number => volume * 1000;
export const noonOf = (day: string): number => dayAtStart(day) + 12 * 3_600_000;

export const plainHousehold: HouseholdFacts = {
  persons: 3,
  personsUntil: null,
  lowIncomeUntil: null,
  heating: false,
  temporaryLimit: null,
};
export const noLimitFacts: LimitFacts = { meterRoom: null, boughtBeforeChangeL: 0 };

export function versionOf(pricing: Pricing, more: Partial<TariffVersion> = {}): TariffVersion {
  return {
    id: "v1",
    tariffId: "t1",
    name: "居民生活用气",
    effectiveFrom: 0,
    pricing,
    household: null,
    lowIncomeFreeL: 0,
    limits: { perPurchaseFen: null, perPurchaseL: null, beforeChange: null },
    ...more,
  };
}

export function threeTiers(boundsM3: [number, number], pricesE4: [number, number, number]): Tiered {
  const [first, second, third] = pricesE4;
  return {
    kind: "tiered",
    cycle: { kind: "calendarYear" },
    tiers: [
      { uptoL: m3(boundsM3[0]), priceE4: first },
      { uptoL: m3(boundsM3[1]), priceE4: second },
      { uptoL: null, priceE4: third },
    ],
    heating: null,
  };
}

export const guangzhou = threeTiers([247, 398], [34_500, 41_400, 51_800]);
export const cityOf420 = threeTiers([420, 660], [19_800, 23_800, 29_700]);
/** The facts page gives no prices for 390/600; these stand in the ratio 1 : 1.2 : 1.5 that it names. */
export const cityOf390 = threeTiers([390, 600], [25_300, 30_400, 38_000]);
export const byAmount: Pricing = { kind: "meter", tableE4: [{ uptoL: null, priceE4: 25_300 }] };

export function useOf(usedM3: number, more: Partial<TierUse> = {}): TierUse {
  return { cycleKey: "2026", usedL: m3(usedM3), heldL: 0, heatingUsedL: 0, heatingHeldL: 0, ...more };
}

/** What is bought is held first: the position after a purchase whose `tier` is given. */
export function useAfter(use: TierUse, tier: { volumeL: number; heatingL: number }): TierUse {
  return { ...use, heldL: use.heldL + tier.volumeL, heatingHeldL: use.heatingHeldL + tier.heatingL };
}

const upToL = (most: number): fc.Arbitrary<number> => fc.integer({ min: 0, max: most });
const priceE4 = fc.integer({ min: 1, max: 99_999 });
const monthDay = fc.record({ month: fc.integer({ min: 1, max: 12 }), day: fc.integer({ min: 1, max: 28 }) });
const day = upToL(1500).map((days) => new Date(Date.UTC(2025, 0, 1) + days * 86_400_000).toISOString().slice(0, 10));

const cycles: fc.Arbitrary<TierCycle> = fc.oneof(
  fc.constant<TierCycle>({ kind: "calendarYear" }),
  fc.constant<TierCycle>({ kind: "month" }),
  monthDay.map((start): TierCycle => ({ kind: "yearFrom", ...start })),
);

const heatingSeason: fc.Arbitrary<HeatingSeason> = fc.record({
  from: monthDay,
  to: monthDay,
  quotaL: upToL(500_000),
  priceE4,
});

/** Rising bounds in litres, not only whole m³; prices in any order, as nothing may depend on their rising. */
const tiered: fc.Arbitrary<Tiered> = fc.record({
  kind: fc.constant("tiered" as const),
  cycle: cycles,
  tiers: fc
    .tuple(fc.array(fc.tuple(fc.integer({ min: 1, max: 300_000 }), priceE4), { maxLength: 4 }), priceE4)
    .map(([steps, last]) => {
      let uptoL = 0;
      const bounded = steps.map(([widthL, price]) => {
        uptoL += widthL;
        return { uptoL, priceE4: price };
      });
      return [...bounded, { uptoL: null, priceE4: last }];
    }),
  heating: fc.option(heatingSeason),
});
const flat: fc.Arbitrary<Pricing> = fc.record({
  kind: fc.constant("flat" as const),
  priceE4,
  seasons: fc.array(fc.record({ from: monthDay, to: monthDay, priceE4 }), { maxLength: 2 }),
});

const households: fc.Arbitrary<HouseholdFacts> = fc.record({
  persons: fc.integer({ min: 1, max: 9 }),
  personsUntil: fc.option(day),
  lowIncomeUntil: fc.option(day),
  heating: fc.boolean(),
  temporaryLimit: fc.constant(null),
});

function bases(pricing: fc.Arbitrary<Pricing>): fc.Arbitrary<PriceBasis> {
  const version = fc
    .record({
      pricing,
      household: fc.option(
        fc.record({
          basePersons: fc.integer({ min: 1, max: 5 }),
          extraPerPersonL: fc.array(upToL(90_000), { maxLength: 5 }),
        }),
      ),
      lowIncomeFreeL: upToL(60_000),
    })
    .map(({ pricing, ...more }) => versionOf(pricing, more));
  const use = fc.option(
    fc.record({
      usedL: upToL(900_000),
      heldL: upToL(90_000),
      heatingUsedL: upToL(500_000),
      heatingHeldL: upToL(90_000),
    }),
  );
  return fc.tuple(version, households, use, day).map(([version, household, use, day]) => {
    const at = noonOf(day);
    const { pricing } = version;
    const key = pricing.kind === "tiered" ? cycleKey(pricing.cycle, at) : null;
    return { version, household, at, tierUse: use && key !== null ? { cycleKey: key, ...use } : null };
  });
}

export const tieredBasis = bases(tiered);
export const volumeBasis = bases(fc.oneof({ weight: 4, arbitrary: tiered }, { weight: 1, arbitrary: flat }));
export const wholeM3 = fc.integer({ min: 1, max: 2000 }).map(m3);

const ruleId = { id: fc.constant("d"), name: fc.constant("优惠") };
export const deductionRule: fc.Arbitrary<DeductionRule> = fc.oneof(
  fc.record({ kind: fc.constant("fixed" as const), ...ruleId, amountFen: upToL(50_000), minGoodsFen: upToL(90_000) }),
  fc.record({
    kind: fc.constant("permille" as const),
    ...ruleId,
    permille: upToL(1000),
    maxFen: fc.option(upToL(20_000)),
    minGoodsFen: upToL(90_000),
  }),
  fc.record({ kind: fc.constant("perVolume" as const), ...ruleId, fenPerM3: upToL(400), maxVolumeL: upToL(500_000) }),
);
