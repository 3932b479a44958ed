/** Replacing a card by what people found out: by two of them (protocol, "Refund"). */
import { ok, type Result } from "@citygas/core";
import { type Static, Type } from "typebox";
import type { ServerContext } from "../../context.ts";
import { type Refused, refused } from "../../purchases/refused.ts";
import { mayReplace, replaceCard } from "../../registration/replacement.ts";
import type { DecisionKind, Proposal } from "../types.ts";

const Replace = Type.Object({
  carries: Type.Union(
    [
      Type.Literal("carry"),
      Type.Literal("refund"),
      Type.Literal("used"),
      Type.Literal("loaded"),
      Type.Literal("handedIn"),
    ],
    {
      description:
        "carry: what the books say the card held; refund: its open purchase is taken back, the meter confirms; used: the " +
        "meter refuses its count as used, so it gets that count with amount 0; loaded: the meter's index shows that all " +
        "was loaded (class C); handedIn: the old card is here (class C), the new one holds the same",
    },
  ),
  indexL: Type.Optional(Type.Integer({ minimum: 0, description: "the meter's index as read on site; for `loaded`" })),
});

async function mayBe(ctx: ServerContext, { ref, doc }: Proposal): Promise<Result<null, Refused>> {
  // Has passed `schema`.
  const { carries, indexL } = doc as Static<typeof Replace>;
  const card = (await ctx.store.load([{ kind: "card", id: ref }])).get("card", ref)?.state;
  if (card === undefined) return refused("notFound");
  if (carries === "loaded" && indexL === undefined) return refused("refund.indexNeeded");
  const id = card.openPurchaseId;
  const open = id === null ? undefined : (await ctx.store.load([{ kind: "purchase", id }])).get("purchase", id)?.state;
  const may = mayReplace(card, open ?? null, carries, true);
  return may.ok ? ok(null) : refused(may.error.code);
}

export const replaceKind: DecisionKind = {
  kind: "card.replace",
  title: { zh: "凭证补卡", en: "Replace a card by evidence" },
  makers: ["cashier", "supervisor"],
  checkers: ["supervisor", "operations"],
  schema: Replace,
  check: mayBe,
  async carryOut(ctx, proposal, approvedBy): Promise<Result<unknown, Refused>> {
    const { carries } = proposal.doc as Static<typeof Replace>;
    const key = `decision:${proposal.id}`;
    const done = await replaceCard(ctx, proposal.ref, { key, fingerprint: key }, { carries, approvedBy });
    return done.ok ? ok({ replacement: done.value.replacement }) : refused(done.error.code);
  },
};
