/** Payouts of the fund bill × credits on the bank's statement. */
import { addDays } from "../calendar.ts";
import type { Day, Fen } from "../units.ts";

export interface PayoutMove {
  id: string;
  day: Day;
  amountFen: Fen;
  /** The gateway's number for the payout; the bank sometimes repeats it. */
  reference: string;
}

/** Banks book a payout on its day or within the next ones (holidays). */
export const payoutDaysMax = 7;

/**
 * Pairs payouts with credits of the same amount that were booked on the payout's day or up to seven days later: first
 * where the bank repeats the gateway's number, then the oldest with the oldest. Nothing is used twice.
 */
export function matchPayouts(
  payouts: readonly PayoutMove[],
  credits: readonly PayoutMove[],
): { payout: string; credit: string }[] {
  const pairs: { payout: string; credit: string }[] = [];
  const [usedPayouts, usedCredits] = [new Set<string>(), new Set<string>()];
  const byDay = (a: PayoutMove, b: PayoutMove): number =>
    a.day < b.day ? -1 : a.day > b.day ? 1 : a.id < b.id ? -1 : a.id > b.id ? 1 : 0;
  const [sortedPayouts, sortedCredits] = [payouts.toSorted(byDay), credits.toSorted(byDay)];
  for (const needsReference of [true, false]) {
    for (const payout of sortedPayouts) {
      if (usedPayouts.has(payout.id)) continue;
      const credit = sortedCredits.find(
        (each) =>
          !usedCredits.has(each.id) &&
          each.amountFen === payout.amountFen &&
          each.day >= payout.day &&
          each.day <= addDays(payout.day, payoutDaysMax) &&
          (!needsReference || each.reference.includes(payout.reference)),
      );
      if (credit === undefined) continue;
      usedPayouts.add(payout.id);
      usedCredits.add(credit.id);
      pairs.push({ payout: payout.id, credit: credit.id });
    }
  }
  return pairs;
}
