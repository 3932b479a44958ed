import type { Bank } from "./bank.ts";
import type { Book } from "./book.ts";
import type { Gateway } from "./names.ts";
import type { LedgerRow, PayCalls, Trade } from "./rows.ts";

/** The oracle for tests: what the gateways really took and gave back, whatever they answered. Fen. */
export interface Ledger {
  /** Movements in the order they happened, of one gateway or of all. */
  rows(gateway?: Gateway): LedgerRow[];
  /** Charges minus refunds, of one gateway or of all. */
  netFen(gateway?: Gateway): number;
  totals(gateway?: Gateway): LedgerTotals;
  /** Every order a gateway knows, with its refunds. */
  orders(gateway: Gateway): Trade[];
  /** Pay calls that arrived at a gateway, by order. */
  payCalls(gateway: Gateway): PayCalls[];
}
export interface LedgerTotals {
  chargedFen: number;
  refundedFen: number;
  netFen: number;
  /** What the gateway keeps of it. */
  feesFen: number;
  /** What it pays out in the end: net minus fees. */
  payoutFen: number;
}

export function makeLedger(book: Book, bank: Bank): Ledger {
  function rows(gateway?: Gateway): LedgerRow[] {
    bank.settle();
    return book.ledger.filter((row) => gateway === undefined || row.gateway === gateway);
  }

  function totals(gateway?: Gateway): LedgerTotals {
    let [chargedFen, refundedFen, feesFen] = [0, 0, 0];
    for (const { kind, amountFen, feeFen } of rows(gateway)) {
      if (kind === "charge") chargedFen += amountFen;
      else refundedFen += amountFen;
      feesFen += feeFen;
    }
    const netFen = chargedFen - refundedFen;
    return { chargedFen, refundedFen, netFen, feesFen, payoutFen: netFen - feesFen };
  }

  return {
    rows,
    totals,
    netFen: (gateway) => totals(gateway).netFen,
    orders(gateway) {
      bank.settle();
      return [...book.trades.values()].filter((trade) => trade.gateway === gateway);
    },
    payCalls: (gateway) => [...book.payCalls.values()].filter((calls) => calls.gateway === gateway),
  };
}
