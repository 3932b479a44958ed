/**
 * Double entry in three commodities: money (fen), gas (litres), meter credit (fen, for meters that price by
 * themselves). Debit positive, credit negative; each transition's postings sum to zero per commodity (I7).
 *
 * Chart of accounts (`:`-separated; what follows is an id):
 *   gateway:CHANNEL     asset       money at the gateway, per channel
 *   drawer:ID           asset       cash in a cashier's drawer
 *   bank:UNIT           asset       the company's bank account
 *   customer:ACCOUNT    liability   free balance
 *   held:ACCOUNT        liability   balance promised to an open purchase
 *   open:UNIT           liability   paid for, not delivered yet
 *   sales:UNIT          income      delivered
 *   discount:UNIT       expense     优惠
 *   receivable:ACCOUNT  asset       debts
 *   returns:CHANNEL     liability   late successes on their way back
 *   stock:UNIT / gas:METER          litres: from the company, to the meter
 *   credit:UNIT / meter:METER       meter credit: issued, to the meter
 */
import type { Posting } from "../aggregates.ts";
import type { Attempt, PayOut } from "../payment/types.ts";
import type { Purchase } from "../purchase/types.ts";
import type { Fen } from "../units.ts";

type Part = [account: string, commodity: Posting["commodity"], amount: number];
const entry = (...parts: Part[]): Posting[] =>
  parts.filter(([, , amount]) => amount !== 0).map(([account, commodity, amount]) => ({ account, commodity, amount }));
const move = (from: string, to: string, amount: Fen): Posting[] => entry([to, "fen", amount], [from, "fen", -amount]);

export const postings = {
  /** The balance offset leaves the free balance: a liability grows smaller (debit), the held one larger. */
  holdBalance: (p: Purchase, amountFen: Fen) => move(`held:${p.accountId}`, `customer:${p.accountId}`, amountFen),
  releaseBalance: (p: Purchase, amountFen: Fen) => move(`customer:${p.accountId}`, `held:${p.accountId}`, amountFen),
  spendBalance: (p: Purchase, amountFen: Fen) => move(`open:${p.unitId}`, `held:${p.accountId}`, amountFen),
  payIn: (p: Purchase, a: Attempt) => move(`open:${p.unitId}`, takenAt(a), a.amountFen),
  /** Delivered: what was taken in, plus the deduction, becomes sales and settled debts; gas or credit goes to the meter. */
  deliver: (p: Purchase): Posting[] => {
    const b = p.breakdown;
    const takenFen = b.payableFen + b.balanceOffsetFen;
    const discountFen = b.goodsFen + b.debtFen - takenFen;
    const money = entry(
      [`open:${p.unitId}`, "fen", takenFen],
      [`discount:${p.unitId}`, "fen", discountFen],
      [`sales:${p.unitId}`, "fen", -b.goodsFen],
      [`receivable:${p.accountId}`, "fen", -b.debtFen],
    );
    const d = b.delivers;
    return d.kind === "volume"
      ? [...money, ...entry([`gas:${p.meterId}`, "litre", d.volumeL], [`stock:${p.unitId}`, "litre", -d.volumeL])]
      : [
          ...money,
          ...entry(
            [`meter:${p.meterId}`, "meterCredit", d.meterCreditFen],
            [`credit:${p.unitId}`, "meterCredit", -d.meterCreditFen],
          ),
        ];
  },
  /** Money back by its channel or as it was paid out instead, the balance part into the balance. */
  payBack: (p: Purchase, a: Attempt | null): Posting[] => [
    ...(a === null ? [] : move(givenFrom(p, a, p.refund?.paidOut ?? null), `open:${p.unitId}`, a.amountFen)),
    ...move(`customer:${p.accountId}`, `open:${p.unitId}`, p.breakdown.balanceOffsetFen),
  ],
  lateSuccess: (a: Attempt) => move(`returns:${a.channel}`, `gateway:${a.channel}`, a.amountFen),
  lateRefunded: (p: Purchase, a: Attempt, paidOut: PayOut | null) =>
    move(givenFrom(p, a, paidOut), `returns:${a.channel}`, a.amountFen),
};

/** Where an attempt's money is. */
const takenAt = (a: Attempt): string => (a.drawerId === null ? `gateway:${a.channel}` : `drawer:${a.drawerId}`);

/** Where money that goes back is taken from. */
function givenFrom(p: Purchase, a: Attempt, paidOut: PayOut | null): string {
  switch (paidOut?.way) {
    case undefined:
      return takenAt(a);
    case "bank":
      return `bank:${p.unitId}`;
    case "cash":
      if (paidOut.drawerId === null) throw new Error(`cash for ${p.id} from no drawer`);
      return `drawer:${paidOut.drawerId}`;
    case "balance":
      return `customer:${p.accountId}`;
  }
}

/** Sums per commodity; a transition whose sums are not all zero is a programmer's error. */
export function postingSums(all: readonly Posting[]): Record<Posting["commodity"], number> {
  const sums = { fen: 0, litre: 0, meterCredit: 0 };
  for (const p of all) sums[p.commodity] += p.amount;
  return sums;
}
