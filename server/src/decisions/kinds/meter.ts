/** 换表, 更换控制器, and what becomes of what was left where no new meter can take it: by two people. */
import { carriedOf, ok, type Result } from "@citygas/core";
import { type Static, Type } from "typebox";
import type { ServerContext } from "../../context.ts";
import { type Refused, refused } from "../../purchases/refused.ts";
import type { SaleContext } from "../../purchases/sale.ts";
import { carriedToBalance } from "../../registration/accountMoney.ts";
import {
  ControllerSwapDoc,
  MeterSwapDoc,
  mayReplaceControllerBy,
  mayReplaceMeterBy,
  replaceControllerBy,
  replaceMeterBy,
} from "../../registration/meterSwap.ts";
import type { Registered } from "../../registration/outcome.ts";
import type { DecisionKind, Proposal } from "../types.ts";

const fitters = {
  makers: ["cashier", "supervisor", "operations"],
  checkers: ["supervisor", "operations"],
} as const satisfies Pick<DecisionKind, "makers" | "checkers">;

/** Registration's words for programmers stay in the log. */
function told<T>(ctx: Pick<ServerContext, "log">, done: Registered<T>): Result<T, Refused> {
  if (done.ok) return done;
  ctx.log.info(done.error, "registration refused");
  return refused(done.error.code === "request.invalid" ? "decision.notApplicable" : done.error.code);
}

const nothing = (done: Result<unknown, Refused>): Result<null, Refused> => (done.ok ? ok(null) : done);

const keyOf = ({ id }: Proposal) => ({ key: `decision:${id}`, fingerprint: `decision:${id}` });

const ToBalance = Type.Object({
  counts: Type.Union([Type.Literal("volume"), Type.Literal("money")]),
  amountFen: Type.Integer({ minimum: 0, maximum: 10_000_000_000, description: "what all that is carried is worth" }),
});

export function meterKinds(sale: SaleContext): DecisionKind[] {
  return [
    {
      kind: "meter.replace",
      title: { zh: "换表", en: "Replace a meter" },
      ...fitters,
      schema: MeterSwapDoc,
      // Has passed `schema`, here and below.
      check: async (_ctx, { ref, doc }) => nothing(told(sale, await mayReplaceMeterBy(sale, ref, doc as MeterSwapDoc))),
      carryOut: async (_ctx, proposal, approvedBy) =>
        told(
          sale,
          await replaceMeterBy(sale, proposal.ref, proposal.doc as MeterSwapDoc, { ...keyOf(proposal), approvedBy }),
        ),
    },
    {
      kind: "controller.replace",
      title: { zh: "更换控制器", en: "Replace a controller that takes cards" },
      ...fitters,
      schema: ControllerSwapDoc,
      check: async (_ctx, { ref, doc }) =>
        nothing(told(sale, await mayReplaceControllerBy(sale, ref, doc as ControllerSwapDoc))),
      carryOut: async (_ctx, proposal, approvedBy) => {
        const doc = proposal.doc as ControllerSwapDoc;
        return told(sale, await replaceControllerBy(sale, proposal.ref, doc, { ...keyOf(proposal), approvedBy }));
      },
    },
    {
      kind: "carried.toBalance",
      title: { zh: "换表余量折成余额", en: "Turn what a replaced meter held into money" },
      makers: ["cashier", "supervisor", "finance"],
      checkers: ["supervisor", "finance"],
      schema: ToBalance,
      async check({ store }, { ref, doc }) {
        const account = (await store.load([{ kind: "account", id: ref }])).get("account", ref)?.state;
        if (account === undefined) return refused("notFound");
        const { counts } = doc as Static<typeof ToBalance>;
        const { volumeL, meterCreditFen } = carriedOf(account);
        return (counts === "volume" ? volumeL : meterCreditFen) > 0 ? ok(null) : refused("decision.notApplicable");
      },
      carryOut: async (ctx, proposal) =>
        nothing(
          told(
            ctx,
            await carriedToBalance(ctx, proposal.ref, proposal.doc as Static<typeof ToBalance>, keyOf(proposal)),
          ),
        ),
    },
  ];
}
