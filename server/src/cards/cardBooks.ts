/** What a sound reading tells the books about the card itself: the meter's word, and a count adopted at a migration. */
import { isDeepStrictEqual } from "node:util";
import {
  type CardState,
  type Id,
  type MeterPrice,
  openWindow,
  type Posting,
  type Transition,
  type Versioned,
  withMeterWord,
} from "@citygas/core";
import type { CardFacts } from "@citygas/gascard";
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
  /** Where the meter has taken the card: what it was told to charge. */
  price?: MeterPrice;
  /** Adopted: the window that allowed it, what the books had before, and what was posted. */
  adoption?: { windowId: Id; countBefore: number; totalBefore: number; credited: number };
}

/** Stores what card and meter said, when it is news. A lost race is no loss: the next insertion says it again. */
export async function recordReading(sale: SaleContext, { card, reading: { read, facts } }: Situation): Promise<void> {
  if (card === null || read.facts === null) return;
  const { count, amount, acceptedCount } = read.facts;
  const totalCredited = Math.max(card.state.totalCredited, read.facts.totalCredited ?? 0);
  const last = card.state.lastReading;
  const price = priceInMeter(facts) ?? last?.price;
  const same =
    last !== null &&
    last.count === count &&
    last.amount === amount &&
    last.acceptedCount === acceptedCount &&
    last.totalCredited === totalCredited &&
    (price === undefined || isDeepStrictEqual(last.price, price));
  if (same) return;
  const event: CardEvent = { type: "read", count, amount, acceptedCount, totalCredited, ...(price && { price }) };
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
  const window = openWindow(customer?.adoption ?? [], card.state.layout, sale.now());
  // Closed since it was looked at: the next look decides without it.
  if (window === null) return;
  const { count: countBefore, totalCredited: totalBefore } = card.state;
  const adoption = { windowId: window.id, countBefore, totalBefore, credited };
  const price = priceInMeter(reading.facts);
  const event: CardEvent = {
    type: "adopted",
    count,
    amount,
    acceptedCount,
    totalCredited,
    adoption,
    ...(price && { price }),
  };
  // Before the books change: a process that dies in between must not leave finance without its line.
  const doc = { accountNumber: customer?.accountNumber ?? null, countBefore, count, credited };
  await fileStaffTask(sale, "card.adopted", card.state.id, doc, String(count));
  await sale.store.commit(cardTransition(sale, card, event, { count, lastAmount: amount }, postings));
}

/** The price on a card that its meter has taken as it is; undefined: none, or the meter hasn't had it. */
function priceInMeter(facts: CardFacts | null): MeterPrice | undefined {
  return facts?.price && facts.returned?.count === facts.count ? facts.price : undefined;
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
    ...withMeterWord(state, event),
    ...changes,
    lastReading: { at, count, amount, acceptedCount, totalCredited, ...(event.price && { price: event.price }) },
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
