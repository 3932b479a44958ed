/**
 * 补卡 and 挂失. A replacement keeps the number and the row: its replacement number grows, so the card before it is an old
 * one everywhere from that commit on. What is open on the card goes on with the new one in the same commit: where a script
 * was out, the new card carries the purchase under the same number, and the meter takes only the first of the two.
 * (purchase-protocol, "Refund".)
 */
import {
  type CardState,
  dayOf,
  type Id,
  type IssuedScript,
  isUnproven,
  type MeterPrice,
  meterPriceAt,
  ok,
  type Purchase,
  type PurchaseEvent,
  replacedCard,
} from "@citygas/core";
import { type CardAmount, chips, type LayoutDriver, layoutByName, refundProof, toHex } from "@citygas/gascard";
import type { ServerContext } from "../context.ts";
import { applyEvent } from "../purchases/applyEvent.ts";
import { derivedId } from "../purchases/derivedId.ts";
import { changeCard, type KeyedBy } from "./guarded.ts";
import { missing, type Refusal, type Registered } from "./outcome.ts";

/**
 * What the new card carries. `carry`: what the books say the old one held. By two people only: `refund`, an open purchase
 * taken back; `used`, the last count with amount 0, because the meter refuses it as used; for class C, whose lost card may
 * be loaded again, `loaded`, nothing, because the meter's index shows that all is in it, and `handedIn`, what the old
 * card, which is in the hall, held.
 */
export type Carries = "carry" | "refund" | "used" | "loaded" | "handedIn";

export interface Replacing {
  carries: Carries;
  approvedBy?: [maker: Id, checker: Id];
}

/** Stands for the terminal of a script that no reader runs: the issuing desk writes it on a new chip. */
export const issuingDesk = "issuing-desk";

export const amountOf = (driver: LayoutDriver, value: number): CardAmount =>
  driver.unit === "volume" ? { kind: "volume", volumeL: value } : { kind: "money", amountFen: value };

const refuse = (code: Refusal["code"]): { ok: false; error: Refusal } => ({ ok: false, error: { code } });

/** A script was out for it, and nobody knows yet what became of that. */
export const withScript = (p: Purchase | null): boolean =>
  p !== null && (p.state === "issued" || p.state === "unknown" || p.state === "manual");

/** May it be replaced so, as the books stand? */
export function mayReplace(card: CardState, open: Purchase | null, carries: Carries, byTwo: boolean): Registered<null> {
  const { cardClass } = card;
  if (carries !== "carry" && !byTwo) return refuse("decision.required");
  switch (carries) {
    case "carry":
      if (cardClass === "C" && withScript(open)) return refuse("purchase.open");
      if (cardClass === "C" && isUnproven(card) && card.lastAmount > 0) return refuse("decision.required");
      return open?.state === "manual" && !byTwo ? refuse("decision.required") : ok(null);
    case "refund":
      return cardClass === "B" && withScript(open) ? ok(null) : refuse("refund.cardRule");
    case "used":
      return cardClass === "B" && !withScript(open) && isUnproven(card) && card.lastAmount > 0
        ? ok(null)
        : refuse("decision.notApplicable");
    case "loaded":
    case "handedIn":
      return cardClass === "C" && !withScript(open) ? ok(null) : refuse("decision.notApplicable");
  }
}

/** The same request again replaces nothing more. Refused where the class wants more than was said, see `mayReplace`. */
export async function replaceCard(
  ctx: ServerContext,
  cardId: Id,
  by: KeyedBy,
  how: Replacing = { carries: "carry" },
): Promise<Registered<CardState>> {
  const eventId = derivedId("cardReplaced", cardId, by.key, by.fingerprint);
  const byTwo = how.approvedBy !== undefined;
  const loaded = await cardWithPurchase(ctx, cardId);
  if (loaded === undefined) return missing("card");
  const { card, open } = loaded;
  if (open === null) {
    return changeCard(ctx, cardId, { event: { type: "card.replaced" }, eventId, idempotency: by }, (now) => {
      if (now.openPurchaseId !== null) return refuse("server.unavailable");
      const may = mayReplace(now, null, how.carries, byTwo);
      return may.ok ? ok(replacedCard({ ...now, ...settledBy(now, how.carries) })) : may;
    });
  }
  const place = await placeOf(ctx, card);
  const applied = await applyEvent(
    ctx,
    open.id,
    ({ purchase: { state: p }, card: found }, now) => {
      if (found === null || found.state.openPurchaseId !== p.id)
        return { do: "refuse", refused: { code: "server.unavailable" } };
      const may = mayReplace(found.state, p, how.carries, byTwo);
      if (!may.ok) return { do: "refuse", refused: { code: may.error.code } };
      return { do: "commit", event: { type: "purchase", event: replacedEvent(found.state, p, how, place, now) } };
    },
    { request: { eventId, ...by } },
  );
  if (!applied.ok) return refuse(applied.error.code);
  const after = await cardWithPurchase(ctx, cardId);
  return after === undefined ? missing("card") : ok(after.card);
}

