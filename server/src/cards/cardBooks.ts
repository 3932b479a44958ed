/** What a sound reading tells the books about the card itself: the meter's word, and a count adopted at a migration. */
import type { CardState, Posting, Transition, Versioned } from "@citygas/core";
import type { SaleContext } from "../purchases/sale.ts";
import { fileStaffTask } from "../tasks/staff.ts";
import type { Situation } from "./insertion.ts";

/** The log of a card holds these. */
interface CardEvent {
  type: "read" | "adopted";
  count: number;
  amount: number;
  acceptedCount: number | null;
  totalCredited: number;
}

/** Stores what card and meter said, when it is news. A lost race is no loss: the next insertion says it again. */
export async function recordReading(sale: SaleContext, { card, reading: { read } }: Situation): Promise<void> {
  if (card === null || read.facts === null) return;
  const { count, amount, acceptedCount } = read.facts;
  const totalCredited = Math.max(card.state.totalCredited, read.facts.totalCredited ?? 0);
  const last = card.state.lastReading;
  const same =
    last !== null &&
    last.count === count &&
    last.amount === amount &&
    last.acceptedCount === acceptedCount &&
    last.totalCredited === totalCredited;
  if (same) return;
  const event: CardEvent = { type: "read", count, amount, acceptedCount, totalCredited };
  await sale.store.commit(cardTransition(sale, card, event, {}, []));
}

/**
 * Migration from an old system: the card's higher count is taken over, what the meter had been credited with is posted
 * as an opening entry, and finance gets it on its list.
 */
export async function adopt(sale: SaleContext, { card, account, reading, customer }: Situation): Promise<void> {
  const facts = reading.read.facts;
  if (card === null || account === null || facts === null || reading.driver === null)
    throw new Error("nothing to adopt");
  const { count, amount, acceptedCount } = facts;
  const totalCredited = Math.max(card.state.totalCredited, facts.totalCredited ?? 0);
  const credited = totalCredited - card.state.totalCredited;
  const { meterId } = card.state;
  const { unitId } = account.state;
  const postings: Posting[] =
    reading.driver.unit === "volume"
      ? opening("litre", `gas:${meterId}`, `opening:${unitId}`, credited)
      : opening("meterCredit", `meter:${meterId}`, `opening:${unitId}`, credited);
  const event: CardEvent = { type: "adopted", count, amount, acceptedCount, totalCredited };
  const committed = await sale.store.commit(cardTransition(sale, card, event, { count, lastAmount: amount }, postings));
  if (committed.kind !== "done") return;
  const doc = { accountNumber: customer?.accountNumber ?? null, countBefore: card.state.count, count, credited };
  await fileStaffTask(sale, "card.adopted", card.state.id, doc, String(count));
}

const opening = (commodity: Posting["commodity"], to: string, from: string, amount: number): Posting[] =>
  amount === 0
    ? []
    : [
        { account: to, commodity, amount },
        { account: from, commodity, amount: -amount },
      ];

function cardTransition(
  sale: SaleContext,
  { state, version }: Versioned<CardState>,
  event: CardEvent,
  changes: Partial<CardState>,
  postings: Posting[],
): Transition {
  const { count, amount, acceptedCount, totalCredited } = event;
  const at = sale.now();
  const next: CardState = {
    ...state,
    ...changes,
    totalCredited,
    acceptedCount: acceptedCount ?? state.acceptedCount,
    lastReading: { at, count, amount, acceptedCount, totalCredited },
  };
  return {
    eventId: sale.newId(),
    at,
    subject: { kind: "card", id: state.id },
    event,
    writes: [{ kind: "card", id: state.id, expected: version, state: next }],
    guards: [],
    postings,
    tasks: { add: [], drop: [] },
  };
}
