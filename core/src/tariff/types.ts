import type { Day, Fen, Id, Instant, Litre, PriceE4 } from "../units.ts";

/** When a household's tier volume starts again. */
export type TierCycle =
  | { kind: "calendarYear" }
  /** A tier year starting on any month and day, e.g. the heating year from 10-01. */
  | { kind: "yearFrom"; month: number; day: number }
  | { kind: "month" };

/** Upper bound of a tier in litres over the cycle (null = no bound) and its price. */
export interface Tier {
  uptoL: Litre | null;
  priceE4: PriceE4;
}

/**
 * A dated window inside the cycle with quota and price of its own, for heating households. Month/day inclusive, may wrap
 * the year.
 */
export interface HeatingSeason {
  from: { month: number; day: number };
  to: { month: number; day: number };
  quotaL: Litre;
  priceE4: PriceE4;
}

export type Pricing =
  | { kind: "tiered"; cycle: TierCycle; tiers: Tier[]; heating: HeatingSeason | null }
  /** Non-residential: one price, or one per season. */
  | {
      kind: "flat";
      priceE4: PriceE4;
      seasons: { from: { month: number; day: number }; to: { month: number; day: number }; priceE4: PriceE4 }[];
    }
  /** By-amount cards: the meter holds the price table; we sell credit. `tableE4` is what the meter should be told. */
  | { kind: "meter"; tableE4: Tier[] };

/** A price for a kind of customer from an instant on. Versions are never edited. */
export interface TariffVersion {
  id: Id;
  tariffId: Id;
  name: string;
  effectiveFrom: Instant;
  pricing: Pricing;
  /** Litres by which each person above `basePersons` widens each tier, by tier index (so bounds above move along). */
  household: { basePersons: number; extraPerPersonL: Litre[] } | null;
  /**
   * The first litres of each cycle, free of charge for low-income households (低保); they count in the tiers. Tiered
   * prices only.
   */
  lowIncomeFreeL: Litre;
  /** Most per purchase, and most from `beforeChange.fromDay` until a coming price change. null = no limit. */
  limits: {
    perPurchaseFen: Fen | null;
    perPurchaseL: Litre | null;
    beforeChange: { fromDay: Day; volumeL: Litre } | null;
  };
}

/** What about the household matters for the price. */
export interface HouseholdFacts {
  persons: number;
  /** Last day on which more persons than the base count; null = doesn't expire. */
  personsUntil: Day | null;
  /** Last day as a low-income household; null = is none. */
  lowIncomeUntil: Day | null;
  heating: boolean;
  /** A limit put on this account by hand, until a day. */
  temporaryLimit: { until: Day; volumeL: Litre | null; amountFen: Fen | null } | null;
}

/**
 * Where a household stands in its cycle. `heldL` is promised to open purchases. Keyed by household + cycle.
 * Heating litres are counted apart and are not in `usedL`.
 */
export interface TierUse {
  cycleKey: string;
  usedL: Litre;
  heldL: Litre;
  heatingUsedL: Litre;
  heatingHeldL: Litre;
}

/** One line of a bill and why it is so. Amounts are rounded half up once per line, never on totals. */
export interface PriceLine {
  kind: "gas" | "meterCredit" | "debt";
  /** 1-based tier, 0 where there is none. */
  tier: number;
  unitPriceE4: PriceE4;
  volumeL: Litre;
  amountFen: Fen;
  /** For people and for machines that recompute it. */
  because: {
    rule: "tier" | "heating" | "flat" | "lowIncome" | "meterPrices" | "debt";
    tariffVersionId: Id | null;
    usedBeforeL: Litre;
    usedAfterL: Litre;
    tierUptoL: Litre | null;
    ref: Id | null;
  };
}

/** 优惠: typed, each with the rule that gave it. Taken before the balance. */
export type DeductionRule =
  | { kind: "fixed"; id: Id; name: string; amountFen: Fen; minGoodsFen: Fen }
  | { kind: "permille"; id: Id; name: string; permille: number; maxFen: Fen | null; minGoodsFen: Fen }
  | { kind: "perVolume"; id: Id; name: string; fenPerM3: Fen; maxVolumeL: Litre };
export interface Deduction {
  ruleId: Id;
  kind: DeductionRule["kind"];
  name: string;
  amountFen: Fen;
}

export type Delivers = { kind: "volume"; volumeL: Litre } | { kind: "amount"; meterCreditFen: Fen };

/** What the customer confirms: never changes afterwards (I9). payable = goods + debts − deductions − balance. */
export interface Breakdown {
  tariffVersionId: Id;
  lines: PriceLine[];
  goodsFen: Fen;
  debtFen: Fen;
  deductions: Deduction[];
  balanceOffsetFen: Fen;
  payableFen: Fen;
  delivers: Delivers;
  /** What it delivers was left in a meter that was replaced: nothing is paid for it, and it comes out of `carried`. */
  fromCarried?: true;
  /**
   * What this purchase uses of the tiers and, apart from it, of the heating quota; null when nothing is counted (flat,
   * meter).
   */
  tier: { cycleKey: string; volumeL: Litre; heatingL: Litre } | null;
}
