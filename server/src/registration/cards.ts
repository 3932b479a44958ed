/**
 * Cards. A card is registered for an account and a meter; what the issuing desk has to put on the chip is made from the
 * books, so that a card can be sold to as soon as it is written. A replacement (补卡) keeps the number and the row: its
 * replacement number grows, so the card it replaces is an old one from then on.
 */
import { type CardState, dayOf, type Id, type MeterPrice, meterPriceAt, ok, type Result } from "@citygas/core";
import { type CardAmount, chips, type LayoutDriver, layoutByName, layouts, toHex } from "@citygas/gascard";
import { Type } from "typebox";
import type { ServerContext } from "../context.ts";
import type { App } from "../http/app.ts";
import { derivedId } from "../purchases/derivedId.ts";
import { orNull, Uuid } from "./fields.ts";
import { changeCard, commitNew, type KeyedBy } from "./guarded.ts";
import { conflict, invalid, missing, type Refusal, type Registered } from "./outcome.ts";
import { type Resource, readOne, registerAction } from "./resource.ts";
import type { UnitSettings } from "./units.ts";

export const CardBody = Type.Object({
  accountId: Uuid,
  meterId: Uuid,
  cardNumber: Type.String({ pattern: "^\\d{1,12}$", description: "stands on the card; a replacement keeps it" }),
  layout: Type.Optional(
    Type.String({ maxLength: 40, description: "left out: the open layout for what the meter counts" }),
  ),
  /** Of a card taken over from elsewhere: the meter has accepted number `count`. */
  history: Type.Optional(
    Type.Object({ count: Type.Integer({ minimum: 0, maximum: 65_535 }), totalCredited: Type.Integer({ minimum: 0 }) }),
  ),
});

const Status = Type.Union([
  Type.Literal("current"),
  Type.Literal("lost"),
  Type.Literal("replaced"),
  Type.Literal("blocked"),
]);
const CardView = Type.Object({
  id: Type.String(),
  accountId: Type.String(),
  meterId: Type.String(),
  cardNumber: Type.String(),
  layout: Type.String(),
  status: Status,
  replacement: Type.Integer(),
  count: Type.Integer(),
  openPurchaseId: orNull(Type.String()),
});
const IssueView = Type.Object({
  layout: Type.String(),
  imageHex: Type.String({ description: "all of the chip's main memory" }),
  secretHex: orNull(
    Type.String({ description: "the card's own secret, for the chip that is being issued; null: it has none" }),
  ),
});

interface CardRow {
  id: string;
  state: CardState;
  account_id: string;
  card_number: string;
  status: CardState["status"];
}

export const cards: Resource<typeof CardBody, typeof CardView, CardRow> = {
  path: "/cards",
  tag: "cards",
  summary: "燃气卡 · card",
  body: CardBody,
  view: CardView,
  source: {
    sql: "select id, state, account_id, card_number, status from card",
    search: ["card_number"],
    filters: { accountId: "account_id", status: "status", cardNumber: "card_number" },
    view: ({ id, state }) => ({
      id,
      accountId: state.accountId,
      meterId: state.meterId,
      cardNumber: state.cardNumber,
      layout: state.layout,
      status: state.status,
      replacement: state.replacement,
      count: state.count,
      openPurchaseId: state.openPurchaseId,
    }),
  },
  async create(ctx, id, body) {
    const driver = await driverFor(ctx, body);
    if (!driver.ok) return driver;
    const { count, totalCredited } = body.history ?? { count: 0, totalCredited: 0 };
    const state: CardState = {
      id,
      accountId: body.accountId,
      meterId: body.meterId,
      layout: driver.value.name,
      cardClass: driver.value.cardClass,
      cardNumber: body.cardNumber,
      status: "current",
      replacement: 0,
      count,
      lastAmount: 0,
      totalCredited,
      acceptedCount: body.history === undefined ? null : count,
      openPurchaseId: null,
      scriptSeq: 0,
      lastReading: null,
    };
    // The number as the commit's own key: of two cards with one number the store takes one.
    const idempotency = { key: `card-number:${body.cardNumber}`, fingerprint: id };
    const options = { event: { type: "registered" }, eventId: derivedId("cardRegistered", id), idempotency };
    const made = await commitNew(ctx, { kind: "card", id }, options, [{ kind: "card", id, expected: 0, state }]);
    return made.ok ? made : conflict("card number is registered already");
  },
};

/** The layout must count what the meter counts, and the meter must be the account's. */
async function driverFor(
  ctx: ServerContext,
  body: { accountId: string; meterId: string; layout?: string },
): Promise<Result<LayoutDriver, Refusal>> {
  const { rows } = await ctx.db.query<{ counts: "volume" | "money"; account_id: string | null }>(
    "select counts, account_id from meter_registration where id = $1",
    [body.meterId],
  );
  const meter = rows[0];
  if (meter === undefined) return missing("meter");
  if (meter.account_id !== body.accountId) return invalid("the meter is not the account's");
  const driver =
    body.layout === undefined ? layouts.find(({ unit }) => unit === meter.counts) : layoutByName(body.layout);
  if (driver === undefined || driver === null) return invalid("no such layout");
  return driver.unit === meter.counts ? ok(driver) : invalid("the meter counts otherwise than the layout");
}

