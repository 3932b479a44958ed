/** The rows beside the guarded aggregates, as the SQL versions answer, without copies of what nobody changes. */
import { type Id, openStates } from "@citygas/core";
import {
  type CardRows,
  type CardSession,
  type Notification,
  type NotificationRows,
  type PurchaseRows,
  type SaleContext,
  type StoredWrite,
  stopOf,
  type TaskRows,
} from "@citygas/server";
import { attemptIdOf, type WorldStore } from "./store.ts";

export interface WorldRows {
  cardRows: CardRows;
  purchaseRows: PurchaseRows;
  taskRows: TaskRows;
  bindRows: SaleContext["bindRows"];
  notificationRows: NotificationRows;
  /** Taken and not carried out, by the gateways' own ids. */
  untold: ReadonlyMap<string, Notification>;
  /** Debt → the purchase that paid it. */
  settled: Map<Id, Id>;
  staff: Map<Id, { kind: string; ref: Id }>;
  /** The last session of this power-up. */
  sessionAt(terminalId: Id, powerUpId: string): CardSession | undefined;
  /** Purchases in the order of their quotes, by card. */
  quoted(cardId: Id | null, purchaseId: Id): void;
}

export function openRows(store: WorldStore): WorldRows {
  const sessions = new Map<Id, CardSession>();
  let turns = 0;
  const writes = new Map<Id, StoredWrite>();
  const seals = new Map<string, string>();
  const byCard = new Map<Id, Id[]>();
  const settled = new Map<Id, Id>();
  const staff = new Map<Id, { kind: string; ref: Id }>();
  const told = new Set<string>();
  const untold = new Map<string, Notification>();
  const save = async (session: CardSession): Promise<void> => {
    const endedAt = sessions.get(session.id)?.endedAt ?? session.endedAt;
    sessions.set(session.id, { ...session, endedAt });
  };
  const debtsOf = (id: Id): Id[] =>
    store.peek("purchase", id)?.state.breakdown.lines.flatMap(({ because }) => because.ref ?? []) ?? [];
  return {
    settled,
    staff,
    untold,
    notificationRows: {
      add: async (notification) => {
        const { verdict } = notification;
        if (verdict.kind === "refused" || told.has(verdict.id)) return false;
        told.add(verdict.id);
        untold.set(verdict.id, notification);
        return true;
      },
      addRefused: async () => undefined,
      unfinished: async (until, limit) =>
        [...untold.values()].filter(({ receivedAt }) => receivedAt <= until).slice(0, limit),
      finish: async (id) => {
        for (const [gatewayId, each] of untold) if (each.id === id) untold.delete(gatewayId);
      },
      attemptByOrder: async (channel, outTradeNo) => {
        const id = attemptIdOf(outTradeNo);
        return store.peek("attempt", id)?.state.channel === channel ? id : undefined;
      },
    },
    sessionAt: (terminalId, powerUpId) =>
      [...sessions.values()].findLast((each) => each.terminalId === terminalId && each.powerUpId === powerUpId),
    quoted(cardId, purchaseId) {
      if (cardId === null) return;
      const list = byCard.get(cardId) ?? [];
      if (!list.includes(purchaseId)) list.unshift(purchaseId);
      byCard.set(cardId, list);
    },
    cardRows: {
      openSession: save,
      saveSession: save,
      session: async (id) => {
        const found = sessions.get(id);
        return found && { ...found };
      },
      addWrite: async (write) => {
        if (!writes.has(write.id)) writes.set(write.id, { reportedDone: false, ...write });
      },
      write: async (id) => writes.get(id),
      saveReport: async (id, report) => {
        const found = writes.get(id);
        if (found === undefined || found.failedStep !== undefined) return;
        writes.set(id, { ...found, reportedDone: report.failure === undefined, ...stopOf(report) });
      },
      sealedFor: async (scriptId, step, challenge) => {
        const key = `${scriptId} ${step}`;
        const first = seals.get(key) ?? challenge;
        seals.set(key, first);
        return first;
      },
      nextTurn: async () => {
        turns += 1;
        return turns;
      },
      wasRead: async (cardId, terminalId) =>
        [...sessions.values()].some((each) => each.cardId === cardId && each.terminalId === terminalId),
    },
    purchaseRows: {
      purchasesOfCard: async (cardId, limit) => (byCard.get(cardId) ?? []).slice(0, limit),
      boughtSinceL: async () => 0,
      purchasesWithDebts: async (accountId, debtIds) =>
        store
          .purchasesOf(accountId)
          .filter((p) => [...openStates, "delivered"].includes(p.state))
          .map((p) => ({ purchaseId: p.id, delivered: p.state === "delivered", debtIds: debtsOf(p.id) }))
          .filter((each) => each.debtIds.some((id) => debtIds.includes(id))),
      settleDebts: async (debtIds, purchaseId) => {
        for (const id of debtIds) if (!settled.has(id)) settled.set(id, purchaseId);
      },
    },
    taskRows: {
      addStaffTask: async ({ id, kind, ref }) => {
        if (!staff.has(id)) staff.set(id, { kind, ref });
      },
      restoreTasks: async () => 0,
    },
    bindRows: { addLink: async () => undefined },
  };
}
