/** Puts selling together: rows, payments, routes and the runner of one server process. */
import { sqlBindRows } from "../binding/bindLink.ts";
import { openCallbacks } from "../callbacks/callbacks.ts";
import { sqlNotificationRows } from "../callbacks/notificationRows.ts";
import { callbackRoutes } from "../callbacks/routes.ts";
import { sqlCardRows } from "../cards/cardRows.ts";
import { registerCards } from "../cards/routes.ts";
import type { ServerContext } from "../context.ts";
import { grantOf } from "../decisions/kinds/purchase.ts";
import type { App } from "../http/app.ts";
import { drainPayments, newPayments, type Payments } from "../payments/payments.ts";
import { registerPayments } from "../payments/routes.ts";
import { inTurn, janitor } from "../tasks/janitor.ts";
import { sweepTasks, type TaskRunner, taskRunner } from "../tasks/runner.ts";
import { sqlTaskRows } from "../tasks/taskRows.ts";
import { terminalSeenAt } from "../terminals/terminalRows.ts";
import { sqlPurchaseRows } from "./purchaseRows.ts";
import { registerPurchases } from "./routes.ts";
import type { SaleContext } from "./sale.ts";

export interface Sales {
  /** For what is mounted beside selling: decisions, counters, the staff's list. */
  sale: SaleContext;
  /** One of `buildApp`'s `apiRoutes`. */
  routes(app: App): void;
  /** One of `buildApp`'s `rootRoutes`: what gateways send. */
  callbacks(app: App): void;
  /** Puts lost tasks back and begins to work on due ones. */
  start(): Promise<void>;
  /** One round of the janitor: lost tasks are put back, notifications that were left lying are carried out. */
  clean(): Promise<void>;
  /** After the last request: takes no more tasks, resolves when all that was begun is done. */
  stop(): Promise<void>;
}

export function openSales(ctx: ServerContext): Sales {
  const payments = newPayments();
  let runner: TaskRunner | null = null;
  const sale: SaleContext = {
    ...ctx,
    cardRows: sqlCardRows(ctx.db),
    purchaseRows: sqlPurchaseRows(ctx.db),
    taskRows: sqlTaskRows(ctx.db),
    bindRows: sqlBindRows(ctx.db),
    terminalSeenAt: (id) => terminalSeenAt(ctx.db, id),
    grantOf: (purchase) => grantOf(ctx, purchase),
    committed({ tasks, at }) {
      // A submit task only matters when the process that holds the code dies: it can wait for the poll.
      if (tasks.add.some(({ kind, dueAt }) => kind !== "attemptSubmit" && dueAt <= at)) runner?.wake();
    },
  };
  const running = taskRunner(sale, payments);
  runner = running;
  const callbacks = openCallbacks(sale, payments, sqlNotificationRows(ctx.db));
  const clean = (): Promise<void> => inTurn(() => sweepTasks(sale, 1), callbacks.sweep);
  const cleaning = janitor(clean, ctx.log);
  return {
    clean,
    sale,
    routes: (app) => registerSales(app, sale, payments),
    callbacks: (app) => callbackRoutes(callbacks)(app, ctx),
    async start() {
      await sweepTasks(sale);
      running.start();
      cleaning.start();
    },
    async stop() {
      await cleaning.stop();
      await callbacks.drain();
      await drainPayments(payments);
      await running.stop();
    },
  };
}

/** All routes of purchases, payments and cards. */
export function registerSales(app: App, sale: SaleContext, payments: Payments): void {
  registerPurchases(app, sale);
  registerPayments(app, sale, payments);
  registerCards(app, sale);
}
