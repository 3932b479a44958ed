/**
 * How much may be bought now (本次最大购气金额 / 可购买量), and which rule says so. Sources: manual step 4 (1500 元,
 * 9999999方); facts/domain §4 "调价" (limit before a price change) and "Charge cap" (the meter refuses a card that
 * would lift it above its ceiling, so we refuse to sell it).
 */
import { dayOf } from "../calendar.ts";
import { err, type Fen, type Instant, type Litre, never, ok, type Result } from "../units.ts";
import { mostM3, type PriceBasis, volumeForAmount } from "./price.ts";
import { litresPerM3 } from "./rounding.ts";
import type { HouseholdFacts } from "./types.ts";

/** What the customer keyed in; by amount where the meter prices, else by volume. */
export type Entry = { kind: "amount"; amountFen: Fen } | { kind: "volume"; volumeL: Litre };
/** `absolute` is the manual's 9999999, which holds where nothing else does. */
export type LimitRule = "perPurchase" | "temporary" | "beforePriceChange" | "ceiling" | "absolute";
export interface PurchaseLimit {
  most: Entry;
  rule: LimitRule;
}

/** What the meter can take and what is on it, in the unit that it counts. */
export type MeterRoom =
  | { kind: "amount"; ceilingFen: Fen; remainingFen: Fen }
  | { kind: "volume"; ceilingL: Litre; remainingL: Litre };

/** What a limit depends on besides the price. */
export interface LimitFacts {
  /** null = the meter has no ceiling that we know of. */
  meterRoom: MeterRoom | null;
  /** Bought, and held by open purchases, since `limits.beforeChange.fromDay`; 0 where there is no such limit. */
  boughtBeforeChangeL: Litre;
}

/** Why an entry isn't sold. `most` is what would be. */
export type EntryRefusal =
  | { kind: "zero" }
  /** By volume: not whole m³. By amount: not whole fen. */
  | { kind: "notWhole" }
  | { kind: "overLimit"; most: Entry; rule: Exclude<LimitRule, "ceiling"> }
  | { kind: "overCeiling"; most: Entry };

/** The most that may be bought now: the smallest of all limits in force, by volume rounded down to whole m³. */
export function purchaseLimit(basis: PriceBasis, facts: LimitFacts): PurchaseLimit {
  return basis.version.pricing.kind === "meter" ? amountLimit(basis, facts) : volumeLimit(basis, facts);
}

/** Checks what was keyed in against the limit. Throws when the two are of different kinds: the caller's mistake. */
export function checkEntry(entry: Entry, { most, rule }: PurchaseLimit): Result<Entry, EntryRefusal> {
  if (entry.kind !== most.kind) throw new Error(`entry by ${entry.kind} against a limit by ${most.kind}`);
  const value = quantityOf(entry);
  const step = entry.kind === "volume" ? litresPerM3 : 1;
  if (value <= 0) return err({ kind: "zero" });
  if (!Number.isSafeInteger(value) || value % step !== 0) return err({ kind: "notWhole" });
  if (value <= quantityOf(most)) return ok(entry);
  return err(rule === "ceiling" ? { kind: "overCeiling", most } : { kind: "overLimit", most, rule });
}

/** One limit, in fen or litres; null = it doesn't hold now. */
type Bound = [LimitRule, number | null];

function amountLimit({ version, household, at }: PriceBasis, { meterRoom }: LimitFacts): PurchaseLimit {
  // The limit before a price change doesn't hold here: a meter that prices by itself prices gas when it is burnt,
  // so nothing is won by buying early.
  const { most, rule } = least([
    ["absolute", mostM3 * 100],
    ["perPurchase", version.limits.perPurchaseFen],
    ["temporary", temporaryLimit(household, at)?.amountFen ?? null],
    ["ceiling", meterRoom && roomOf(meterRoom, "amount")],
  ]);
  return { most: { kind: "amount", amountFen: most }, rule };
}

function volumeLimit(basis: PriceBasis, { meterRoom, boughtBeforeChangeL }: LimitFacts): PurchaseLimit {
  const { perPurchaseL, perPurchaseFen, beforeChange } = basis.version.limits;
  const temporary = temporaryLimit(basis.household, basis.at);
  const payableFor = (amountFen: Fen | null): Litre | null =>
    amountFen === null ? null : volumeForAmount(basis, amountFen);
  const changeIsNear = beforeChange !== null && beforeChange.fromDay <= dayOf(basis.at);
  const { most, rule } = least([
    ["absolute", mostM3 * litresPerM3],
    ["perPurchase", perPurchaseL],
    ["perPurchase", payableFor(perPurchaseFen)],
    ["temporary", temporary?.volumeL ?? null],
    ["temporary", payableFor(temporary?.amountFen ?? null)],
    ["beforePriceChange", changeIsNear ? beforeChange.volumeL - boughtBeforeChangeL : null],
    ["ceiling", meterRoom && roomOf(meterRoom, "volume")],
  ]);
  return { most: { kind: "volume", volumeL: most - (most % litresPerM3) }, rule };
}

/** The smallest bound that holds, never below 0; of equal ones the first. */
function least(bounds: readonly Bound[]): { most: number; rule: LimitRule } {
  let [rule, most]: [LimitRule, number] = ["absolute", Number.MAX_SAFE_INTEGER];
  for (const [boundRule, bound] of bounds) {
    if (bound !== null && bound < most) [rule, most] = [boundRule, bound];
  }
  return { most: Math.max(0, most), rule };
}

function temporaryLimit({ temporaryLimit: limit }: HouseholdFacts, at: Instant): HouseholdFacts["temporaryLimit"] {
  return limit !== null && limit.until >= dayOf(at) ? limit : null;
}

function roomOf(room: MeterRoom, kind: Entry["kind"]): number {
  if (room.kind !== kind) throw new Error(`meter counts by ${room.kind} but is sold to by ${kind}`);
  return room.kind === "amount" ? room.ceilingFen - room.remainingFen : room.ceilingL - room.remainingL;
}

function quantityOf(entry: Entry): number {
  switch (entry.kind) {
    case "amount":
      return entry.amountFen;
    case "volume":
      return entry.volumeL;
    default:
      return never(entry, "entry");
  }
}
