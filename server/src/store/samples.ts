/** Made-up aggregates and transitions for tests of the store. */
import {
  type AccountState,
  type Attempt,
  type CardState,
  firstSecret,
  type Id,
  type MeterState,
  type Purchase,
  type TierState,
  type Transition,
} from "@citygas/core";

export const account = (id: Id, balanceFen = 0): AccountState => ({
  id,
  unitId: "unit-1",
  balanceFen,
  heldFen: 0,
  block: null,
});

export const meter = (id: Id, accountId: Id): MeterState => ({ id, accountId, openPurchaseId: null });

export const card = (id: Id, accountId: Id, meterId: Id): CardState => ({
  id,
  accountId,
  meterId,
  layout: "sample",
  cardClass: "B",
  cardNumber: `number of ${id}`,
  status: "current",
  replacement: 0,
  count: 0,
  lastAmount: 0,
  totalCredited: 0,
  acceptedCount: null,
  openPurchaseId: null,
  scriptSeq: 0,
  secret: firstSecret,
  lastReading: null,
});

export const tier = (id: Id, accountId: Id, cycleKey: string): TierState => ({
  id,
  accountId,
  cycleKey,
  usedL: 0,
  heldL: 0,
  heatingUsedL: 0,
  heatingHeldL: 0,
});

export const purchase = (id: Id, accountId: Id, state: Purchase["state"] = "quoted"): Purchase => ({
  id,
  number: `no ${id}`,
  token: `token ${id}`,
  state,
  accountId,
  unitId: "unit-1",
  meterId: `meter of ${accountId}`,
  cardId: null,
  tierId: null,
  channel: "kiosk",
  terminalId: null,
  breakdown: {
    tariffVersionId: "price-1",
    lines: [],
    goodsFen: 100,
    debtFen: 0,
    deductions: [],
    balanceOffsetFen: 0,
    payableFen: 100,
    delivers: { kind: "volume", volumeL: 1000 },
    tier: null,
  },
  later: false,
  quotedAt: 1_000,
  confirmedAt: null,
  paidAt: null,
  settledAt: null,
  dueAt: 301_000,
  countBefore: null,
  totalBefore: null,
  liveAttemptIds: [],
  paidAttemptId: null,
  script: null,
  yielding: false,
  issuedToPhone: false,
  replaced: false,
  refundTried: false,
  refundNeeds: "image",
  awaitsMeter: false,
  reason: null,
  refund: null,
  outcomeSeen: false,
});

export const attempt = (id: Id, purchaseId: Id): Attempt => ({
  id,
  purchaseId,
  kind: "code",
  channel: "test",
  outTradeNo: `trade ${id}`,
  amountFen: 100,
  state: "created",
  createdAt: 1_000,
  submittedAt: null,
  deadlineAt: 46_000,
  payer: null,
  prepayId: null,
  closeWanted: false,
  closeCalls: 0,
  drawerId: null,
  cancelRequested: false,
  reversingSince: null,
  endedAt: null,
  reverseCalls: 0,
  notFoundCount: 0,
  notFoundSince: null,
  refusedCode: null,
  transactionId: null,
  paidAt: null,
  codeMask: "13****1234",
  oddFen: null,
  lateSuccess: null,
});

type Rest = Partial<Omit<Transition, "eventId" | "subject">>;

/** A transition whose subject is an account: its state as given, one version up. */
export const accountTransition = (eventId: Id, state: AccountState, expected: number, rest: Rest = {}): Transition => ({
  eventId,
  at: 1_000,
  event: { type: "changed" },
  guards: [],
  postings: [],
  tasks: { add: [], drop: [] },
  ...rest,
  subject: { kind: "account", id: state.id },
  writes: [{ kind: "account", id: state.id, expected, state }, ...(rest.writes ?? [])],
});

/** A transition whose subject is a purchase. */
export const purchaseTransition = (eventId: Id, state: Purchase, expected: number, rest: Rest = {}): Transition => ({
  eventId,
  at: 1_000,
  event: { type: state.state },
  guards: [],
  postings: [],
  tasks: { add: [], drop: [] },
  ...rest,
  subject: { kind: "purchase", id: state.id },
  writes: [{ kind: "purchase", id: state.id, expected, state }, ...(rest.writes ?? [])],
});
