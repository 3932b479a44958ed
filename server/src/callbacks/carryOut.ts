/** What a genuine notification means. It is one more answer to a question, never more: queries find out the same. */
import type { Attempt, Fen, Purchase, RefundOutcome } from "@citygas/core";
import type { NotificationRead } from "@citygas/gateways";
import { type Payments, takeOutcome } from "../payments/payments.ts";
import { takeLateRefundOutcome, takeRefundOutcome } from "../payments/refundOutcomes.ts";
import { decided } from "../purchases/applyEvent.ts";
import type { SaleContext } from "../purchases/sale.ts";
import { fileStaffTask } from "../tasks/staff.ts";
import type { Notification, NotificationRows } from "./notificationRows.ts";

/** What came of it, for the row. */
export type NotificationResult =
  | "applied"
  /** Known already, or about nothing we follow. */
  | "ignored"
  /** No order of ours: another system's on the same merchant number, or one for the daily bill. */
  | "unknownOrder"
  /** A refund that this system did not order, or of another sum: people look. */
  | "unknownRefund";

export async function carryOut(
  sale: SaleContext,
  payments: Payments,
  rows: NotificationRows,
  { channel, verdict }: Notification,
): Promise<NotificationResult> {
  if (verdict.kind === "other" || verdict.kind === "refused") return "ignored";
  const attemptId = await rows.attemptByOrder(channel, verdict.outTradeNo);
  const attempt =
    attemptId && (await sale.store.load([{ kind: "attempt", id: attemptId }])).get("attempt", attemptId)?.state;
  if (!attempt) {
    sale.log.warn({ channel, outTradeNo: verdict.outTradeNo }, "notified of an order that is not ours");
    return "unknownOrder";
  }
  return verdict.kind === "payment"
    ? await takePayment(sale, payments, attempt, verdict)
    : await takeRefund(sale, attempt, verdict);
}

async function takePayment(
  sale: SaleContext,
  payments: Payments,
  attempt: Attempt,
  { outcome }: Extract<NotificationRead, { kind: "payment" }>,
): Promise<NotificationResult> {
  // Only a verified word moves money; the same word again would only fill the log.
  if (!("verified" in outcome) || !outcome.verified) return "ignored";
  if (outcome.kind === "paid" && attempt.transactionId === outcome.transactionId) return "ignored";
  const taken = await takeOutcome(sale, payments, attempt, "query", outcome);
  return decided(taken) && taken.ok && taken.value.done === "now" ? "applied" : "ignored";
}

/** A message that doesn't tell this refund's own amount is followed by the question that does. */
async function takeRefund(
  sale: SaleContext,
  attempt: Attempt,
  { outTradeNo, refundNo, amountFen, outcome }: Extract<NotificationRead, { kind: "refund" }>,
): Promise<NotificationResult> {
  const is = (orderedFen: Fen): boolean => amountFen === null || amountFen === orderedFen;
  const meant = async (): Promise<RefundOutcome> =>
    (amountFen === null ? await sale.channels.get(attempt.channel)?.queryRefund({ outTradeNo, refundNo }) : null) ??
    outcome;
  if (attempt.lateSuccess?.refundNo === refundNo && is(attempt.amountFen))
    return named(await takeLateRefundOutcome(sale, attempt, await meant()));
  const { purchaseId } = attempt;
  const p: Purchase | undefined = (await sale.store.load([{ kind: "purchase", id: purchaseId }])).get(
    "purchase",
    purchaseId,
  )?.state;
  if (p?.refund?.no === refundNo && is(p.refund.amountFen))
    return named(await takeRefundOutcome(sale, p, await meant()));
  await fileStaffTask(sale, "payment.unknownRefund", attempt.id, { refundNo, amountFen, outcome: outcome.kind });
  return "unknownRefund";
}

const named = (end: "settled" | "open"): NotificationResult => (end === "settled" ? "applied" : "ignored");
