import type { Book, LedgerRow } from "./book.ts";
import type { Gateway } from "./faults.ts";

/** The oracle for tests: what the gateways really took and gave back, whatever they answered. */
export interface Ledger {
  /** Movements in the order they happened, of one gateway or of both. */
  rows(gateway?: Gateway): LedgerRow[];
  /** Charges minus refunds, in fen, of one gateway or of both. */
  netFen(gateway?: Gateway): number;
}

export function makeLedger(book: Book): Ledger {
  const rows = (gateway?: Gateway) => book.ledger.filter((row) => gateway === undefined || row.gateway === gateway);
  return {
    rows,
    netFen: (gateway) =>
      rows(gateway).reduce((sum, row) => sum + (row.kind === "charge" ? row.amountFen : -row.amountFen), 0),
  };
}
