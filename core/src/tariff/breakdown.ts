/**
 * The bill the customer confirms (manual step 5): goods, debts, deductions, then the balance, then what is payable.
 * Pure: the same input gives the same bill, so that anyone can recompute it from its lines.
 */
import { assertInteger, err, type Fen, type Id, ok, type Result } from "../units.ts";
import { deductionsFor } from "./deduct.ts";
import { checkEntry, type Entry, type EntryRefusal, type LimitFacts, purchaseLimit } from "./limits.ts";
import { type PriceBasis, type Priced, priceByAmount, priceByVolume } from "./price.ts";
import { sumFen } from "./rounding.ts";
import type { Breakdown, DeductionRule, Delivers, PriceLine } from "./types.ts";

/** Something owed, as it shall stand on the bill. A late fee is a debt of its own with its own `ref`. */
export interface Debt {
  ref: Id;
  amountFen: Fen;
}

export interface QuoteInput extends PriceBasis {
  entry: Entry;
  limits: LimitFacts;
  /** The account's free balance, without what open purchases hold. */
  balanceFen: Fen;
  deductionRules: readonly DeductionRule[];
  debts: readonly Debt[];
  /** The company's setting: debts become rows of the purchase, or refuse it. */
  debtSetting: "rows" | "block";
}

export type QuoteRefusal =
  | EntryRefusal
  /** Keyed in by volume where the meter prices, or by amount where we do. */
  | { kind: "wrongEntry"; wants: Entry["kind"] }
  | { kind: "debt"; debtFen: Fen };

/**
 * Prices an entry. Always payable = goods + debts − deductions − balance offset, each of them ≥ 0.
 * Refusals are values; throws on a negative balance, a debt that is not positive, or a basis that can't be priced.
 */
export function quote(input: QuoteInput): Result<Breakdown, QuoteRefusal> {
  const debtFen = debtOf(input);
  if (debtFen > 0 && input.debtSetting === "block") return err({ kind: "debt", debtFen });
  const wants = input.version.pricing.kind === "meter" ? "amount" : "volume";
  if (input.entry.kind !== wants) return err({ kind: "wrongEntry", wants });
  const entry = checkEntry(input.entry, purchaseLimit(input, input.limits));
  return entry.ok ? ok(breakdownOf(input, debtFen)) : entry;
}

function breakdownOf(input: QuoteInput, debtFen: Fen): Breakdown {
  const { entry, version, balanceFen } = input;
  const priced = priceOf(input);
  const { goodsFen } = priced;
  const volumeL = entry.kind === "volume" ? entry.volumeL : 0;
  const deductions = deductionsFor(input.deductionRules, { goodsFen, volumeL });
  const dueFen = goodsFen + debtFen - sumFen(deductions);
  const balanceOffsetFen = Math.min(balanceFen, dueFen);
  return {
    tariffVersionId: version.id,
    lines: [...priced.lines, ...input.debts.map(debtLine)],
    goodsFen,
    debtFen,
    deductions,
    balanceOffsetFen,
    payableFen: dueFen - balanceOffsetFen,
    delivers: deliversOf(entry),
    tier: priced.tier,
  };
}

function priceOf(input: QuoteInput): Priced {
  const { entry, version } = input;
  return entry.kind === "amount" ? priceByAmount(version, entry.amountFen) : priceByVolume(input, entry.volumeL);
}

function deliversOf(entry: Entry): Delivers {
  return entry.kind === "amount"
    ? { kind: "amount", meterCreditFen: entry.amountFen }
    : { kind: "volume", volumeL: entry.volumeL };
}

function debtOf({ debts, balanceFen }: QuoteInput): Fen {
  assertInteger(balanceFen, "balanceFen");
  if (balanceFen < 0) throw new Error(`balanceFen is ${balanceFen}`);
  for (const { ref, amountFen } of debts) if (amountFen <= 0) throw new Error(`debt ${ref} is ${amountFen} fen`);
  return sumFen(debts);
}

function debtLine({ ref, amountFen }: Debt): PriceLine {
  const because: PriceLine["because"] = {
    rule: "debt",
    tariffVersionId: null,
    usedBeforeL: 0,
    usedAfterL: 0,
    tierUptoL: null,
    ref,
  };
  return { kind: "debt", tier: 0, unitPriceE4: 0, volumeL: 0, amountFen, because };
}
