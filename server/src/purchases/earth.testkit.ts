/** What outlives a process: the store, rows beside it, a bank, two kiosks, accounts with cards in hands, the clock. */
import {
  type AccountState,
  type CardState,
  firstSecret,
  type Id,
  openStates,
  type Purchase,
  type TariffVersion,
} from "@citygas/core";
import type { BookedSum } from "@citygas/e2e";
import { type LayoutDriver, openBMoney, openBVolume } from "@citygas/gascard";
import type { Pool } from "pg";
import { type BindLink, type BindRows, sqlBindRows } from "../binding/bindLink.ts";
import {
  attemptIdOf,
  type MemoryNotifications,
  memoryNotifications,
} from "../callbacks/memoryNotifications.testkit.ts";
import { type TestCard, testCard } from "../cards/card.testkit.ts";
import { type CardRows, type CardSession, type StoredWrite, sqlCardRows, stopOf } from "../cards/cardRows.ts";
import type { Customer, TerminalFacts } from "../context.ts";
import type { Store } from "../store/port.ts";
import { type StaffTask, sqlTaskRows, type TaskRows } from "../tasks/taskRows.ts";
import { type Bank, type Call, fakeBank } from "./bank.testkit.ts";
import { type PurchaseRows, sqlPurchaseRows } from "./purchaseRows.ts";
import { debtsOn } from "./settleDebts.ts";

const unit = { id: "unit-1", name: "和静县", company: "洪通燃气", hotline: "0996-2959627" };
export const terminals: [TerminalFacts, TerminalFacts] = [
  { id: "kiosk-1", name: "自助终端1", kind: "kiosk", unit },
  { id: "kiosk-2", name: "自助终端2", kind: "kiosk", unit },
];
export const [kiosk1, kiosk2] = terminals;
/** A customer's phone with a card reader at it. */
export const phone1: TerminalFacts = { ...kiosk1, id: "phone-1", name: "手机1", kind: "phone" };
/** A kiosk that another company unit put up. */
export const kioskElsewhere: TerminalFacts = {
  ...kiosk1,
  id: "kiosk-3",
  name: "自助终端3",
  unit: { ...unit, id: "unit-2", name: "轮台县" },
};
const noLimits = { perPurchaseFen: null, perPurchaseL: null, beforeChange: null };

const version = (more: Partial<TariffVersion>): TariffVersion => ({
  id: "v1",
  tariffId: "t1",
  name: "居民",
  effectiveFrom: 0,
  pricing: { kind: "meter", tableE4: [{ uptoL: null, priceE4: 25_300 }] },
  household: null,
  lowIncomeFreeL: 0,
  limits: noLimits,
  ...more,
});
export const byAmount = version({ limits: { ...noLimits, perPurchaseFen: 150_000 } });
export const byVolume = version({
  pricing: {
    kind: "tiered",
    cycle: { kind: "calendarYear" },
    tiers: [
      { uptoL: 420_000, priceE4: 25_300 },
      { uptoL: null, priceE4: 30_400 },
    ],
    heating: null,
  },
});

/** What outlives a process: the store, the rows beside it, the bank, the clock. */
export interface Earth {
  store: Store;
  rows: { cardRows: CardRows; purchaseRows: PurchaseRows; taskRows: TaskRows; bindRows: BindRows };
  clock: { now: number };
  bank: Bank;
  notifications: MemoryNotifications;
  customers: Map<Id, Customer>;
  cardIds: Map<string, Id>;
  /** As they were committed last. */
  purchases: Map<Id, Purchase>;
  accounts: Map<Id, AccountState>;
  /** All that was committed. */
  postings: BookedSum[];
  staff: Map<Id, StaffTask>;
  ids: { next: number };
  openingFen: number;
}

export const startMs = Date.UTC(2026, 10, 23, 2, 0, 0);

let latest: Earth | null = null;
/** The one that was made last, where all of it is in memory. */
export const latestInMemory = (): Earth | null => latest;

