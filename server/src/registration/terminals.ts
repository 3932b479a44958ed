/** Terminals as the office sees them: registered, given a one-time pairing code, revoked. */
import { ok } from "@citygas/core";
import { Type } from "typebox";
import type { ServerContext } from "../context.ts";
import type { App } from "../http/app.ts";
import { issuePairingCode, type TerminalAuth } from "../terminals/pairing.ts";
import { Name, orNull, timeText, timeTextOrNull, Uuid } from "./fields.ts";
import { missing, unlessTaken } from "./outcome.ts";
import { type Resource, readOne, registerAction } from "./resource.ts";

const Kind = Type.Union([Type.Literal("kiosk"), Type.Literal("desk"), Type.Literal("phone")]);
export const TerminalBody = Type.Object({ unitId: Uuid, name: Name, kind: Kind });
const TerminalView = Type.Object({
  id: Type.String(),
  unitId: Type.String(),
  name: Type.String(),
  kind: Kind,
  pairedAt: orNull(Type.String()),
  revokedAt: orNull(Type.String()),
  lastSeenAt: orNull(Type.String()),
});

interface TerminalRow {
  id: string;
  unit_id: string;
  name: string;
  kind: "kiosk" | "desk" | "phone";
  paired_at: number | null;
  revoked_at: number | null;
  last_seen_at: number | null;
}

export const terminals: Resource<typeof TerminalBody, typeof TerminalView, TerminalRow> = {
  path: "/terminals",
  tag: "terminals",
  summary: "终端 · terminal",
  body: TerminalBody,
  view: TerminalView,
  source: {
    sql: "select id, unit_id, name, kind, paired_at, revoked_at, last_seen_at from terminal",
    search: ["name"],
    filters: { unitId: "unit_id", kind: "kind" },
    view: (row) => ({
      id: row.id,
      unitId: row.unit_id,
      name: row.name,
      kind: row.kind,
      pairedAt: timeTextOrNull(row.paired_at),
      revokedAt: timeTextOrNull(row.revoked_at),
      lastSeenAt: timeTextOrNull(row.last_seen_at),
    }),
  },
  async create(ctx, id, body) {
    const unit = await ctx.db.query("select 1 from company_unit where id = $1", [body.unitId]);
    if (unit.rows.length === 0) return missing("unit");
    return unlessTaken("terminal", () =>
      ctx.db.query(
        "insert into terminal (id, unit_id, name, kind) values ($1, $2, $3, $4) on conflict (id) do nothing",
        [id, body.unitId, body.name, body.kind],
      ),
    );
  },
};

export function registerTerminalActions(app: App, ctx: ServerContext, auth: TerminalAuth): void {
  registerAction(app, ctx, {
    method: "POST",
    path: "/terminals/:id/pairing-codes",
    tag: "terminals",
    summary: "一次性配对码，旧码作废 · A one-time pairing code; earlier ones are void",
    answer: Type.Object({ code: Type.String(), expiresAt: Type.String() }),
    status: 201,
    run: async (c, id) => {
      if ((await readOne(c, terminals.source, id)) === undefined) return missing("terminal");
      const { code, expiresAt } = await issuePairingCode(c, id);
      return ok({ code, expiresAt: timeText(expiresAt) });
    },
  });
  registerAction(app, ctx, {
    method: "POST",
    path: "/terminals/:id/revocation",
    tag: "terminals",
    summary: "吊销终端 · Its key and tokens no longer count",
    answer: TerminalView,
    run: async (c, id) => {
      await c.db.query("update terminal set revoked_at = $2, public_key = null where id = $1 and revoked_at is null", [
        id,
        c.now(),
      ]);
      auth.forget(id);
      const view = await readOne(c, terminals.source, id);
      return view === undefined ? missing("terminal") : ok(view);
    },
  });
}
