/**
 * What was left in a meter that was replaced goes into the new one (docs/protocol.md, "A meter that is replaced"): when
 * nothing else is open, an insertion makes a purchase of it that costs nothing, and writes it like any other. Not finished
 * in time, it goes back to what the account has left.
 */
import { type Breakdown, carriedOf, compose, type Id, type MeterRoom, versionInForce } from "@citygas/core";
import type { TerminalFacts } from "../context.ts";
import { applyEvent } from "../purchases/applyEvent.ts";
import { underFreeNumber } from "../purchases/freeNumber.ts";
import type { SaleContext } from "../purchases/sale.ts";
import { DuplicateValueError } from "../store/transition.ts";
import type { Situation } from "./insertion.ts";
import { mayBeWrittenAt, meterRoomOf } from "./reading.ts";

/** Is it made now? Then the card is looked at again, with it open. */
export async function openCarried(sale: SaleContext, seen: Situation, terminal: TerminalFacts): Promise<boolean> {
  const { card, account, customer } = seen;
  if (card === null || account === null || customer === null) return false;
  if (account.state.carried === undefined || !mayBeWrittenAt(card.state, terminal)) return false;
  const breakdown = carriedBreakdown(sale, seen);
  if (breakdown === null) return false;
  const id = await quoteCarried(sale, seen, terminal, breakdown);
  if (id === null) return false;
  // Whoever was quicker has it, or a price came into force meanwhile: this quote lapses.
  const confirmed = await applyEvent(sale, id, ({ card: now, meter }, at) =>
    now?.state.openPurchaseId === null &&
    meter?.state.openPurchaseId === null &&
    versionInForce(customer.tariff, at)?.id === breakdown.tariffVersionId
      ? { do: "commit", event: { type: "purchase", event: { type: "confirmed" } } }
      : { do: "nothing" },
  );
  return confirmed.ok && confirmed.value.done === "now";
}

/** As much of it as the new meter has room for; null: nothing. */
function carriedBreakdown(sale: SaleContext, { account, customer, reading }: Situation): Breakdown | null {
  if (account === null || customer === null || reading.driver === null) return null;
  const { volumeL, meterCreditFen } = carriedOf(account.state);
  const byVolume = reading.driver.unit === "volume";
  const carried = byVolume ? volumeL : meterCreditFen;
  const amount = Math.min(carried, roomIn(meterRoomOf(reading.facts, customer.meter)) ?? carried);
  const version = versionInForce(customer.tariff, sale.now());
  if (amount <= 0 || version === null) return null;
  return {
    tariffVersionId: version.id,
    lines: [],
    goodsFen: 0,
    debtFen: 0,
    deductions: [],
    balanceOffsetFen: 0,
    payableFen: 0,
    delivers: byVolume ? { kind: "volume", volumeL: amount } : { kind: "amount", meterCreditFen: amount },
    tier: null,
    fromCarried: true,
  };
}

/** null: no ceiling is known. */
const roomIn = (room: MeterRoom | null): number | null =>
  room && (room.kind === "volume" ? room.ceilingL - room.remainingL : room.ceilingFen - room.remainingFen);

async function quoteCarried(
  sale: SaleContext,
  { card, account }: Situation,
  terminal: TerminalFacts,
  breakdown: Breakdown,
): Promise<Id | null> {
  if (card === null || account === null) throw new Error("nothing is carried by no account");
  const id = sale.newId();
  const facts = {
    id,
    accountId: account.state.id,
    unitId: account.state.unitId,
    meterId: card.state.meterId,
    cardId: card.state.id,
    tierId: null,
    channel: terminal.kind,
    terminalId: terminal.id,
    later: false,
    breakdown,
  };
  try {
    return await underFreeNumber(sale, async (names) => {
      const composed = compose({
        bundle: { purchase: null, attempts: [], account, tier: null, card, meter: null },
        event: { type: "purchase", event: { type: "quoted", facts: { ...facts, ...names } } },
        eventId: sale.newId(),
        now: sale.now(),
      });
      if (!composed.ok) throw new Error(`a quote of what is carried refused: ${composed.error.code}`);
      const committed = await sale.store.commit(composed.value.transition);
      if (committed.kind !== "done") return null;
      sale.committed(composed.value.transition);
      return id;
    });
  } catch (error) {
    if (!(error instanceof DuplicateValueError)) throw error;
    sale.log.warn({ cardId: card.state.id }, "no free purchase number for what is carried");
    return null;
  }
}
