/** Cash leaves a drawer for the bank only by two people. */
import { ok } from "@citygas/core";
import { type Static, Type } from "typebox";
import { eventIdOf } from "../decisions/kinds/done.ts";
import type { DecisionKind } from "../decisions/types.ts";
import { refused } from "../purchases/refused.ts";
import { cashIn, deposit, drawerById } from "./drawers.ts";

const Deposit = Type.Object({
  amountFen: Type.Integer({ minimum: 1, maximum: 10_000_000_000 }),
  reference: Type.String({ minLength: 3, maxLength: 80, pattern: "^[^\\u0000-\\u001f]+$", description: "the bank's" }),
});

export const depositKind: DecisionKind = {
  kind: "drawer.deposit",
  title: { zh: "现金送存银行", en: "Take cash to the bank" },
  makers: ["cashier", "supervisor"],
  checkers: ["supervisor", "finance"],
  schema: Deposit,
  async check(ctx, { ref, doc }) {
    if ((await drawerById(ctx.db, ref)) === undefined) return refused("notFound");
    // Has passed `schema`.
    const { amountFen } = doc as Static<typeof Deposit>;
    return (await cashIn(ctx, ref)) < amountFen ? refused("drawer.tooLittle") : ok(null);
  },
  carryOut(ctx, proposal, by) {
    const key = `decision:${proposal.id}`;
    const request = { key, fingerprint: key, eventId: eventIdOf(proposal) };
    return deposit(ctx, proposal.ref, by, proposal.doc as Static<typeof Deposit>, request);
  },
};
