/** What selling needs beside the server's own context: the rows that are not guarded aggregates. */
import type { Id, Instant, Purchase, Transition } from "@citygas/core";
import type { BindRows } from "../binding/bindLink.ts";
import type { CardRows } from "../cards/cardRows.ts";
import type { ServerContext } from "../context.ts";
import type { Grant } from "../decisions/proposalRows.ts";
import type { MeterLink } from "../recharges/link.ts";
import type { TaskRows } from "../tasks/taskRows.ts";
import type { PurchaseRows } from "./purchaseRows.ts";

export interface SaleContext extends ServerContext {
  cardRows: CardRows;
  purchaseRows: PurchaseRows;
  taskRows: TaskRows;
  bindRows: BindRows;
  /** When a terminal's heartbeat was last written down; left out: terminals are not listened to, and none is missed. */
  terminalSeenAt?(id: Id): Promise<Instant | null>;
  /** Left out: no meter is on a link. */
  meterLink?: MeterLink;
  /** What two people allow at a reader; left out: nothing. */
  grantOf?(purchase: Purchase): Promise<Grant | undefined>;
  /** Told of each commit of this process, so that work that is due now needn't wait for a poll. Never throws. */
  committed(transition: Transition): void;
}
