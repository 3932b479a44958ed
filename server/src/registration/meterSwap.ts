/**
 * 换表 and 更换控制器 in the registration: a row that holds the new serial stands before the swap, and becomes the account's
 * device after it. Between the two stands `replaceMeter`; whoever dies in between is followed by the same request.
 */
import { type Id, type LastWord, ok } from "@citygas/core";
import { type Static, Type } from "typebox";
import { derivedId } from "../purchases/derivedId.ts";
import type { SaleContext } from "../purchases/sale.ts";
import { Litre, Name, orNull, PositiveFen, Serial } from "./fields.ts";
import type { KeyedBy } from "./guarded.ts";
import { mayReplaceLinked, mayReplaceMeter, replaceBareMeter, replaceMeter, type Stated } from "./meterReplacement.ts";
import { conflict, missing, type Refusal, type Registered, unlessTaken } from "./outcome.ts";
import { cardWithPurchase } from "./replacement.ts";

const Word = Type.Object(
  {
    acceptedCount: Type.Integer({ minimum: 0, description: "last purchase number it took" }),
    totalCredited: Type.Integer({ minimum: 0, description: "all that it was ever credited with, litres or fen" }),
    remaining: Type.Integer({ description: "litres or fen; below zero: overdraft" }),
    indexL: Litre,
  },
  {
    description:
      "read when no card could go into it any more, from its display or from the card that was in it last; null: it says " +
      "nothing, or nothing that can be: then what it was last sent counts as taken, and nothing as left in it",
  },
);
const common = {
  newIndexL: Litre,
  word: orNull(Word),
  cardSeq: Type.Optional(
    Type.Integer({ minimum: 0, description: "the card's `scriptSeq` when that was read; left out: it has no card" }),
  ),
  oldCard: Type.Union([Type.Literal("handedIn"), Type.Literal("gone")]),
  owed: Type.Optional(
    Type.Object(
      { amountFen: PositiveFen, kind: Name },
      { description: "the debt that an overdraft becomes; needed where there is one" },
    ),
  ),
};
const asTheOld = { description: "of the new meter; left out: as the old one's. Another one is `meter.otherKind`" };
export const MeterSwapDoc = Type.Object({
  serial: Serial,
  model: Type.String({ minLength: 1, maxLength: 60 }),
  kind: Type.Optional(Type.Union([Type.Literal("ordinary"), Type.Literal("ic"), Type.Literal("iot")], asTheOld)),
  counts: Type.Optional(Type.Union([Type.Literal("volume"), Type.Literal("money")], asTheOld)),
  layout: Type.Optional(Type.String({ maxLength: 40, ...asTheOld })),
  ceiling: Type.Optional(
    orNull(Type.Integer({ minimum: 0, description: "most it takes, litres or fen; 0 or null: none" })),
  ),
  ...common,
});
export type MeterSwapDoc = Static<typeof MeterSwapDoc>;
export const ControllerSwapDoc = Type.Object({ serial: Serial, meterIndexL: Litre, ...common });
export type ControllerSwapDoc = Static<typeof ControllerSwapDoc>;

type Context = Pick<SaleContext, "store" | "registry" | "db" | "now" | "newId" | "settings" | "log">;

interface MeterRow {
  id: Id;
  account_id: Id | null;
  kind: "ordinary" | "ic" | "iot";
  counts: "volume" | "money";
  ceiling: number | null;
  replaced_by: Id | null;
  card_id: Id | null;
  /** null: no card goes into it. */
  layout: string | null;
}

async function meterRow({ db }: Context, id: Id): Promise<MeterRow | undefined> {
  const { rows } = await db.query<MeterRow>(
    `select m.id, m.account_id, m.kind, m.counts, m.ceiling, m.replaced_by,
            c.id as card_id, c.state->>'layout' as layout
     from meter_registration m left join lateral (
       select id, state from card where account_id = m.account_id and state->>'meterId' = m.id
       order by (status = 'replaced'), id limit 1) c on true
     where m.id = $1`,
    [id],
  );
  return rows[0];
}

/** The same new meter for the same words, so that a proposal that failed leaves nothing in the way of the next. */
const newIdOf = (kind: "meter" | "controller", oldId: Id, serial: string): Id =>
  derivedId(`${kind} replaced`, oldId, serial);

const statedOf = (
  doc: Omit<MeterSwapDoc, "serial" | "model">,
  newMeterId: Id,
  approvedBy: [maker: Id, checker: Id],
): Stated => ({
  newMeterId,
  newIndexL: doc.newIndexL,
  ceiling: doc.ceiling ?? 0,
  word: doc.word,
  cardSeq: doc.cardSeq ?? -1,
  handedIn: doc.oldCard === "handedIn",
  owedFen: doc.owed?.amountFen ?? 0,
  approvedBy,
});

