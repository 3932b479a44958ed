import type { Purchase } from "@citygas/core";
import { mayBeWrittenAt } from "../cards/reading.ts";
import type { TerminalFacts } from "../context.ts";
import { applyEvent } from "../purchases/applyEvent.ts";
import { must } from "../purchases/bundle.ts";
import type { SaleContext } from "../purchases/sale.ts";

/**
 * A reader that can write the card wins over an order that waits on a phone: the order is closed at the gateway, and
 * whatever that answers is waited for; paid in spite of it, the purchase goes on with the money. A scanned code's payment
 * is left to its own timers.
 * @returns whether the card's purchase is on its way out of this reader's way
 */
export async function yieldPrepay(sale: SaleContext, open: Purchase, terminal: TerminalFacts): Promise<boolean> {
  if (open.state !== "paying" || open.terminalId === terminal.id || open.cardId === null) return false;
  const card = must(await sale.store.load([{ kind: "card", id: open.cardId }]), "card", open.cardId);
  if (!mayBeWrittenAt(card.state, terminal)) return false;
  const applied = await applyEvent(sale, open.id, ({ purchase: { state: p }, attempts }) => {
    const live = attempts.filter(({ state }) => p.liveAttemptIds.includes(state.id));
    if (p.state !== "paying" || live.length === 0 || live.some(({ state }) => state.kind !== "prepay"))
      return { do: "refuse", refused: { code: "purchase.open" } };
    return p.yielding ? { do: "nothing" } : { do: "commit", event: { type: "purchase", event: { type: "yielded" } } };
  });
  return applied.ok;
}