export async function cardWithPurchase(
  ctx: Pick<ServerContext, "store">,
  cardId: Id,
): Promise<{ card: CardState; open: Purchase | null } | undefined> {
  const card = (await ctx.store.load([{ kind: "card", id: cardId }])).get("card", cardId)?.state;
  if (card === undefined) return undefined;
  const id = card.openPurchaseId;
  const open = id === null ? undefined : (await ctx.store.load([{ kind: "purchase", id }])).get("purchase", id)?.state;
  return { card, open: open ?? null };
}

/** What people found out about the last purchase on the card before. */
function settledBy(card: CardState, carries: Carries): Partial<CardState> {
  switch (carries) {
    case "used":
      return { lastAmount: 0 };
    case "loaded":
      return { acceptedCount: card.count, totalCredited: card.totalCredited + unprovenAmount(card), lastAmount: 0 };
    case "carry":
    case "refund":
    case "handedIn":
      return {};
  }
}

const unprovenAmount = (card: CardState): number => (isUnproven(card) ? card.lastAmount : 0);

export interface Place {
  areaCode: string;
  meterCeiling: number;
  price?: MeterPrice;
}

/** The open purchase goes on with the new card: by the script that carries it there, where one was out. */
export function replacedEvent(
  card: CardState,
  p: Purchase,
  { carries, approvedBy }: Replacing,
  place: Place,
  now: number,
): Extract<PurchaseEvent, { type: "cardReplaced" }> {
  const driver = driverOf(card);
  const needs = refundProof(driver, { phoneScript: p.issuedToPhone, replaced: true });
  const approved = approvedBy === undefined ? {} : { approvedBy };
  if (!withScript(p) || p.script === null || p.countBefore === null || p.totalBefore === null)
    return { type: "cardReplaced", script: null, needs, ...approved };
  // Once a refund script was out, the meter may have taken the number for nothing: only its own word tells.
  const kind = carries === "refund" || (p.refundTried && needs === "returnArea") ? "refund" : "sale";
  const before = driver.format({
    cardNumber: card.cardNumber,
    ...place,
    role: "user",
    replacement: card.replacement + 1,
    count: p.countBefore,
    totalCredited: p.totalBefore,
    keyVersion: replacedCard(card).secret.version,
  });
  const { delivers } = p.breakdown;
  const purchase = {
    countBefore: p.countBefore,
    totalBefore: p.totalBefore,
    amount: amountOf(driver, delivers.kind === "volume" ? delivers.volumeL : delivers.meterCreditFen),
    boughtOn: dayOf(now),
  };
  const script: IssuedScript = {
    id: derivedId("replacementScript", p.id, String(card.replacement + 1)),
    kind,
    terminalId: issuingDesk,
    powerUpId: `replacement ${card.replacement + 1}`,
    seq: card.scriptSeq + 1,
    before: toHex(before),
    after: toHex(kind === "refund" ? refundImageOf(driver, before, purchase) : driver.purchaseImage(before, purchase)),
    issuedAt: now,
    deadlineAt: now,
  };
  return { type: "cardReplaced", script, needs, ...approved };
}

function refundImageOf(
  driver: LayoutDriver,
  ...[before, purchase]: Parameters<LayoutDriver["purchaseImage"]>
): Uint8Array {
  if (driver.refundImage === null) throw new Error(`${driver.name} has no refund image`);
  return driver.refundImage(before, purchase);
}

export function driverOf(card: CardState): LayoutDriver {
  const driver = layoutByName(card.layout);
  if (driver === null) throw new Error(`card ${card.id} has the unknown layout ${card.layout}`);
  return driver;
}

