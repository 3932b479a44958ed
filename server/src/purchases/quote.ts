/** A price for what was keyed in. Holds nothing; the same request gives the same purchase. */
import type { Entry, PurchaseView } from "@citygas/api";
import {
  type CardState,
  compose,
  type Id,
  ok,
  type PurchaseBundle,
  type QuoteFacts,
  type Result,
  type Versioned,
} from "@citygas/core";
import { layoutByName } from "@citygas/gascard";
import type { CardSession } from "../cards/cardRows.ts";
import { look, type Situation } from "../cards/insertion.ts";
import { mayBeWrittenAt, meterRoomOf } from "../cards/reading.ts";
import { liveSession } from "../cards/sessions.ts";
import type { Customer, TerminalFacts } from "../context.ts";
import { applyEvent, type KeyedRequest } from "./applyEvent.ts";
import { must } from "./bundle.ts";
import { derivedId } from "./derivedId.ts";
import { underFreeNumber } from "./freeNumber.ts";
import { type PriceFacts, priced, priceFacts } from "./pricing.ts";
import { ofCompose, type Refused, refused } from "./refused.ts";
import type { SaleContext } from "./sale.ts";
import { viewOf } from "./view.ts";

const recentMax = 10;

export async function quotePurchase(
  sale: SaleContext,
  terminal: TerminalFacts,
  { cardSessionId, entry }: { cardSessionId: Id; entry: Entry },
  request: KeyedRequest,
): Promise<Result<PurchaseView, Refused>> {
  // Named by the key, so that a repeated request finds what the first one made, whatever became of it since.
  const purchaseId = derivedId("purchase", request.key);
  const made = await repeated(sale, purchaseId, request);
  if (made !== null) return made;
  const session = await liveSession(sale, terminal, cardSessionId);
  if (!session.ok) return session;
  const ready = await readyToSell(sale, session.value, terminal);
  if (!ready.ok) return ready;
  const { seen, customer, card } = ready.value;
  const account = must(
    await sale.store.load([{ kind: "account", id: customer.accountId }]),
    "account",
    customer.accountId,
  );
  const facts = await priceFacts(sale, customer, meterRoomOf(seen.reading.facts, customer.meter));
  const breakdown = priced(sale, customer, facts, entry, account.state.balanceFen);
  if (!breakdown.ok) return breakdown;
  await voidOpenQuotes(sale, card.state.id, terminal);
  return await commitQuote(
    sale,
    {
      id: purchaseId,
      accountId: customer.accountId,
      unitId: account.state.unitId,
      meterId: card.state.meterId,
      cardId: card.state.id,
      tierId: breakdown.value.tier === null ? null : (facts.tier?.id ?? null),
      channel: terminal.kind,
      terminalId: terminal.id,
      later: !mayBeWrittenAt(card.state, terminal),
      breakdown: breakdown.value,
    },
    { account, card },
    facts,
    request,
  );
}

/** null: not made yet. */
export async function repeated(
  sale: SaleContext,
  purchaseId: Id,
  request: KeyedRequest,
): Promise<Result<PurchaseView, Refused> | null> {
  const found = (await sale.store.load([{ kind: "purchase", id: purchaseId }])).get("purchase", purchaseId);
  if (found === undefined) return null;
  const [first] = await sale.store.events({ kind: "purchase", id: purchaseId });
  if (first?.eventId !== request.eventId) return refused("request.keyReused");
  return ok(await viewOf(sale, { purchase: found.state, version: found.version, attempts: new Map() }));
}

interface Ready {
  seen: Situation;
  customer: Customer;
  card: Versioned<CardState>;
}

/** The card in the reader may be sold to, by what was read of it and by the books as they are now. */
async function readyToSell(
  sale: SaleContext,
  session: CardSession,
  terminal: TerminalFacts,
): Promise<Result<Ready, Refused>> {
  if (session.probed === null) return refused(terminal.kind === "phone" ? "auth.forbidden" : "card.stale");
  const seen = await look(sale, session, session.probed, terminal);
  const { decision, card, customer, open } = seen;
  // What a stale image says of the card is no reason for anything.
  if (card !== null && seen.probed.seq === null) return refused("card.stale");
  if (decision.kind === "refuse") return refused(decision.code, open === null ? {} : { number: open.state.number });
  if (customer === null || card === null) return refused("card.stale");
  if (!mayBeWrittenAt(card.state, terminal) && !mayBuyLater(customer, card.state)) return refused("auth.forbidden");
  // Not even where a terminal's own PSAM could seal: what it left torn must be finished at any reader.
  const { application = null } = layoutByName(card.state.layout) ?? {};
  if (application !== null && !sale.keys.seals(application.cipher)) return refused("card.unknown");
  if (open !== null && decision.kind !== "sell") return refused("purchase.open", { number: open.state.number });
  return decision.kind === "sell" ? ok({ seen, customer, card }) : refused("card.stale");
}

/** Where the card can't be written it can only be bought for, to be written at a reader: a setting, and never class C. */
const mayBuyLater = (customer: Customer, card: CardState): boolean => customer.later && card.cardClass !== "C";

/** One card at one terminal has one quote; they hold nothing, so a failure here costs nothing. */
async function voidOpenQuotes(sale: SaleContext, cardId: Id, terminal: TerminalFacts): Promise<void> {
  const ids = await sale.purchaseRows.purchasesOfCard(cardId, recentMax);
  const loaded = await sale.store.load(ids.map((id) => ({ kind: "purchase", id })));
  for (const id of ids) {
    const p = loaded.get("purchase", id)?.state;
    if (p?.state !== "quoted" || p.terminalId !== terminal.id) continue;
    await applyEvent(sale, id, ({ purchase: { state } }) =>
      state.state === "quoted"
        ? { do: "commit", event: { type: "purchase", event: { type: "gaveUp", reason: "customer" } } }
        : { do: "nothing" },
    );
  }
}

export async function commitQuote(
  sale: SaleContext,
  facts: Omit<QuoteFacts, "number" | "token">,
  { account, card }: Pick<PurchaseBundle, "account" | "card">,
  price: PriceFacts,
  request: KeyedRequest,
): Promise<Result<PurchaseView, Refused>> {
  return await underFreeNumber(sale, async (names) => {
    const composed = compose({
      bundle: { purchase: null, attempts: [], account, tier: null, card, meter: null },
      event: { type: "purchase", event: { type: "quoted", facts: { ...names, ...facts } } },
      eventId: request.eventId,
      now: price.basis.at,
      idempotency: { key: request.key, fingerprint: request.fingerprint },
    });
    if (!composed.ok) return { ok: false, error: ofCompose(composed.error) };
    const committed = await sale.store.commit(composed.value.transition);
    // Stale: the same request, sent twice at once, and the other one was first.
    if (committed.kind !== "done") return (await repeated(sale, facts.id, request)) ?? refused("request.keyReused");
    sale.committed(composed.value.transition);
    return ok(await viewOf(sale, { purchase: composed.value.purchase, version: 1, attempts: new Map() }));
  });
}
