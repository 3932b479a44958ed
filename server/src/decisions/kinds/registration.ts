/** Registration that moves money or prices: by two people. */
import { ok, type Result } from "@citygas/core";
import { type Static, Type } from "typebox";
import type { ServerContext } from "../../context.ts";
import { derivedId } from "../../purchases/derivedId.ts";
import { type Refused, refused } from "../../purchases/refused.ts";
import { adjustBalance } from "../../registration/accountMoney.ts";
import { openAdoptionWindow, WindowDoc } from "../../registration/adoptionWindows.ts";
import { Name } from "../../registration/fields.ts";
import type { Registered } from "../../registration/outcome.ts";
import { addTariffVersion, VersionBody } from "../../registration/tariffs.ts";
import type { DecisionKind } from "../types.ts";

const Adjust = Type.Object({
  amountFen: Type.Integer({ minimum: -10_000_000_000, maximum: 10_000_000_000 }),
  reason: Name,
});

/** Registration's words for programmers stay in the log. */
function told(ctx: ServerContext, done: Registered<unknown>): Result<unknown, Refused> {
  if (done.ok) return ok(null);
  ctx.log.info(done.error, "registration refused");
  return refused(done.error.code === "request.invalid" ? "decision.notApplicable" : done.error.code);
}

export const adjustKind: DecisionKind = {
  kind: "account.adjust",
  title: { zh: "调整账户余额", en: "Correct an account's balance" },
  makers: ["cashier", "supervisor", "finance"],
  checkers: ["supervisor", "finance"],
  schema: Adjust,
  async check(ctx, { ref, doc }) {
    const found = (await ctx.store.load([{ kind: "account", id: ref }])).get("account", ref);
    const { rows } = await ctx.db.query("select 1 from account_registration where id = $1", [ref]);
    if (found === undefined || rows.length === 0) return refused("notFound");
    // Has passed `schema`.
    const { amountFen } = doc as Static<typeof Adjust>;
    return amountFen === 0 || found.state.balanceFen + amountFen < 0 ? refused("decision.notApplicable") : ok(null);
  },
  async carryOut(ctx, proposal) {
    const key = `decision:${proposal.id}`;
    const by = { key, fingerprint: key };
    return told(ctx, await adjustBalance(ctx, proposal.ref, proposal.doc as Static<typeof Adjust>, by));
  },
};

export const publishTariffKind: DecisionKind = {
  kind: "tariff.publish",
  title: { zh: "发布新价格", en: "Publish a new price" },
  makers: ["operations", "finance"],
  checkers: ["supervisor", "finance"],
  schema: VersionBody,
  async check(ctx, { ref }) {
    const { rows } = await ctx.db.query("select 1 from tariff where id = $1", [ref]);
    return rows.length === 0 ? refused("notFound") : ok(null);
  },
  async carryOut(ctx, proposal) {
    const id = derivedId("tariff version", proposal.id);
    const { rows } = await ctx.db.query("select 1 from tariff_version where id = $1", [id]);
    if (rows.length > 0) return ok(null);
    return told(ctx, await addTariffVersion(ctx, proposal.ref, proposal.doc as Static<typeof VersionBody>, id));
  },
};

export const adoptionKind: DecisionKind = {
  kind: "adoption.open",
  title: { zh: "开放采纳期", en: "Believe a maker's old cards for a while" },
  makers: ["operations", "finance"],
  checkers: ["supervisor", "finance"],
  schema: WindowDoc,
  async check(ctx, { ref }) {
    const { rows } = await ctx.db.query("select 1 from company_unit where id = $1", [ref]);
    return rows.length === 0 ? refused("notFound") : ok(null);
  },
  async carryOut(ctx, proposal, by) {
    const id = derivedId("adoption window", proposal.id);
    return told(ctx, await openAdoptionWindow(ctx, id, proposal.ref, proposal.doc as Static<typeof WindowDoc>, by));
  },
};