const refuse = (code: Refusal["code"]): { ok: false; error: Refusal } => ({ ok: false, error: { code } });
const anyTwo: [Id, Id] = ["maker", "checker"];

const isOverdrawn = (word: LastWord | null): boolean => word !== null && word.remaining < 0;

async function maySwap(ctx: Context, row: MeterRow, doc: Omit<MeterSwapDoc, "model">): Promise<Registered> {
  if (row.account_id === null || isOverdrawn(doc.word) !== (doc.owed !== undefined))
    return refuse("decision.notApplicable");
  if (row.card_id === null) {
    if (doc.cardSeq !== undefined) return refuse("decision.notApplicable");
    const may = await mayReplaceLinked(ctx, row.id, doc.word);
    // Two people say so: then what was sent goes to people, and nothing is replaced yet.
    return may.ok || may.error.code === "meter.wordDisagrees" ? ok(null) : may;
  }
  const found = await cardWithPurchase(ctx, row.card_id);
  if (found === undefined) return missing("card");
  const may = mayReplaceMeter(found.card, found.open, statedOf(doc, row.id, anyTwo));
  // Two people say so: then the purchase that is open goes to people, and nothing is replaced yet.
  const forPeople = !may.ok && may.error.code === "meter.wordDisagrees" && found.open?.state === "unknown";
  return may.ok || forPeople ? ok(null) : may;
}

/**
 * What is left in the old one, what is open on its card, and what may be refunded of it, stand in the old one's unit
 * and go by its class (docs/decisions/0004, "A meter of another kind"): the new one is a new account's.
 */
const isOtherKind = ({ kind, counts, layout }: MeterRow, doc: MeterSwapDoc): boolean =>
  (doc.kind ?? kind) !== kind || (doc.counts ?? counts) !== counts || (doc.layout ?? layout) !== layout;

/** Would it be possible now? */
export async function mayReplaceMeterBy(ctx: Context, meterId: Id, doc: MeterSwapDoc): Promise<Registered> {
  const row = await meterRow(ctx, meterId);
  if (row === undefined) return missing("meter");
  if (row.replaced_by !== null) return refuse("meter.retired");
  if (isOtherKind(row, doc)) return refuse("meter.otherKind");
  if (await serialTaken(ctx, "meter_registration", doc.serial, newIdOf("meter", meterId, doc.serial)))
    return conflict("meter serial is registered already");
  return await maySwap(ctx, row, doc);
}

async function serialTaken({ db }: Context, table: "meter_registration" | "controller", serial: string, id: Id) {
  const { rows } = await db.query(`select 1 from ${table} where serial = $1 and id <> $2`, [serial, id]);
  return rows.length > 0;
}

/** @returns the new meter's id. The same request again does what is left to do. */
export async function replaceMeterBy(
  ctx: Context,
  meterId: Id,
  doc: MeterSwapDoc,
  by: KeyedBy & { approvedBy: [maker: Id, checker: Id] },
): Promise<Registered<{ meterId: Id; cardId: Id | null }>> {
  const row = await meterRow(ctx, meterId);
  if (row === undefined) return missing("meter");
  if (isOtherKind(row, doc)) return refuse("meter.otherKind");
  const id = newIdOf("meter", meterId, doc.serial);
  const reserved = await unlessTaken("meter serial", () =>
    ctx.db.query(
      `insert into meter_registration
         (id, kind, settlement, counts, serial, model, ceiling, index_l, old_indexes)
       select $2, kind, settlement, counts, $3, $4, $5, $6, '[]' from meter_registration where id = $1
       on conflict (id) do nothing`,
      [meterId, id, doc.serial, doc.model, doc.ceiling ?? null, doc.newIndexL],
    ),
  );
  if (!reserved.ok) return reserved;
  // Once it is done the card is the new meter's.
  const cardId = row.card_id ?? (await cardOf(ctx, id));
  const swapped = await swap(ctx, { ...row, card_id: cardId }, statedOf(doc, id, by.approvedBy), by);
  if (!swapped.ok) {
    await ctx.db.query("delete from meter_registration where id = $1 and account_id is null", [id]);
    return swapped;
  }
  await ctx.db.query(
    `with off as (
       update meter_registration set replaced_at = $3, replaced_by = $2
       where id = $1 and replaced_by is null returning account_id, serial, old_indexes)
     update meter_registration n
     set account_id = off.account_id, installed_at = $3,
         old_indexes = off.old_indexes || jsonb_build_array(jsonb_build_object(
           'meterId', $1::text, 'serial', off.serial, 'indexL', $4::bigint, 'at', $3::bigint))
     from off where n.id = $2`,
    [meterId, id, ctx.now(), doc.word?.indexL ?? null],
  );
  await addOverdraft(ctx, row, doc, by);
  return ok({ meterId: id, cardId });
}

