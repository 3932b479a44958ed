/** Tariffs and their versions. A version is never edited: a new price is a new version from an instant on. */
import { type Id, ok, type TariffVersion, versionProblem } from "@citygas/core";
import { type Static, Type } from "typebox";
import type { ServerContext } from "../context.ts";
import type { App } from "../http/app.ts";
import { tariffVersions } from "./accounts.ts";
import { CustomerKind, instantOf, Name, Time, timeText, Uuid } from "./fields.ts";
import { invalid, missing, type Registered, unlessTaken } from "./outcome.ts";
import { type Resource, registerAction } from "./resource.ts";
import { versionFields } from "./tariffSchema.ts";

export const TariffBody = Type.Object({ unitId: Uuid, name: Name, customerKind: CustomerKind });
const TariffView = Type.Object({ id: Type.String(), unitId: Type.String(), name: Name, customerKind: CustomerKind });

interface TariffRow {
  id: string;
  unit_id: string;
  name: string;
  customer_kind: "residential" | "nonResidential";
}

export const tariffs: Resource<typeof TariffBody, typeof TariffView, TariffRow> = {
  path: "/tariffs",
  tag: "tariffs",
  summary: "价格 · tariff",
  body: TariffBody,
  view: TariffView,
  source: {
    sql: "select id, unit_id, name, customer_kind from tariff",
    search: ["name"],
    filters: { unitId: "unit_id", customerKind: "customer_kind" },
    view: ({ id, name, unit_id, customer_kind }) => ({ id, name, unitId: unit_id, customerKind: customer_kind }),
  },
  async create(ctx, id, body) {
    const unit = await ctx.db.query("select 1 from company_unit where id = $1", [body.unitId]);
    if (unit.rows.length === 0) return missing("unit");
    return unlessTaken("tariff", () =>
      ctx.db.query(
        "insert into tariff (id, unit_id, name, customer_kind) values ($1, $2, $3, $4) on conflict (id) do nothing",
        [id, body.unitId, body.name, body.customerKind],
      ),
    );
  },
};

export const VersionBody = Type.Object({ effectiveFrom: Time, ...versionFields });
const VersionView = Type.Object({ id: Type.String(), tariffId: Type.String(), ...VersionBody.properties });

/** Refused when it can't be sold from, or when the tariff has a version from that very instant. */
export async function addTariffVersion(
  ctx: ServerContext,
  tariffId: Id,
  body: Static<typeof VersionBody>,
  id: Id = ctx.newId(),
): Promise<Registered<TariffVersion>> {
  const version: TariffVersion = {
    id,
    tariffId,
    name: body.name,
    effectiveFrom: instantOf(body.effectiveFrom),
    pricing: body.pricing,
    household: body.household ?? null,
    lowIncomeFreeL: body.lowIncomeFreeL ?? 0,
    limits: body.limits ?? { perPurchaseFen: null, perPurchaseL: null, beforeChange: null },
  };
  const problem = versionProblem(version);
  if (problem !== null) return invalid(problem);
  const tariff = await ctx.db.query("select 1 from tariff where id = $1", [tariffId]);
  if (tariff.rows.length === 0) return missing("tariff");
  const added = await unlessTaken("a version from that instant", () =>
    ctx.db.query(
      "insert into tariff_version (id, tariff_id, effective_from, doc) values ($1, $2, $3, $4) on conflict (id) do nothing",
      [id, tariffId, version.effectiveFrom, version],
    ),
  );
  return added.ok ? ok(version) : added;
}

const versionView = (version: TariffVersion): Static<typeof VersionView> => ({
  ...version,
  effectiveFrom: timeText(version.effectiveFrom),
});

export function registerTariffVersions(app: App, ctx: ServerContext): void {
  registerAction(app, ctx, {
    method: "POST",
    path: "/tariffs/:id/versions",
    tag: "tariffs",
    summary:
      "登记新价格版本 · Adds a version; versions are never edited. In production only as a decision, `tariff.publish`",
    body: VersionBody,
    answer: VersionView,
    status: 201,
    run: async (c, id, body) => {
      if (c.settings.production) return { ok: false, error: { code: "decision.required" } };
      const added = await addTariffVersion(c, id, body);
      return added.ok ? ok(versionView(added.value)) : added;
    },
  });
  registerAction(app, ctx, {
    method: "GET",
    path: "/tariffs/:id/versions",
    tag: "tariffs",
    summary: "查询价格版本 · All versions, oldest first",
    answer: Type.Object({ items: Type.Array(VersionView) }),
    run: async (c, id) => ok({ items: (await tariffVersions(c, id)).map(versionView) }),
  });
}
