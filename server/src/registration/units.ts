/** 缴费单位: decides merchant account, tariff area, hotline, and how its cards are sold to. */

import { type Static, Type } from "typebox";
import { Name } from "./fields.ts";
import { unlessTaken } from "./outcome.ts";
import type { Resource } from "./resource.ts";

const UnitSettingsBody = Type.Object({
  areaCode: Type.String({ pattern: "^\\d{1,4}$", description: "stands on the unit's cards" }),
  quickAmountsFen: Type.Array(Type.Integer({ minimum: 1 }), { maxItems: 8 }),
  quickVolumesL: Type.Array(Type.Integer({ minimum: 1 }), { maxItems: 8 }),
  later: Type.Boolean({ description: "圈存: may pay first and write later" }),
});

export const UnitBody = Type.Object({
  name: Name,
  company: Name,
  hotline: Type.String({ minLength: 3, maxLength: 32 }),
  settings: UnitSettingsBody,
});
const UnitView = Type.Object({ id: Type.String(), ...UnitBody.properties });

export type UnitSettings = Static<typeof UnitSettingsBody>;

interface UnitRow {
  id: string;
  name: string;
  company_name: string;
  hotline: string;
  settings: UnitSettings;
}

export const units: Resource<typeof UnitBody, typeof UnitView, UnitRow> = {
  path: "/units",
  tag: "registration",
  summary: "缴费单位 · company unit",
  body: UnitBody,
  view: UnitView,
  source: {
    sql: "select id, name, company_name, hotline, settings from company_unit",
    search: ["name", "company_name"],
    filters: {},
    view: (row): Static<typeof UnitView> => ({
      id: row.id,
      name: row.name,
      company: row.company_name,
      hotline: row.hotline,
      settings: row.settings,
    }),
  },
  create: (ctx, id, body) => {
    return unlessTaken("unit", () =>
      ctx.db.query(
        "insert into company_unit (id, name, company_name, hotline, settings) values ($1, $2, $3, $4, $5) on conflict (id) do nothing",
        [id, body.name, body.company, body.hotline, body.settings],
      ),
    );
  },
};