async function cardOf({ db }: Context, meterId: Id): Promise<Id | null> {
  const { rows } = await db.query<{ id: Id }>("select id from card where state->>'meterId' = $1 limit 1", [meterId]);
  return rows[0]?.id ?? null;
}

const swap = async (ctx: Context, row: MeterRow, stated: Stated, by: KeyedBy): Promise<Registered<unknown>> =>
  row.card_id === null
    ? await replaceBareMeter(ctx, row.id, row.counts, stated, by)
    : await replaceMeter(ctx, row.card_id, stated, by);

/** Posted with the swap; the row is what a purchase settles. */
async function addOverdraft(
  { db, now }: Context,
  { account_id: accountId }: MeterRow,
  { owed }: Pick<MeterSwapDoc, "owed">,
  by: KeyedBy,
): Promise<void> {
  if (owed === undefined) return;
  await db.query(
    "insert into debt (id, account_id, amount_fen, kind, created_at) values ($1, $2, $3, $4, $5) on conflict (id) do nothing",
    [derivedId("overdraft", by.key), accountId, owed.amountFen, owed.kind, now()],
  );
}

interface ControllerRow {
  kind: "ic" | "iot";
  meter_id: Id | null;
  replaced_by: Id | null;
}

const controllerRow = async ({ db }: Context, id: Id): Promise<ControllerRow | undefined> =>
  (await db.query<ControllerRow>("select kind, meter_id, replaced_by from controller where id = $1", [id])).rows[0];

/** The one that holds number, total and what is left is the controller, where a card goes into it. */
export async function takesCards(ctx: Context, controllerId: Id): Promise<boolean> {
  const controller = await controllerRow(ctx, controllerId);
  if (controller?.kind !== "ic" || controller.meter_id === null) return false;
  return (await meterRow(ctx, controller.meter_id))?.card_id != null;
}

export async function mayReplaceControllerBy(ctx: Context, id: Id, doc: ControllerSwapDoc): Promise<Registered> {
  const controller = await controllerRow(ctx, id);
  const row = controller?.meter_id == null ? undefined : await meterRow(ctx, controller.meter_id);
  if (controller === undefined || row === undefined) return missing("controller");
  if (controller.replaced_by !== null) return refuse("meter.retired");
  if (controller.kind !== "ic" || row.card_id === null) return refuse("decision.notApplicable");
  if (await serialTaken(ctx, "controller", doc.serial, newIdOf("controller", id, doc.serial)))
    return conflict("controller serial is registered already");
  return await maySwap(ctx, row, doc);
}

/** Under the same meter: only what the controller held begins anew. */
export async function replaceControllerBy(
  ctx: Context,
  id: Id,
  doc: ControllerSwapDoc,
  by: KeyedBy & { approvedBy: [maker: Id, checker: Id] },
): Promise<Registered<{ controllerId: Id; cardId: Id }>> {
  const controller = await controllerRow(ctx, id);
  const row = controller?.meter_id == null ? undefined : await meterRow(ctx, controller.meter_id);
  if (row?.card_id == null) return missing("controller");
  const newId = newIdOf("controller", id, doc.serial);
  const reserved = await unlessTaken("controller serial", () =>
    ctx.db.query(
      `insert into controller (id, kind, serial, index_l, meter_index_l)
       select $2, kind, $3, $4, $5 from controller where id = $1 on conflict (id) do nothing`,
      [id, newId, doc.serial, doc.newIndexL, doc.meterIndexL],
    ),
  );
  if (!reserved.ok) return reserved;
  const stated = statedOf({ ...doc, ceiling: row.ceiling }, row.id, by.approvedBy);
  const swapped = await swap(ctx, row, stated, by);
  if (!swapped.ok) {
    await ctx.db.query("delete from controller where id = $1 and meter_id is null", [newId]);
    return swapped;
  }
  await ctx.db.query(
    `with off as (
       update controller set replaced_at = $3, replaced_by = $2, index_l = coalesce($4, index_l), meter_index_l = $5
       where id = $1 and replaced_by is null returning meter_id, account_id)
     update controller n set meter_id = off.meter_id, account_id = off.account_id, mounted_at = $3
     from off where n.id = $2`,
    [id, newId, ctx.now(), doc.word?.indexL ?? null, doc.meterIndexL],
  );
  await addOverdraft(ctx, row, doc, by);
  return ok({ controllerId: newId, cardId: row.card_id });
}
