/** The kinds of decision that reconciliation brings to decisions/. */
import { resolutionKinds } from "@citygas/core";
import { type Static, type TSchema, Type } from "typebox";
import type { DecisionKind, Proposal, Role } from "../decisions/types.ts";
import type { ReconciliationContext } from "./context.ts";
import { differenceById } from "./differenceRows.ts";
import { clearSuspense, ignorePrefix, mayClear, mayIgnore, mayResolve, resolve } from "./resolve.ts";

const makers: readonly Role[] = ["finance", "supervisor"];
const closed = { additionalProperties: false };
const Resolve = Type.Object({ resolution: Type.Union(resolutionKinds.map((kind) => Type.Literal(kind))) }, closed);
const Clear = Type.Object({ to: Type.Union([Type.Literal("gateway"), Type.Literal("overShort")]) }, closed);
const Ignore = Type.Object({ prefix: Type.String({ pattern: "^[0-9A-Za-z_|*-]{2,32}$" }) }, closed);

/** decisions/ has checked the document against the kind's schema. */
const docOf = <T extends TSchema>(_schema: T, { doc }: Proposal): Static<T> => doc as Static<T>;

/** `ref` is always a difference. */
export function reconciliationDecisions(rc: ReconciliationContext): DecisionKind[] {
  return [
    {
      kind: "reconciliation.resolve",
      title: { zh: "处理对账差异", en: "Resolve a difference" },
      makers,
      checkers: makers,
      schema: Resolve,
      async check(_ctx, proposal) {
        return mayResolve(await differenceById(rc.db, proposal.ref), docOf(Resolve, proposal).resolution);
      },
      carryOut: (_ctx, proposal, by) => resolve(rc, proposal, docOf(Resolve, proposal).resolution, by),
    },
    {
      kind: "reconciliation.clearSuspense",
      title: { zh: "挂账销账", en: "Clear an amount out of suspense" },
      makers,
      checkers: makers,
      schema: Clear,
      async check(_ctx, proposal) {
        return mayClear(await differenceById(rc.db, proposal.ref));
      },
      carryOut: (_ctx, proposal, by) => clearSuspense(rc, proposal, docOf(Clear, proposal).to, by),
    },
    {
      kind: "reconciliation.ignorePrefix",
      title: { zh: "忽略其他终端的单号", en: "Ignore another terminal's order numbers" },
      makers,
      checkers: makers,
      schema: Ignore,
      async check(_ctx, proposal) {
        return mayIgnore(await differenceById(rc.db, proposal.ref), docOf(Ignore, proposal).prefix);
      },
      carryOut: (_ctx, proposal, by) => ignorePrefix(rc, proposal, docOf(Ignore, proposal).prefix, by),
    },
  ];
}
