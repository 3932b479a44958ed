/**
 * Cards. A card is registered for an account and a meter; what the issuing desk has to put on the chip is made from the
 * books, so that a card can be sold to as soon as it is written. Replacements stand in replacement.ts.
 */
import { type CardState, firstSecret, type Id, ok, type Result } from "@citygas/core";
import { type LayoutDriver, layoutByName, layouts } from "@citygas/gascard";
import { Type } from "typebox";
import type { ServerContext } from "../context.ts";
import type { App } from "../http/app.ts";
import { derivedId } from "../purchases/derivedId.ts";
import { orNull, Uuid } from "./fields.ts";
import { commitNew } from "./guarded.ts";
import { conflict, invalid, missing, type Refusal, type Registered } from "./outcome.ts";
import { issueImage, replaceCard, setCardStatus } from "./replacement.ts";
import { type Resource, readOne, registerAction } from "./resource.ts";

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
  scriptSeq: Type.Integer({
    description: "grows with each script and replacement; goes with what is stated of its meter",
  }),
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
      scriptSeq: state.scriptSeq,
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
      secret: firstSecret,
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
    keyed: true,
    body: Type.Object({ status: Type.Union([Type.Literal("current"), Type.Literal("lost"), Type.Literal("blocked")]) }),
    answer: CardView,
    run: async (c, id, body, key) => viewAfter(c, id, await setCardStatus(c, id, body.status, key)),
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
