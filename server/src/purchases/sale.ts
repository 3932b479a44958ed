/** What selling needs beside the server's own context: the rows that are not guarded aggregates. */
import type { CardRows } from "../cards/cardRows.ts";
import type { ServerContext } from "../context.ts";
import type { TaskRows } from "../tasks/taskRows.ts";
import type { PurchaseRows } from "./purchaseRows.ts";

export interface SaleContext extends ServerContext {
  cardRows: CardRows;
  purchaseRows: PurchaseRows;
  taskRows: TaskRows;
  /** Something was committed here: due tasks may stand in the store. Never waits, never throws. */
  committed(): void;
}
