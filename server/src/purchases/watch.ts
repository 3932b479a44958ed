/** Reading a purchase, once or as it changes. */
import type { PurchaseView } from "@citygas/api";
import { type Id, ok, type Purchase, type PurchaseState, type Result, type Versioned } from "@citygas/core";
import { markSeen } from "../cards/insertion.ts";
import type { TerminalFacts } from "../context.ts";
import { type Refused, refused } from "./refused.ts";
import type { SaleContext } from "./sale.ts";
import { viewOf } from "./view.ts";

/**
 * A purchase that this terminal may follow: one of its own company unit, or one whose card was in its reader, because
 * cards of every unit are sold to and finished at every reader (I6: nothing beyond that).
 */
export async function purchaseFor(
  sale: SaleContext,
  terminal: TerminalFacts,
  purchaseId: Id,
): Promise<Result<Versioned<Purchase>, Refused>> {
  const found = (await sale.store.load([{ kind: "purchase", id: purchaseId }])).get("purchase", purchaseId);
  if (found === undefined) return refused("purchase.notFound");
  const { unitId, cardId } = found.state;
  const mayFollow =
    unitId === terminal.unit.id || (cardId !== null && (await sale.cardRows.wasRead(cardId, terminal.id)));
  return mayFollow ? ok(found) : refused("purchase.notFound");
}

export async function getPurchase(
  sale: SaleContext,
  terminal: TerminalFacts,
  purchaseId: Id,
): Promise<Result<PurchaseView, Refused>> {
  const found = await purchaseFor(sale, terminal, purchaseId);
  if (!found.ok) return found;
  const { state, version } = found.value;
  return ok(await viewOf(sale, { purchase: state, version, attempts: new Map() }));
}

/** Nothing more happens by itself that the terminal waits for. */
const restStates: readonly PurchaseState[] = ["paid", "void", "refunded", "delivered", "manual"];
/** A line that says nothing for so long is taken for dead by what stands between. */
const silenceMs = 15_000;

/**
 * The purchase's views newer than `after`, until it rests, `signal` aborts or `untilMs` is over. null: nothing new for a
 * while; the line is alive. What ends before the terminal's eyes is not shown as news at the next insertion.
 */
export async function* watchPurchase(
  sale: SaleContext,
  purchaseId: Id,
  after: number,
  signal: AbortSignal,
  untilMs: number,
): AsyncGenerator<PurchaseView | null, void> {
  const ref = { kind: "purchase", id: purchaseId } as const;
  for (let seen = after; !signal.aborted && sale.now() < untilMs; ) {
    const found = (await sale.store.load([ref])).get("purchase", purchaseId);
    if (found === undefined) return;
    const { state, version } = found;
    if (version > seen) {
      seen = version;
      yield await viewOf(sale, { purchase: state, version, attempts: new Map() });
    }
    if (restStates.includes(state.state)) {
      if (!state.outcomeSeen && (state.state === "void" || state.state === "refunded"))
        await markSeen(sale, purchaseId);
      return;
    }
    if ((await sale.store.waitForVersion(ref, seen, silenceMs)) <= seen) yield null;
  }
}
