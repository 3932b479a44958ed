/** Puts reconciliation together for one server process. */
import path from "node:path";
import type { DecisionKind } from "../decisions/types.ts";
import type { Routes } from "../http/app.ts";
import type { DatabaseConnection } from "../store/database.ts";
import type { ReconciliationBase, ReconciliationContext } from "./context.ts";
import { reconciliationDecisions } from "./decisions.ts";
import { openHeavyPool } from "./heavy.ts";
import { reconciliationRoutes } from "./routes.ts";
import { reconciliationScheduler, type Scheduler } from "./scheduler.ts";

export interface Reconciliation {
  /** One of `buildApp`'s `apiRoutes`. */
  routes: Routes;
  /** For decisions/. */
  decisions: DecisionKind[];
  scheduler: Scheduler;
  context: ReconciliationContext;
  /** After the last request: ends what was begun and closes its connections. */
  stop(): Promise<void>;
}

export interface ReconciliationOptions {
  database: DatabaseConnection;
  /** Bills are kept in its folder `bills`. */
  dataDir: string;
  /** For tests. */
  reached?: ReconciliationContext["reached"];
}

/** Does nothing by itself before `scheduler.start()`. */
export function openReconciliation(ctx: ReconciliationBase, options: ReconciliationOptions): Reconciliation {
  const context: ReconciliationContext = {
    db: ctx.db,
    now: ctx.now,
    newId: ctx.newId,
    random: ctx.random,
    channels: ctx.channels,
    log: ctx.log,
    heavy: openHeavyPool(options.database),
    billsDir: path.resolve(options.dataDir, "bills"),
    reached: options.reached ?? (async () => undefined),
  };
  const scheduler = reconciliationScheduler(context);
  return {
    routes: reconciliationRoutes(context, scheduler),
    decisions: reconciliationDecisions(context),
    scheduler,
    context,
    async stop() {
      await scheduler.stop();
      await context.heavy.close();
    },
  };
}
