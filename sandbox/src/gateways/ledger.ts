import type { Book, LedgerRow, PayCalls } from "./book.ts";
import type { Gateway } from "./faults.ts";

/** The oracle for tests: what the gateways really took and gave back, whatever they answered. */
export interface Ledger {
  /** Movements in the order they happened, of one gateway or of both. */
  rows(gateway?: Gateway): LedgerRow[];
  /** Charges minus refunds, in fen, of one gateway or of both. */
  netFen(gateway?: Gateway): number;
  /** Pay calls that arrived at a gateway, by order. */
  payCalls(gateway: Gateway): PayCalls[];
}

export function makeLedger(book: Book): Ledger {
  const rows = (gateway?: Gateway) => book.ledger.filter((row) => gateway === undefined || row.gateway === gateway);
  return {
    rows,
    netFen: (gateway) =>
      rows(gateway).reduce((sum, row) => sum + (row.kind === "charge" ? row.amountFen : -row.amountFen), 0),
    payCalls: (gateway) => [...book.payCalls.values()].filter((calls) => calls.gateway === gateway),
  };
}