/** Lost, blocked, or current again. */
export function setCardStatus(
  ctx: ServerContext,
  cardId: Id,
  status: "current" | "lost" | "blocked",
): Promise<Registered<CardState>> {
  return changeCard(ctx, cardId, { event: { type: `card.${status}` } }, (card) =>
    ok(card.status === status ? null : { ...card, status }),
  );
}

/**
 * The card is replaced by a new one with the same number. Refused while a purchase is open on it: whether that one is on
 * the old card isn't known, so people decide first. The same request again replaces nothing more.
 */
export function replaceCard(ctx: ServerContext, cardId: Id, by: KeyedBy): Promise<Registered<CardState>> {
  const eventId = derivedId("cardReplaced", cardId, by.key, by.fingerprint);
  return changeCard(ctx, cardId, { event: { type: "card.replaced" }, eventId, idempotency: by }, (card) => {
    if (card.openPurchaseId !== null) return { ok: false, error: { code: "purchase.open" } };
    // Images taken before the replacement count for nothing: the sequence grows with it.
    return ok({ ...card, status: "current", replacement: card.replacement + 1, scriptSeq: card.scriptSeq + 1 });
  });
}

export interface IssueImage {
  layout: string;
  imageHex: string;
  secretHex: string | null;
}

/** What the issuing desk writes on a new chip for this card: number and count from the books, nothing invented. */
export async function issueImage(ctx: ServerContext, cardId: Id): Promise<Registered<IssueImage>> {
  const { rows } = await ctx.db.query<{ state: CardState; ceiling: number | null; settings: UnitSettings }>(
    `select c.state, m.ceiling, u.settings from card c
     join meter_registration m on m.id = c.state->>'meterId'
     join account_registration a on a.id = c.account_id join company_unit u on u.id = a.unit_id
     where c.id = $1`,
    [cardId],
  );
  const row = rows[0];
  if (row === undefined) return missing("card");
  const driver = layoutByName(row.state.layout);
  if (driver === null) throw new Error(`card ${cardId} has the unknown layout ${row.state.layout}`);
  if (row.state.openPurchaseId !== null) return { ok: false, error: { code: "purchase.open" } };
  const customer = await ctx.registry.customer(row.state.accountId);
  const image = imageOf(driver, row.state, {
    areaCode: row.settings.areaCode,
    meterCeiling: row.ceiling ?? 0,
    today: dayOf(ctx.now()),
    price: driver.unit === "money" ? meterPriceAt(customer?.tariff ?? [], ctx.now()) : null,
  });
  const { secret } = chips[driver.chip];
  const secretHex =
    secret === null ? null : await ctx.keys.cardSecret(row.state.cardNumber, { bytes: secret.bytes, version: 0 });
  return ok({ layout: driver.name, imageHex: toHex(image), secretHex });
}

/** A purchase that the meter has not been seen to accept goes along (protocol, "Replacement cards carry the last count"). */
function imageOf(
  driver: LayoutDriver,
  card: CardState,
  facts: { areaCode: string; meterCeiling: number; today: string; price: MeterPrice | null },
): Uint8Array {
  const unproven = card.count > 0 && card.acceptedCount !== card.count;
  const count = unproven ? card.count - 1 : card.count;
  const image = driver.format({
    cardNumber: card.cardNumber,
    areaCode: facts.areaCode,
    role: "user",
    replacement: card.replacement,
    count,
    totalCredited: card.totalCredited,
    meterCeiling: facts.meterCeiling,
    ...(facts.price === null ? {} : { price: facts.price }),
  });
  if (!unproven) return image;
  const purchase = {
    countBefore: count,
    amount: amountOf(driver, card.lastAmount),
    totalBefore: card.totalCredited,
    boughtOn: facts.today,
  };
  return card.lastAmount > 0 ? driver.purchaseImage(image, purchase) : driver.refundImage(image, purchase);
}

export const amountOf = (driver: LayoutDriver, value: number): CardAmount =>
  driver.unit === "volume" ? { kind: "volume", volumeL: value } : { kind: "money", amountFen: value };

export function registerCardActions(app: App, ctx: ServerContext): void {
  const tag = "cards";
  const viewAfter = async (c: ServerContext, id: Id, done: Registered<unknown>) => {
    if (!done.ok) return done;
    const view = await readOne(c, cards.source, id);
    return view === undefined ? missing("card") : ok(view);
  };
  registerAction(app, ctx, {
    method: "GET",
    path: "/cards/:id/image",
    tag,
    summary: "开卡内容 · What the issuing desk writes on the chip",
    answer: IssueView,
    run: async (c, id) => {
      c.log.info({ cardId: id }, "card image made for issue");
      return issueImage(c, id);
    },
  });
  registerAction(app, ctx, {
    method: "PUT",
    path: "/cards/:id/status",
    tag,
    summary: "挂失、停用、恢复 · Lost, blocked, current again",
    body: Type.Object({ status: Type.Union([Type.Literal("current"), Type.Literal("lost"), Type.Literal("blocked")]) }),
    answer: CardView,
    run: async (c, id, body) => viewAfter(c, id, await setCardStatus(c, id, body.status)),
  });
  registerAction(app, ctx, {
    method: "POST",
    path: "/cards/:id/replacement",
    tag,
    summary: "补卡 · Replaces the card; its image is then that of the new one",
    keyed: true,
    answer: CardView,
    run: async (c, id, _body, key) => viewAfter(c, id, await replaceCard(c, id, key)),
  });
}
