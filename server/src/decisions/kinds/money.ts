/** Money that its own channel can't settle: paid out another way, or declared known, by two people. */
import { type Attempt, type Id, never, ok, type PayOut, type Purchase, type Result, type Write } from "@citygas/core";
import { type Static, Type } from "typebox";
import { cashIn, openDrawer } from "../../counter/drawers.ts";
import { applyToAttempt } from "../../payments/refundOutcomes.ts";
import { type Refused, refused } from "../../purchases/refused.ts";
import type { SaleContext } from "../../purchases/sale.ts";
import type { DecisionKind, Proposal } from "../types.ts";
import { decideOnce } from "./done.ts";
import { purchaseOf } from "./purchase.ts";

const Reference = Type.String({ minLength: 3, maxLength: 80, pattern: "^[^\\u0000-\\u001f]+$" });
const PayOutDoc = Type.Union([
  Type.Object({ way: Type.Literal("bank"), reference: Reference }),
  Type.Object({
    way: Type.Literal("cash"),
    drawerId: Type.String({ format: "uuid" }),
    reference: Type.String({ ...Reference, description: "number of the receipt that the customer signed" }),
  }),
  Type.Object({ way: Type.Literal("balance") }),
]);
type PayOutDoc = Static<typeof PayOutDoc>;
const Resolve = Type.Object({
  to: Type.Union([Type.Literal("paid"), Type.Literal("reversed")]),
  transactionId: Type.Optional(Reference),
});

interface Seen {
  version: number;
  amountFen: number;
  unitId: Id;
}

/** Only when nothing is on its way any more: the channel gave up, and says now that it did not do it. */
async function stuckRefund(sale: SaleContext, purchaseId: Id): Promise<Result<Seen, Refused>> {
  const found = await purchaseOf(sale, purchaseId);
  if (!found.ok) return found;
  const { state: p, version } = found.value;
  if (p.state !== "refunding" || p.refund === null || !p.refund.stuck || p.paidAttemptId === null)
    return refused("refund.notStuck", { number: p.number });
  const attempt = await attemptOf(sale, p.paidAttemptId);
  if (attempt === undefined) throw new Error(`attempt ${p.paidAttemptId} is not in the store`);
  const gone = await notByGateway(sale, attempt, p.refund.no);
  return gone.ok ? ok({ version, amountFen: p.refund.amountFen, unitId: p.unitId }) : gone;
}

async function stuckLateRefund(
  sale: SaleContext,
  attemptId: Id,
): Promise<Result<Seen & { attempt: Attempt }, Refused>> {
  const attempt = await attemptOf(sale, attemptId);
  if (attempt === undefined) return refused("notFound");
  const found = await purchaseOf(sale, attempt.purchaseId);
  if (!found.ok) return found;
  const late = attempt.lateSuccess;
  if (late === null || late.refunded || !late.stuck) return refused("refund.notStuck");
  const gone = await notByGateway(sale, attempt, late.refundNo);
  if (!gone.ok) return gone;
  const there = await stillThere(sale, attempt);
  if (!there.ok) return there;
  const { version, state } = found.value;
  return ok({ version, amountFen: attempt.amountFen, unitId: state.unitId, attempt });
}

/**
 * A reverse may have reached the gateway after its client had given it up, and after the refund was refused: then the order
 * is closed, the money is back, and nobody is owed it.
 */
async function stillThere(sale: SaleContext, attempt: Attempt): Promise<Result<null, Refused>> {
  const { outTradeNo, amountFen } = attempt;
  const said = await sale.channels.get(attempt.channel)?.query({ outTradeNo, amountFen });
  if (said === undefined || said.kind === "unknown") return refused("refund.gatewaySilent");
  if (said.kind !== "closed") return ok(null);
  await applyToAttempt(sale, attempt, { type: "lateRefunded" });
  return refused("refund.notStuck");
}

/** Money from a counter has no gateway that could give it back by itself. */
async function notByGateway(
  sale: SaleContext,
  { kind, channel: name, outTradeNo }: Attempt,
  refundNo: string,
): Promise<Result<null, Refused>> {
  if (kind === "counter") return ok(null);
  const channel = sale.channels.get(name);
  if (channel === undefined) return refused("refund.gatewaySilent");
  const { kind: said } = await channel.queryRefund({ outTradeNo, refundNo });
  switch (said) {
    case "failed":
    case "notFound":
      return ok(null);
    case "done":
    case "processing":
      return refused("refund.gatewayMay");
    case "unknown":
      return refused("refund.gatewaySilent");
    default:
      return never(said, "refund outcome");
  }
}

const attemptOf = async (sale: SaleContext, id: Id): Promise<Attempt | undefined> =>
  (await sale.store.load([{ kind: "attempt", id }])).get("attempt", id)?.state;

/** Cash needs an open drawer of the same company unit that holds it. The drawer moves with the commit, so it stays so. */
async function fromDrawer(sale: SaleContext, doc: PayOutDoc, seen: Seen): Promise<Result<Write[], Refused>> {
  if (doc.way !== "cash") return ok([]);
  const drawer = await openDrawer(sale, doc.drawerId);
  if (!drawer.ok) return drawer;
  if (drawer.value.unitId !== seen.unitId) return refused("decision.notApplicable");
  return (await cashIn(sale, doc.drawerId)) < seen.amountFen ? refused("drawer.tooLittle") : ok([drawer.value.claim]);
}

