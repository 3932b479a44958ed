/** Money laid down at a counter, in notes or by the bank's own terminal: first announced, then taken; each is durable. */
import type { PurchaseView } from "@citygas/api";
import { type Attempt, type Fen, type Id, ok, type Purchase, type Result } from "@citygas/core";
import type { StaffFacts } from "../decisions/types.ts";
import { type Applied, applyEvent, type KeyedRequest } from "../purchases/applyEvent.ts";
import { derivedId } from "../purchases/derivedId.ts";
import { type Refused, refused } from "../purchases/refused.ts";
import type { SaleContext } from "../purchases/sale.ts";
import { viewOf } from "../purchases/view.ts";
import { type OpenDrawer, openDrawer } from "./drawers.ts";

export type CounterPayment =
  /** Without `receivedFen`: what is to be paid was named, nothing is in the drawer yet. */
  | { method: "cash"; drawerId: Id; receivedFen?: Fen }
  /** Without `posReference`: the customer is at the bank's terminal. */
  | { method: "pos"; posReference?: string };

export interface CounterTaken {
  purchase: PurchaseView;
  /** Change to give back; null while nothing was taken, and with a card. */
  changeFen: Fen | null;
}

const triesMax = 3;

/**
 * Announces the payment, and with money in hand books it. The same request again books nothing more; overtaken by its own
 * repetition it is told what that has done, because whoever is refused gives the notes back.
 */
export async function payAtCounter(
  sale: SaleContext,
  staff: StaffFacts,
  purchaseId: Id,
  payment: CounterPayment,
  request: KeyedRequest,
): Promise<Result<CounterTaken, Refused>> {
  const takenId = derivedId("taken", request.eventId);
  const before = await takenBefore(sale, purchaseId, payment, takenId);
  if (before !== null) return before;
  const done = await announceAndTake(sale, staff, purchaseId, payment, request, takenId);
  return done.ok ? done : ((await takenBefore(sale, purchaseId, payment, takenId)) ?? done);
}

/** null: this request has taken nothing yet. */
async function takenBefore(
  sale: SaleContext,
  purchaseId: Id,
  payment: CounterPayment,
  takenId: Id,
): Promise<Result<CounterTaken, Refused> | null> {
  const log = await sale.store.events({ kind: "purchase", id: purchaseId });
  if (!log.some(({ eventId }) => eventId === takenId)) return null;
  const p = (await sale.store.load([{ kind: "purchase", id: purchaseId }])).get("purchase", purchaseId);
  if (p === undefined) throw new Error(`purchase ${purchaseId} has a log and no row`);
  const view = await viewOf(sale, { purchase: p.state, version: p.version, attempts: new Map() });
  return ok({ purchase: view, changeFen: changeOf(payment, p.state) });
}

async function announceAndTake(
  sale: SaleContext,
  staff: StaffFacts,
  purchaseId: Id,
  payment: CounterPayment,
  request: KeyedRequest,
  takenId: Id,
): Promise<Result<CounterTaken, Refused>> {
  const p = (await sale.store.load([{ kind: "purchase", id: purchaseId }])).get("purchase", purchaseId);
  if (p === undefined) return refused("purchase.notFound");
  if (p.state.channel !== "desk") return refused("counter.deskOnly");
  if (payment.method === "cash" && (payment.receivedFen ?? Infinity) < p.state.breakdown.payableFen)
    return refused("counter.tooLittle");
  const drawer = await drawerFor(sale, staff, p.state, payment);
  if (!drawer.ok) return drawer;
  const announced = await announce(sale, p.state, payment, request);
  if (!announced.ok) return announced;
  const { applied, attemptId } = announced.value;
  if (!isTaken(payment)) return ok({ purchase: await viewOf(sale, applied), changeFen: null });
  const taken = await take(sale, staff, p.state, payment, attemptId, { ...request, eventId: takenId });
  return taken.ok ? ok({ purchase: await viewOf(sale, taken.value), changeFen: changeOf(payment, p.state) }) : taken;
}

const isTaken = (payment: CounterPayment): boolean =>
  (payment.method === "cash" ? payment.receivedFen : payment.posReference) !== undefined;

const changeOf = (payment: CounterPayment, { breakdown }: Purchase): Fen | null =>
  payment.method === "cash" && payment.receivedFen !== undefined ? payment.receivedFen - breakdown.payableFen : null;

/** null: a card's money goes into no drawer. */
async function drawerFor(
  sale: SaleContext,
  staff: StaffFacts,
  p: Purchase,
  payment: CounterPayment,
): Promise<Result<OpenDrawer | null, Refused>> {
  if (payment.method === "pos") return ok(null);
  const drawer = await openDrawer(sale, payment.drawerId);
  if (!drawer.ok) return drawer;
  if (drawer.value.openedBy !== staff.id) return refused("drawer.notYours");
  return drawer.value.unitId === p.unitId ? drawer : refused("decision.notApplicable");
}

/** The attempt that this money is for: the one that was announced for the same drawer, or a new one. */
async function announce(
  sale: SaleContext,
  p: Purchase,
  payment: CounterPayment,
  request: KeyedRequest,
): Promise<Result<{ applied: Applied; attemptId: Id }, Refused>> {
  const drawerId = payment.method === "cash" ? payment.drawerId : null;
  let attemptId = derivedId("attempt", request.key);
  const applied = await applyEvent(
    sale,
    p.id,
    ({ purchase, attempts }) => {
      const live = attempts.find(({ state }) => purchase.state.liveAttemptIds.includes(state.id))?.state;
      if (live !== undefined && isAnnounced(live, payment.method, drawerId)) {
        attemptId = live.id;
        return { do: "nothing" };
      }
      if (live !== undefined) return { do: "refuse", refused: { code: "payment.inProgress" } };
      return {
        do: "commit",
        event: {
          type: "attempt",
          attemptId,
          event: {
            type: "created",
            id: attemptId,
            purchaseId: p.id,
            kind: "counter",
            channel: payment.method,
            outTradeNo: attemptId.replaceAll("-", ""),
            amountFen: purchase.state.breakdown.payableFen,
            codeMask: "",
            ...(drawerId === null ? {} : { drawerId }),
          },
        },
      };
    },
    { request },
  );
  return applied.ok ? ok({ applied: applied.value, attemptId }) : applied;
}

const isAnnounced = (a: Attempt, method: CounterPayment["method"], drawerId: Id | null): boolean =>
  a.kind === "counter" && a.state === "created" && a.channel === method && a.drawerId === drawerId;

/** Notes that go into a drawer move the drawer: one that was closed, or counted, meanwhile takes none. */
async function take(
  sale: SaleContext,
  staff: StaffFacts,
  p: Purchase,
  payment: CounterPayment,
  attemptId: Id,
  { eventId, key, fingerprint }: KeyedRequest,
): Promise<Result<Applied, Refused>> {
  const reference = payment.method === "pos" ? (payment.posReference ?? null) : null;
  for (let tries = 1; ; tries++) {
    const drawer = await drawerFor(sale, staff, p, payment);
    if (!drawer.ok) return drawer;
    const applied = await applyEvent(
      sale,
      p.id,
      () => ({
        do: "commit",
        event: { type: "attempt", attemptId, event: { type: "taken", by: staff.id, reference } },
        claims: drawer.value === null ? [] : [drawer.value.claim],
      }),
      { attemptId, request: { eventId, key: `${key}:taken`, fingerprint } },
    );
    if (applied.ok || applied.error.code !== "server.unavailable" || tries === triesMax) return applied;
  }
}
