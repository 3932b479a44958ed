/** What a channel's word on a refund means, whether it was asked or sent it by itself. */
import type { Attempt, AttemptEvent, Purchase, PurchaseEvent, RefundOutcome } from "@citygas/core";
import { applyEvent, decided } from "../purchases/applyEvent.ts";
import type { SaleContext } from "../purchases/sale.ts";

/** Is there still something to ask the channel about? A refusal that may pass asks for its own next try. */
export type RefundEnd = "settled" | "open";

export async function takeRefundOutcome(sale: SaleContext, p: Purchase, outcome: RefundOutcome): Promise<RefundEnd> {
  sale.log.info({ purchaseId: p.id, outcome: outcome.kind }, "refund answered");
  switch (outcome.kind) {
    case "done":
      await applyToPurchase(sale, p, { type: "refundDone" });
      return "settled";
    case "failed":
      await applyToPurchase(sale, p, { type: outcome.never ? "refundStuck" : "refundFailed", why: outcome.code });
      return "settled";
    case "processing":
    case "notFound":
    case "unknown":
      return "open";
  }
}

/** The same for money that came after its attempt was given up. */
export async function takeLateRefundOutcome(sale: SaleContext, a: Attempt, outcome: RefundOutcome): Promise<RefundEnd> {
  sale.log.info({ attemptId: a.id, outcome: outcome.kind }, "late refund answered");
  switch (outcome.kind) {
    case "done":
      await applyToAttempt(sale, a, { type: "lateRefunded" });
      return "settled";
    case "failed":
      await applyToAttempt(sale, a, {
        type: outcome.never ? "lateRefundStuck" : "lateRefundFailed",
        why: outcome.code,
      });
      return "settled";
    case "processing":
    case "notFound":
    case "unknown":
      return "open";
  }
}

/** @returns whether it was applied; what no longer fits has been settled meanwhile. */
export async function applyToPurchase(sale: SaleContext, { id }: Purchase, event: PurchaseEvent): Promise<boolean> {
  return decided(await applyEvent(sale, id, () => ({ do: "commit", event: { type: "purchase", event } })));
}

export async function applyToAttempt(
  sale: SaleContext,
  { id, purchaseId }: Attempt,
  event: AttemptEvent,
): Promise<boolean> {
  const decide = () => ({ do: "commit", event: { type: "attempt", attemptId: id, event } }) as const;
  return decided(await applyEvent(sale, purchaseId, decide, { attemptId: id }));
}