/** `ceiling`: of the meter that the card is for, where it is not registered yet. */
export async function placeOf(
  ctx: Pick<ServerContext, "registry" | "db" | "now">,
  card: CardState,
  ceiling?: number,
): Promise<Place> {
  const customer = await ctx.registry.customer(card.accountId);
  if (customer === undefined) throw new Error(`account ${card.accountId} is not registered`);
  const { areaCode, meter } = customer;
  const priced = driverOf(card).unit === "money" ? meterPriceAt(customer.tariff, ctx.now()) : null;
  const place = { areaCode, ...(priced === null ? {} : { price: priced }) };
  if (ceiling !== undefined) return { ...place, meterCeiling: ceiling };
  if (meter?.id === card.meterId) return { ...place, meterCeiling: meter.ceiling };
  const { rows } = await ctx.db.query<{ ceiling: number | null }>(
    "select ceiling from meter_registration where id = $1",
    [card.meterId],
  );
  return { ...place, meterCeiling: rows[0]?.ceiling ?? 0 };
}

export interface IssueImage {
  layout: string;
  imageHex: string;
  secretHex: string | null;
}

/**
 * What the issuing desk writes on a new chip for this card: number and count from the books, nothing invented. Refused
 * while the card in the customer's hand may still tell what became of its open purchase.
 */
export async function issueImage(ctx: ServerContext, cardId: Id): Promise<Registered<IssueImage>> {
  const loaded = await cardWithPurchase(ctx, cardId);
  if (loaded === undefined) return missing("card");
  const { card, open } = loaded;
  const driver = driverOf(card);
  const { secret } = chips[driver.chip];
  const { version } = card.secret;
  const secretHex =
    secret === null ? null : await ctx.keys.cardSecret(card.cardNumber, { bytes: secret.bytes, version });
  if (open !== null && withScript(open)) {
    if (open.script?.terminalId !== issuingDesk) return refuse("purchase.open");
    return ok({ layout: driver.name, imageHex: open.script.after, secretHex });
  }
  const image = issuedImage(driver, card, await placeOf(ctx, card), dayOf(ctx.now()));
  return ok({ layout: driver.name, imageHex: toHex(image), secretHex });
}

/** A purchase that the meter has not been seen to accept goes along (protocol, "Replacement cards carry the last count"). */
export function issuedImage(driver: LayoutDriver, card: CardState, place: Place, today: string): Uint8Array {
  const unproven = isUnproven(card);
  const count = unproven ? card.count - 1 : card.count;
  const image = driver.format({
    cardNumber: card.cardNumber,
    ...place,
    role: "user",
    replacement: card.replacement,
    count,
    totalCredited: card.totalCredited,
    keyVersion: card.secret.version,
  });
  if (!unproven) return image;
  const purchase = {
    countBefore: count,
    amount: amountOf(driver, card.lastAmount),
    totalBefore: card.totalCredited,
    boughtOn: today,
  };
  return card.lastAmount > 0 ? driver.purchaseImage(image, purchase) : refundImageOf(driver, image, purchase);
}

/**
 * Lost, blocked, or current again. From this commit on the card is refused everywhere, and an image taken before it counts
 * for nothing. Of class C nothing but the card could tell what became of an open purchase: people decide. The same request
 * again, which may come when the card has been replaced, changes nothing more.
 */
export async function setCardStatus(
  ctx: ServerContext,
  cardId: Id,
  status: "current" | "lost" | "blocked",
  by: KeyedBy,
): Promise<Registered<CardState>> {
  const eventId = derivedId("cardStatus", cardId, by.key, by.fingerprint);
  // Even where it is so already the request is noted: it may come once more when it is so no longer.
  const changed = await changeCard(
    ctx,
    cardId,
    { event: { type: `card.${status}` }, eventId, idempotency: by },
    (card) => ok(card.status === status ? card : { ...card, status, scriptSeq: card.scriptSeq + 1 }),
  );
  if (!changed.ok || status !== "lost" || changed.value.cardClass !== "C") return changed;
  const { openPurchaseId } = changed.value;
  if (openPurchaseId !== null) {
    const told = await applyEvent(ctx, openPurchaseId, ({ purchase: { state }, card }) =>
      card?.state.status === "lost" && (state.state === "issued" || state.state === "unknown")
        ? { do: "commit", event: { type: "purchase", event: { type: "cardLost" } } }
        : { do: "nothing" },
    );
    if (!told.ok) return refuse(told.error.code);
  }
  return changed;
}
