/** 优惠: typed rules of a unit, for all its customers or one kind of them, from an instant and until another. */
import type { DeductionRule } from "@citygas/core";
import { Type } from "typebox";
import { CustomerKind, Fen, instantOf, Litre, Name, orNull, Time, timeText, timeTextOrNull, Uuid } from "./fields.ts";
import { missing, unlessTaken } from "./outcome.ts";
import type { Resource } from "./resource.ts";

const RuleBody = Type.Union([
  Type.Object({
    kind: Type.Literal("fixed"),
    name: Name,
    amountFen: Type.Integer({ minimum: 1 }),
    minGoodsFen: Type.Integer({ minimum: 0 }),
  }),
  Type.Object({
    kind: Type.Literal("permille"),
    name: Name,
    permille: Type.Integer({ minimum: 1, maximum: 1000 }),
    maxFen: orNull(Fen),
    minGoodsFen: Type.Integer({ minimum: 0 }),
  }),
  Type.Object({
    kind: Type.Literal("perVolume"),
    name: Name,
    fenPerM3: Type.Integer({ minimum: 1 }),
    maxVolumeL: Litre,
  }),
]);

export const DeductionBody = Type.Object({
  unitId: Uuid,
  effectiveFrom: Time,
  effectiveUntil: Type.Optional(orNull(Time)),
  customerKind: Type.Optional(orNull(CustomerKind)),
  rule: RuleBody,
});
const DeductionView = Type.Object({ id: Type.String(), ...DeductionBody.properties });

/** As stored. `customerKind` null: for all. */
export interface DeductionDoc {
  rule: DeductionRule;
  customerKind: string | null;
}

interface DeductionRow {
  id: string;
  unit_id: string;
  effective_from: number;
  effective_until: number | null;
  doc: { rule: DeductionRule; customerKind: "residential" | "nonResidential" | null };
}

export const deductionRules: Resource<typeof DeductionBody, typeof DeductionView, DeductionRow> = {
  path: "/deduction-rules",
  tag: "tariffs",
  summary: "优惠规则 · deduction rule",
  body: DeductionBody,
  view: DeductionView,
  source: {
    sql: "select id, unit_id, effective_from, effective_until, doc from deduction_rule",
    search: [],
    filters: { unitId: "unit_id" },
    view: (row) => ({
      id: row.id,
      unitId: row.unit_id,
      effectiveFrom: timeText(row.effective_from),
      effectiveUntil: timeTextOrNull(row.effective_until),
      customerKind: row.doc.customerKind,
      rule: row.doc.rule,
    }),
  },
  async create(ctx, id, body) {
    const unit = await ctx.db.query("select 1 from company_unit where id = $1", [body.unitId]);
    if (unit.rows.length === 0) return missing("unit");
    const doc: DeductionDoc = { rule: { ...body.rule, id }, customerKind: body.customerKind ?? null };
    const until = body.effectiveUntil ?? null;
    return unlessTaken("rule", () =>
      ctx.db.query(
        `insert into deduction_rule (id, unit_id, effective_from, effective_until, doc)
         values ($1, $2, $3, $4, $5) on conflict (id) do nothing`,
        [id, body.unitId, instantOf(body.effectiveFrom), until === null ? null : instantOf(until), doc],
      ),
    );
  },
};