function payOutOf(doc: PayOutDoc, evidence: string, by: [Id, Id]): PayOut {
  switch (doc.way) {
    case "bank":
      return { way: "bank", drawerId: null, by, evidence: `${doc.reference}: ${evidence}` };
    case "cash":
      return { way: "cash", drawerId: doc.drawerId, by, evidence: `${doc.reference}: ${evidence}` };
    case "balance":
      return { way: "balance", drawerId: null, by, evidence };
    default:
      return never(doc, "way");
  }
}

/** Checks, and gathers what the commit must hold on to besides the purchase. */
async function ready<S extends Seen>(
  sale: SaleContext,
  proposal: Proposal,
  stuck: () => Promise<Result<S, Refused>>,
): Promise<Result<S & { claims: Write[] }, Refused>> {
  const seen = await stuck();
  if (!seen.ok) return seen;
  const claims = await fromDrawer(sale, proposal.doc as PayOutDoc, seen.value);
  return claims.ok ? ok({ ...seen.value, claims: claims.value }) : claims;
}

const nothing = (checked: Result<unknown, Refused>): Result<null, Refused> => (checked.ok ? ok(null) : checked);

export function moneyKinds(sale: SaleContext): DecisionKind[] {
  const staff = { makers: ["cashier", "supervisor", "finance"], checkers: ["supervisor", "finance"] } as const;
  const payOut = async (
    proposal: Proposal,
    purchaseId: Id,
    stuck: () => Promise<Result<Seen, Refused>>,
    event: (bundle: { payOut: PayOut }) => Parameters<typeof decideOnce>[4],
    by: [Id, Id],
  ): Promise<Result<unknown, Refused>> => {
    let claims: Write[] = [];
    const check = async () => {
      const seen = await ready(sale, proposal, stuck);
      if (seen.ok) claims = seen.value.claims;
      return seen;
    };
    const made = event({ payOut: payOutOf(proposal.doc as PayOutDoc, proposal.evidence, by) });
    return await decideOnce(sale, purchaseId, proposal, check, made, () => ({ claims }));
  };
  return [
    {
      kind: "refund.payOut",
      title: { zh: "退款改由其他方式付出", en: "Pay a refund out another way" },
      ...staff,
      schema: PayOutDoc,
      check: async (_ctx, proposal) => nothing(await ready(sale, proposal, () => stuckRefund(sale, proposal.ref))),
      carryOut: (_ctx, proposal, by) =>
        payOut(
          proposal,
          proposal.ref,
          () => stuckRefund(sale, proposal.ref),
          ({ payOut }) => ({ type: "purchase", event: { type: "refundPaidOut", payOut } }),
          by,
        ),
    },
    {
      kind: "lateRefund.payOut",
      title: { zh: "晚到的付款改由其他方式退回", en: "Give a late payment back another way" },
      ...staff,
      schema: PayOutDoc,
      check: async (_ctx, proposal) => nothing(await ready(sale, proposal, () => stuckLateRefund(sale, proposal.ref))),
      async carryOut(_ctx, proposal, by) {
        const attempt = await attemptOf(sale, proposal.ref);
        if (attempt === undefined) return refused("notFound");
        return await payOut(
          proposal,
          attempt.purchaseId,
          () => stuckLateRefund(sale, proposal.ref),
          ({ payOut }) => ({ type: "attempt", attemptId: attempt.id, event: { type: "latePaidOut", payOut } }),
          by,
        );
      },
    },
    resolveKind(sale),
  ];
}

/** `manual` ends as the gateway has it: what people know more than it is in the evidence, never against its word. */
async function mayResolve(
  sale: SaleContext,
  { ref, doc }: Proposal,
): Promise<Result<Seen & { attempt: Attempt }, Refused>> {
  const attempt = await attemptOf(sale, ref);
  if (attempt === undefined) return refused("notFound");
  const found = await purchaseOf(sale, attempt.purchaseId);
  if (!found.ok) return found;
  const { state: p, version } = found.value;
  const { to } = doc as Static<typeof Resolve>;
  if (attempt.state !== "manual" || (to === "paid" && !waitsFor(p, ref))) return refused("decision.notApplicable");
  const { outTradeNo, amountFen } = attempt;
  const said = await sale.channels.get(attempt.channel)?.query({ outTradeNo, amountFen });
  // Of another sum than was asked for, people give it back by hand, and the gateway goes on saying that it was paid.
  if (said?.kind === "paid" && (to === "reversed") === (said.amountFen === amountFen))
    return refused("payment.gatewayPaid");
  const surelyNot = said?.kind === "closed" || said?.kind === "notPaid" || said?.kind === "notFound";
  if (to === "paid" && surelyNot) return refused("payment.gatewayUnpaid");
  return ok({ version, amountFen, unitId: p.unitId, attempt });
}

const waitsFor = (p: Purchase, attemptId: Id): boolean => p.state === "paying" && p.liveAttemptIds.includes(attemptId);

function resolveKind(sale: SaleContext): DecisionKind {
  return {
    kind: "attempt.resolve",
    title: { zh: "确认付款结果", en: "Settle the result of a payment" },
    makers: ["finance", "supervisor"],
    checkers: ["finance", "supervisor"],
    schema: Resolve,
    check: async (_ctx, proposal) => nothing(await mayResolve(sale, proposal)),
    async carryOut(_ctx, proposal, by) {
      const { to, transactionId = null } = proposal.doc as Static<typeof Resolve>;
      const attempt = await attemptOf(sale, proposal.ref);
      if (attempt === undefined) return refused("notFound");
      const event = { type: "resolved", to, transactionId, by } as const;
      return await decideOnce(sale, attempt.purchaseId, proposal, () => mayResolve(sale, proposal), {
        type: "attempt",
        attemptId: attempt.id,
        event,
      });
    },
  };
}