/** @param db with it, rows beside the store are SQL too. */
export function makeEarth(base: Store, db: Pool | null = null): Earth {
  const clock = { now: startMs };
  const purchases = new Map<Id, Purchase>();
  const accounts = new Map<Id, AccountState>();
  const postings: BookedSum[] = [];
  const staff = new Map<Id, StaffTask>();
  const store: Store = {
    ...base,
    async commit(transition) {
      const result = await base.commit(transition);
      if (result.kind !== "done") return result;
      for (const write of transition.writes) {
        if (write.kind === "purchase") purchases.set(write.id, write.state);
        if (write.kind === "account") accounts.set(write.id, write.state);
      }
      const { subject, event } = transition;
      const purchaseId = subject.kind === "purchase" ? subject.id : null;
      const beside = transition.postings.find(({ account }) => account.startsWith("gateway:"))?.account ?? null;
      const bySwap = JSON.stringify(event).includes('"type":"meterReplaced"');
      for (const posting of transition.postings) postings.push({ ...posting, purchaseId, beside, bySwap });
      return result;
    },
  };
  const memory = memoryRows(purchases, staff);
  const bank = fakeBank("wechat", () => clock.now);
  bank.witness = (call, outTradeNo, refundNo) => isWrittenDown(store, call, outTradeNo, refundNo);
  const earth: Earth = {
    store,
    rows:
      db === null
        ? memory
        : {
            cardRows: sqlCardRows(db),
            purchaseRows: sqlPurchaseRows(db),
            taskRows: sqlTaskRows(db),
            bindRows: sqlBindRows(db),
          },
    clock,
    bank,
    notifications: memoryNotifications(),
    customers: new Map(),
    cardIds: new Map(),
    purchases,
    accounts,
    postings,
    staff,
    ids: { next: 0 },
    openingFen: 0,
  };
  latest = db === null ? earth : null;
  return earth;
}

/** I5: before a call that moves money or an order, its intent stands in a durable row. */
async function isWrittenDown(store: Store, call: Call, outTradeNo: string, refundNo: string | null): Promise<void> {
  if (call === "query" || call === "queryRefund") return;
  const id = attemptIdOf(outTradeNo);
  const attempt = (await store.load([{ kind: "attempt", id }])).get("attempt", id)?.state;
  if (attempt === undefined) throw new Error(`I5: ${call} for an attempt that is not in the store`);
  const { state, submittedAt, closeWanted, lateSuccess, purchaseId } = attempt;
  const p = (await store.load([{ kind: "purchase", id: purchaseId }])).get("purchase", purchaseId)?.state;
  const holds = {
    prepare: submittedAt !== null,
    pay: submittedAt !== null,
    close: closeWanted || state === "reversing",
    reverse: state === "reversing",
    refund:
      (lateSuccess?.refundNo === refundNo && !lateSuccess.refunded) ||
      (p?.refund?.no === refundNo && p.refund.sentAt !== null && p.state === "refunding"),
  }[call];
  if (!holds) throw new Error(`I5: ${call} of ${outTradeNo} without its row`);
}

function memoryRows(purchases: Map<Id, Purchase>, staff: Map<Id, StaffTask>): Earth["rows"] {
  const sessions = new Map<Id, CardSession>();
  const writes = new Map<Id, StoredWrite>();
  const seals = new Map<string, string>();
  const links = new Map<string, BindLink>();
  let turns = 0;
  const save = async (s: CardSession): Promise<void> => {
    const endedAt = sessions.get(s.id)?.endedAt ?? s.endedAt;
    sessions.set(s.id, { ...structuredClone(s), endedAt });
  };
  return {
    cardRows: {
      openSession: save,
      saveSession: save,
      session: async (id) => structuredClone(sessions.get(id)),
      addWrite: async (w) => void (writes.has(w.id) || writes.set(w.id, { ...w, reportedDone: false })),
      write: async (id) => structuredClone(writes.get(id)),
      async saveReport(id, report) {
        const found = writes.get(id);
        if (!found || found.failedStep !== undefined) return;
        Object.assign(found, stopOf(report));
        found.reportedDone = report.failure === undefined;
      },
      async sealedFor(scriptId, step, challenge) {
        const key = `${scriptId} ${step}`;
        if (!seals.has(key)) seals.set(key, challenge);
        return seals.get(key) ?? challenge;
      },
      nextTurn: async () => {
        turns += 1;
        return turns;
      },
      wasRead: async (cardId, terminalId) =>
        [...sessions.values()].some((s) => s.cardId === cardId && s.terminalId === terminalId),
    },
    purchaseRows: {
      purchasesOfCard: async (cardId, limit) =>
        [...purchases.values()]
          .filter((p) => p.cardId === cardId)
          .reverse()
          .sort((a, b) => b.quotedAt - a.quotedAt)
          .slice(0, limit)
          .map((p) => p.id),
      boughtSinceL: async () => 0,
      purchasesWithDebts: async (accountId, debtIds) =>
        [...purchases.values()]
          .filter((p) => p.accountId === accountId && [...openStates, "delivered"].includes(p.state))
          .map((p) => ({ purchaseId: p.id, delivered: p.state === "delivered", debtIds: debtsOn(p) }))
          .filter((one) => one.debtIds.some((id) => debtIds.includes(id))),
      settleDebts: async () => undefined,
    },
    taskRows: {
      addStaffTask: async (task) => void staff.set(task.id, task),
      restoreTasks: async () => 0,
    },
    bindRows: {
      addLink: async (link) => void links.set(link.hash, link),
    },
  };
}

