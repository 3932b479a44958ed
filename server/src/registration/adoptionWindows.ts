/**
 * Adoption windows (采纳期): while moving from an old system, a maker's cards that show more than the books have are
 * believed between two instants. Opened by two people; outside production by the administrator alone.
 */
import { type Id, ok } from "@citygas/core";
import { layoutByName } from "@citygas/gascard";
import { type Static, Type } from "typebox";
import type { ServerContext } from "../context.ts";
import { instantOf, Time, timeText, Uuid } from "./fields.ts";
import { invalid, missing, type Registered, unlessTaken } from "./outcome.ts";
import type { Resource } from "./resource.ts";

/** A migration is a matter of months; one that has no end is no window. */
const longestMs = 366 * 86_400_000;

const windowFields = {
  layout: Type.String({ maxLength: 40, description: "the maker's card layout" }),
  from: Time,
  until: Time,
  purchasesMost: Type.Integer({
    minimum: 1,
    maximum: 1_000,
    description: "so many more purchases than the books have, on one card",
  }),
  creditedMost: Type.Integer({
    minimum: 0,
    maximum: 4_294_967_295,
    description: "and so much more credited at its meter, litres or fen as the layout counts",
  }),
};
/** As two people decide it, for one unit. */
export const WindowDoc = Type.Object(windowFields);
const WindowBody = Type.Object({ unitId: Uuid, ...windowFields });
const WindowView = Type.Object({
  id: Type.String(),
  ...WindowBody.properties,
  openedBy: Type.Array(Type.String(), { description: "ids of the staff, or admin" }),
  openedAt: Type.String(),
});

interface WindowRow {
  id: string;
  unit_id: string;
  layout: string;
  from_at: number;
  until_at: number;
  purchases_most: number;
  credited_most: number;
  opened_by: string[];
  opened_at: number;
}

/** The same id again opens nothing more. */
export async function openAdoptionWindow(
  ctx: ServerContext,
  id: Id,
  unitId: Id,
  doc: Static<typeof WindowDoc>,
  openedBy: readonly string[],
): Promise<Registered> {
  const [from, until] = [instantOf(doc.from), instantOf(doc.until)];
  if (layoutByName(doc.layout) === null) return invalid("no such layout");
  if (until <= from || until - from > longestMs) return invalid("until must be after from, and within a year");
  const unit = await ctx.db.query("select 1 from company_unit where id = $1", [unitId]);
  if (unit.rows.length === 0) return missing("unit");
  return unlessTaken("adoption window", () =>
    ctx.db.query(
      `insert into adoption_window
         (id, unit_id, layout, from_at, until_at, purchases_most, credited_most, opened_by, opened_at)
       values ($1, $2, $3, $4, $5, $6, $7, $8, $9) on conflict (id) do nothing`,
      [id, unitId, doc.layout, from, until, doc.purchasesMost, doc.creditedMost, JSON.stringify(openedBy), ctx.now()],
    ),
  );
}

export const adoptionWindows: Resource<typeof WindowBody, typeof WindowView, WindowRow> = {
  path: "/adoption-windows",
  tag: "registration",
  summary: "采纳期 · adoption window of a maker; in production opened only as a decision, `adoption.open`",
  body: WindowBody,
  view: WindowView,
  source: {
    sql: "select * from adoption_window",
    search: ["layout"],
    filters: { unitId: "unit_id", layout: "layout" },
    view: (row) => ({
      id: row.id,
      unitId: row.unit_id,
      layout: row.layout,
      from: timeText(row.from_at),
      until: timeText(row.until_at),
      purchasesMost: row.purchases_most,
      creditedMost: row.credited_most,
      openedBy: row.opened_by,
      openedAt: timeText(row.opened_at),
    }),
  },
  async create(ctx, id, { unitId, ...doc }) {
    if (ctx.settings.production) return { ok: false, error: { code: "decision.required" } };
    const opened = await openAdoptionWindow(ctx, id, unitId, doc, ["admin"]);
    return opened.ok ? ok(null) : opened;
  },
};
