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
 *   carried:ACCOUNT     litres or meter credit: left in a meter that was replaced, until the new one has it
 */
import type { MeterState, Posting } from "../aggregates.ts";
import type { Attempt, PayOut } from "../payment/types.ts";
import type { Purchase } from "../purchase/types.ts";
import type { Fen, Id } from "../units.ts";

type Part = [account: string, commodity: Posting["commodity"], amount: number];
const entry = (...parts: Part[]): Posting[] =>
  parts.filter(([, , amount]) => amount !== 0).map(([account, commodity, amount]) => ({ account, commodity, amount }));
const move = (from: string, to: string, amount: Fen): Posting[] => entry([to, "fen", amount], [from, "fen", -amount]);

/** Gas or credit to a meter from where it came; below zero, back. */
function moveGas(counts: "volume" | "money", from: string, meterId: Id, amount: number): Posting[] {
  const [meter, commodity] =
    counts === "volume" ? ([`gas:${meterId}`, "litre"] as const) : ([`meter:${meterId}`, "meterCredit"] as const);
  return entry([meter, commodity, amount], [from, commodity, -amount]);
}

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
    const from = b.fromCarried === true ? `carried:${p.accountId}` : null;
    return d.kind === "volume"
      ? [...money, ...moveGas("volume", from ?? `stock:${p.unitId}`, p.meterId, d.volumeL)]
      : [...money, ...moveGas("money", from ?? `credit:${p.unitId}`, p.meterId, d.meterCreditFen)];
  },
  /** Out of a meter that is replaced goes what is left in it; below zero, what was burnt before it was bought is owed. */
  leftInMeter: (
    { id: meterId, accountId }: Pick<MeterState, "id" | "accountId">,
    unitId: Id,
    { counts, remaining, owedFen }: { counts: "volume" | "money"; remaining: number; owedFen: Fen },
  ): Posting[] =>
    remaining >= 0
      ? moveGas(counts, `carried:${accountId}`, meterId, -remaining)
      : [
          ...moveGas(counts, `${counts === "volume" ? "stock" : "credit"}:${unitId}`, meterId, -remaining),
          ...move(`sales:${unitId}`, `receivable:${accountId}`, owedFen),
        ],
  /** What stands on the card and the old meter never took goes to the new one. */
  onCardStill: (from: Id, to: Id, counts: "volume" | "money", amount: number): Posting[] =>
    from === to ? [] : moveGas(counts, `${counts === "volume" ? "gas" : "meter"}:${from}`, to, amount),
  /** What is left of replaced meters is given back as money: the gas goes back where it came from. */
  carriedBack: (accountId: Id, unitId: Id, counts: "volume" | "money", amount: number): Posting[] => {
    const commodity = counts === "volume" ? "litre" : "meterCredit";
    const source = counts === "volume" ? "stock" : "credit";
    return entry([`${source}:${unitId}`, commodity, amount], [`carried:${accountId}`, commodity, -amount]);
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