type WhichCard = Pick<CardState, "id" | "accountId" | "meterId" | "cardNumber" | "count" | "totalCredited">;

const cardState = (card: WhichCard, driver: LayoutDriver): CardState => ({
  ...card,
  layout: driver.name,
  cardClass: driver.cardClass,
  status: "current",
  replacement: 0,
  lastAmount: 0,
  acceptedCount: card.count,
  openPurchaseId: null,
  scriptSeq: 0,
  secret: firstSecret,
  lastReading: null,
});

const nextCardNumber = (earth: Earth): string => String(31_100_000 + earth.cardIds.size).padStart(10, "0");

/** One more card by amount, with a meter of its own, for an account that has one. */
export async function secondCard(earth: Earth, accountId: Id): Promise<TestCard> {
  const [cardId, meterId, cardNumber] = [`${accountId}-card-2`, `${accountId}-meter-2`, nextCardNumber(earth)];
  const state = cardState({ id: cardId, accountId, meterId, cardNumber, count: 3, totalCredited: 90_000 }, openBMoney);
  await earth.store.commit({
    eventId: `open-${cardId}`,
    at: earth.clock.now,
    subject: { kind: "card", id: cardId },
    event: { type: "opened" },
    writes: [
      { kind: "meter", id: meterId, expected: 0, state: { id: meterId, accountId, openPurchaseId: null } },
      { kind: "card", id: cardId, expected: 0, state },
    ],
    guards: [],
    postings: [],
    tasks: { add: [], drop: [] },
  });
  earth.cardIds.set(cardNumber, cardId);
  return testCard(openBMoney, cardNumber, 3, 90_000);
}

/** Registers an account with a card in its hand. */
export async function newAccount(
  earth: Earth,
  name: string,
  options: { tariff?: TariffVersion; balanceFen?: number; count?: number; total?: number; driver?: LayoutDriver } = {},
): Promise<{ card: TestCard; cardId: Id; accountId: Id }> {
  const tariff = options.tariff ?? byAmount;
  const driver = options.driver ?? (tariff.pricing.kind === "meter" ? openBMoney : openBVolume);
  const { count = 3, total = 90_000, balanceFen = 0 } = options;
  const [accountId, cardId, meterId] = [`account-${name}`, `card-${name}`, `meter-${name}`];
  const number = nextCardNumber(earth);
  const account: AccountState = { id: accountId, unitId: unit.id, balanceFen, heldFen: 0, block: null };
  await earth.store.commit({
    eventId: `open-${name}`,
    at: earth.clock.now,
    subject: { kind: "account", id: accountId },
    event: { type: "opened" },
    writes: [
      { kind: "account", id: accountId, expected: 0, state: account },
      { kind: "meter", id: meterId, expected: 0, state: { id: meterId, accountId, openPurchaseId: null } },
      {
        kind: "card",
        id: cardId,
        expected: 0,
        state: cardState({ id: cardId, accountId, meterId, cardNumber: number, count, totalCredited: total }, driver),
      },
    ],
    guards: [],
    postings:
      balanceFen === 0
        ? []
        : [
            { account: `customer:${accountId}`, commodity: "fen", amount: -balanceFen },
            { account: `adjustment:${unit.id}`, commodity: "fen", amount: balanceFen },
          ],
    tasks: { add: [], drop: [] },
  });
  earth.openingFen += balanceFen;
  earth.cardIds.set(number, cardId);
  earth.customers.set(accountId, {
    accountId,
    accountNumber: number,
    holderName: "李小明",
    address: "秦淮人家6号楼3单元501室",
    room: "501室",
    areaCode: "0996",
    unit,
    household: { persons: 3, personsUntil: null, lowIncomeUntil: null, heating: false, temporaryLimit: null },
    tariff: [tariff],
    deductions: [],
    debts: [],
    meter: {
      id: meterId,
      unit: driver.unit === "volume" ? "volume" : "amount",
      ceiling: 0,
      settlement: "meter",
      model: "M",
    },
    quick: [10_000, 50_000],
    later: false,
    adoption: [],
  });
  return { card: testCard(driver, number, count, total), cardId, accountId };
}
