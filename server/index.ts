/** The centre: start it in this process, or run `src/main.ts` as a process of its own. */

// The services themselves, over the store's port: what the simulation runs without routes and without a database.
export { type Callbacks, openCallbacks } from "./src/callbacks/callbacks.ts";
export type { Notification, NotificationRows } from "./src/callbacks/notificationRows.ts";
export { type CardRows, type CardSession, type CardWrite, type StoredWrite, stopOf } from "./src/cards/cardRows.ts";
export { endSession, takeReport } from "./src/cards/report.ts";
export { sealCommand } from "./src/cards/sealCommand.ts";
export { openSession, putImage, wantScript } from "./src/cards/sessions.ts";
export { channelsOf, type Gateways } from "./src/config/gatewaySettings.ts";
export type { Customer, Registry, ServerContext, TerminalFacts } from "./src/context.ts";
export { closeShift, makeDrawer, openShift } from "./src/counter/drawers.ts";
export { type CounterPayment, payAtCounter } from "./src/counter/payments.ts";
export { type Decisions, openDecisions } from "./src/decisions/decisions.ts";
export { replaceKind } from "./src/decisions/kinds/card.ts";
export { meterKinds } from "./src/decisions/kinds/meter.ts";
export { moneyKinds } from "./src/decisions/kinds/money.ts";
export { grantOf, purchaseKinds } from "./src/decisions/kinds/purchase.ts";
export type { Grant } from "./src/decisions/proposalRows.ts";
export type { StaffFacts } from "./src/decisions/types.ts";
export type { Demo, DemoSeed } from "./src/demo/seed.ts";
export { makeLog } from "./src/http/log.ts";
export { newPayments, type Payments, startAttempt } from "./src/payments/payments.ts";
export { startPrepay } from "./src/payments/prepay.ts";
export { applyEvent, type KeyedRequest, loggedEvent } from "./src/purchases/applyEvent.ts";
export { cancelPurchase } from "./src/purchases/cancel.ts";
export { confirmPurchase } from "./src/purchases/confirm.ts";
export type { PurchaseRows } from "./src/purchases/purchaseRows.ts";
export { quotePurchase } from "./src/purchases/quote.ts";
export type { Refused } from "./src/purchases/refused.ts";
export type { SaleContext } from "./src/purchases/sale.ts";
export { viewOf } from "./src/purchases/view.ts";
export type { MeterCommand, MeterLink, MeterWord } from "./src/recharges/link.ts";
export { quoteRecharge } from "./src/recharges/quoteRecharge.ts";
export { heardFromMeter } from "./src/recharges/recharges.ts";
export {
  openReconciliation,
  type Reconciliation,
  type ReconciliationOptions,
} from "./src/reconciliation/reconciliation.ts";
export {
  issuedImage,
  issueImage,
  mayReplace,
  replaceCard,
  replacedEvent,
  setCardStatus,
} from "./src/registration/replacement.ts";
export { type RunningServer, type ServerOptions, startServer } from "./src/server.ts";
export type { DatabaseConnection } from "./src/store/database.ts";
export { openPool } from "./src/store/database.ts";
export { type LoadedRow, loaded } from "./src/store/loaded.ts";
export { openMemoryStore } from "./src/store/memory.ts";
export { migrate } from "./src/store/migrate.ts";
export type { CommitResult, Loaded, Row, Store, Task } from "./src/store/port.ts";
export { checkTransition, DuplicateValueError, UniqueOwners } from "./src/store/transition.ts";
export { type TaskRunner, taskRunner } from "./src/tasks/runner.ts";
export type { TaskRows } from "./src/tasks/taskRows.ts";
export { attendanceTimers } from "./src/terminals/attendance.ts";
