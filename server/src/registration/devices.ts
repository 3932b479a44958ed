/** Meters and controllers. A controller is a device of its own on a meter, replaced alone; both indexes are kept. */
import { type Id, ok } from "@citygas/core";
import { Type } from "typebox";
import type { ServerContext } from "../context.ts";
import type { App } from "../http/app.ts";
import { derivedId } from "../purchases/derivedId.ts";
import { Litre, orNull, Serial, timeTextOrNull, Uuid } from "./fields.ts";
import { commitNew } from "./guarded.ts";
import { takesCards } from "./meterSwap.ts";
import { conflict, missing, type Registered, unlessTaken } from "./outcome.ts";
import { type Resource, readOne, registerAction } from "./resource.ts";

export const MeterBody = Type.Object({
  kind: Type.Union([Type.Literal("ordinary"), Type.Literal("ic"), Type.Literal("iot")]),
  settlement: Type.Union([Type.Literal("meter"), Type.Literal("centre")]),
  counts: Type.Union([Type.Literal("volume"), Type.Literal("money")]),
  serial: Serial,
  accountId: Uuid,
  model: Type.String({ minLength: 1, maxLength: 60 }),
  ceiling: Type.Optional(
    orNull(Type.Integer({ minimum: 0, description: "most it takes, litres or fen; 0 or null: none" })),
  ),
});
const MeterView = Type.Object({
  id: Type.String(),
  kind: MeterBody.properties.kind,
  settlement: MeterBody.properties.settlement,
  counts: MeterBody.properties.counts,
  serial: Type.String(),
  accountId: orNull(Type.String()),
  model: Type.String(),
  ceiling: orNull(Type.Integer()),
  installedAt: orNull(Type.String()),
  replacedAt: orNull(Type.String()),
  replacedBy: orNull(Type.String()),
});

interface MeterRow {
  id: string;
  kind: "ordinary" | "ic" | "iot";
  settlement: "meter" | "centre";
  counts: "volume" | "money";
  serial: string;
  account_id: string | null;
  model: string;
  ceiling: number | null;
  installed_at: number | null;
  replaced_at: number | null;
  replaced_by: string | null;
}

export const meters: Resource<typeof MeterBody, typeof MeterView, MeterRow> = {
  path: "/meters",
  tag: "devices",
  summary: "燃气表 · meter",
  body: MeterBody,
  view: MeterView,
  source: {
    sql: `select id, kind, settlement, counts, serial, account_id, model, ceiling, installed_at, replaced_at, replaced_by
          from meter_registration`,
    search: ["serial", "model"],
    filters: { accountId: "account_id", kind: "kind" },
    view: (row) => ({
      id: row.id,
      kind: row.kind,
      settlement: row.settlement,
      counts: row.counts,
      serial: row.serial,
      accountId: row.account_id,
      model: row.model,
      ceiling: row.ceiling,
      installedAt: timeTextOrNull(row.installed_at),
      replacedAt: timeTextOrNull(row.replaced_at),
      replacedBy: row.replaced_by,
    }),
  },
  async create(ctx, id, body) {
    const account = (await ctx.store.load([{ kind: "account", id: body.accountId }])).get("account", body.accountId);
    if (account === undefined) return missing("account");
    const { rows } = await ctx.db.query<{ same: boolean }>(
      `select serial = $1 as same from meter_registration
       where id <> $2 and (serial = $1 or (account_id = $3 and replaced_at is null)) order by 1 desc limit 1`,
      [body.serial, id, body.accountId],
    );
    if (rows[0])
      return conflict(rows[0].same ? "meter serial is registered already" : "the account has a meter: replace it");
    const installed = await commitNew(
      ctx,
      { kind: "account", id: body.accountId },
      {
        event: { type: "meterInstalled" },
        eventId: derivedId("meterInstalled", id),
        // Of two first meters at once the account takes one: its card and its books are bound to it.
        idempotency: { key: `first-meter:${body.accountId}`, fingerprint: id },
      },
      [
        { kind: "account", id: body.accountId, expected: account.version, state: account.state },
        { kind: "meter", id, expected: 0, state: { id, accountId: body.accountId, openPurchaseId: null } },
      ],
    );
    if (!installed.ok) return installed;
    return unlessTaken("meter serial", () =>
      ctx.db.query(
        `insert into meter_registration
           (id, kind, settlement, counts, serial, account_id, model, ceiling, installed_at, old_indexes)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, '[]') on conflict (id) do nothing`,
        [
          id,
          body.kind,
          body.settlement,
          body.counts,
          body.serial,
          body.accountId,
          body.model,
          body.ceiling ?? null,
          ctx.now(),
        ],
      ),
    );
  },
};

export const ControllerBody = Type.Object({
  kind: Type.Union([Type.Literal("ic"), Type.Literal("iot")]),
  serial: Serial,
  meterId: Uuid,
  indexL: Litre,
  meterIndexL: Litre,
});
const ControllerView = Type.Object({
  id: Type.String(),
  kind: ControllerBody.properties.kind,
  serial: Type.String(),
  meterId: orNull(Type.String()),
  accountId: orNull(Type.String()),
  indexL: orNull(Type.Integer()),
  meterIndexL: orNull(Type.Integer()),
  mountedAt: orNull(Type.String()),
  replacedAt: orNull(Type.String()),
  replacedBy: orNull(Type.String()),
});

interface ControllerRow {
  id: string;
  kind: "ic" | "iot";
  serial: string;
  meter_id: string | null;
  account_id: string | null;
  index_l: number | null;
  meter_index_l: number | null;
  mounted_at: number | null;
  replaced_at: number | null;
  replaced_by: string | null;
}

export const controllers: Resource<typeof ControllerBody, typeof ControllerView, ControllerRow> = {
  path: "/controllers",
  tag: "devices",
  summary: "控制器 · controller",
  body: ControllerBody,
  view: ControllerView,
  source: {
    sql: `select id, kind, serial, meter_id, account_id, index_l, meter_index_l, mounted_at, replaced_at, replaced_by
          from controller`,
    search: ["serial"],
    filters: { meterId: "meter_id", accountId: "account_id" },
    view: (row) => ({
      id: row.id,
      kind: row.kind,
      serial: row.serial,
      meterId: row.meter_id,
      accountId: row.account_id,
      indexL: row.index_l,
      meterIndexL: row.meter_index_l,
      mountedAt: timeTextOrNull(row.mounted_at),
      replacedAt: timeTextOrNull(row.replaced_at),
      replacedBy: row.replaced_by,
    }),
  },
  async create(ctx, id, body) {
    const { rows } = await ctx.db.query<{ account_id: string | null; mounted: string | null }>(
      `select m.account_id, c.id as mounted from meter_registration m
       left join controller c on c.meter_id = m.id and c.replaced_at is null and c.id <> $2 where m.id = $1`,
      [body.meterId, id],
    );
    const meter = rows[0];
    if (meter === undefined) return missing("meter");
    if (meter.mounted !== null) return conflict("the meter has a controller: replace it");
    return unlessTaken("controller serial", () =>
      ctx.db.query(insertControllerSql, controllerValues(id, body, meter.account_id, ctx.now())),
    );
  },
};

const insertControllerSql = `
  insert into controller (id, kind, serial, meter_id, account_id, index_l, meter_index_l, mounted_at)
  values ($1, $2, $3, $4, $5, $6, $7, $8) on conflict (id) do nothing`;

const controllerValues = (
  id: Id,
  c: { kind: string; serial: string; meterId: string; indexL: number; meterIndexL: number },
  accountId: string | null,
  at: number,
): unknown[] => [id, c.kind, c.serial, c.meterId, accountId, c.indexL, c.meterIndexL, at];

interface ControllerChange {
  serial: string;
  /** Of the controller that comes off, and of the new one. */
  oldIndexL: number;
  newIndexL: number;
  /** The meter's own at that moment: it goes on counting. */
  meterIndexL: number;
}

/** A new controller on the same meter, in one statement: the old one's index and the meter's stay with the old row. */
export async function replaceController(
  ctx: ServerContext,
  id: Id,
  change: ControllerChange,
): Promise<Registered<{ id: Id }>> {
  const newId = ctx.newId();
  const replaced = { rows: 0 };
  const done = await unlessTaken("controller serial", async () => {
    const { rowCount } = await ctx.db.query(
      `with off as (
         update controller set replaced_at = $3, replaced_by = $2, index_l = $4, meter_index_l = $5
         where id = $1 and replaced_at is null
         returning kind, meter_id, account_id)
       insert into controller (id, kind, serial, meter_id, account_id, index_l, meter_index_l, mounted_at)
       select $2, kind, $6, meter_id, account_id, $7, $5, $3 from off`,
      [id, newId, ctx.now(), change.oldIndexL, change.meterIndexL, change.serial, change.newIndexL],
    );
    replaced.rows = rowCount ?? 0;
  });
  if (!done.ok) return done;
  return replaced.rows === 1 ? ok({ id: newId }) : missing("a controller that is still mounted");
}

export function registerControllerReplacement(app: App, ctx: ServerContext): void {
  registerAction(app, ctx, {
    method: "POST",
    path: "/controllers/:id/replacement",
    tag: "devices",
    summary:
      "更换控制器，表不动 · Replaces the controller alone; one that a card goes into only as a decision, `controller.replace`",
    body: Type.Object({ serial: Serial, oldIndexL: Litre, newIndexL: Litre, meterIndexL: Litre }),
    answer: ControllerView,
    status: 201,
    run: async (c, id, body) => {
      if (await takesCards(c, id)) return { ok: false, error: { code: "decision.required" } };
      const replaced = await replaceController(c, id, body);
      if (!replaced.ok) return replaced;
      const view = await readOne(c, controllers.source, replaced.value.id);
      return view === undefined ? missing("controller") : ok(view);
    },
  });
}
