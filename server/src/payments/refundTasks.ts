/** Money goes back by the channel it came by, under one fixed refund number, until the gateway has done it. */
import { type Attempt, type Instant, type Purchase, type RefundOutcome, refundWindowOver } from "@citygas/core";
import type { CodePayChannel } from "@citygas/gateways";
import type { SaleContext } from "../purchases/sale.ts";
import type { Task } from "../store/port.ts";
import { done, type TaskEnd } from "./attemptTasks.ts";
import { applyToAttempt, applyToPurchase, takeLateRefundOutcome, takeRefundOutcome } from "./refundOutcomes.ts";

/** The answer is looked for until the purchase's own timer asks anew, hourly: an event each minute would fill its log. */
const lookAgainMs = [10_000, 20_000, 30_000, 60_000, 300_000, 900_000, 900_000];
const lateLookAgainMs = [10_000, 30_000, 60_000, 300_000];
const lateThenEveryMs = 3_600_000;
/** A refused refund's order is asked about so often, about a day; a channel that is silent so long is left to people. */
const orderTriesMax = 24;

/** `refundSent` is durable before the bytes leave. What the gateway can't finish stays `refunding`, with a person. */
export async function refundPurchase(sale: SaleContext, task: Task): Promise<TaskEnd> {
  const p = (await sale.store.load([{ kind: "purchase", id: task.ref }])).get("purchase", task.ref)?.state;
  if (p?.state !== "refunding" || p.refund === null || p.refund.stuck || p.paidAttemptId === null) return done;
  const attempt = (await sale.store.load([{ kind: "attempt", id: p.paidAttemptId }])).get("attempt", p.paidAttemptId);
  if (attempt === undefined) throw new Error(`attempt ${p.paidAttemptId} is not in the store`);
  const barred = whyNot(attempt.state, p.refund.sentAt, sale.now());
  if (barred !== null) {
    await applyToPurchase(sale, p, { type: "refundStuck", why: barred });
    return done;
  }
  const channel = sale.channels.get(attempt.state.channel);
  if (channel === undefined) {
    sale.log.error({ channel: attempt.state.channel, purchaseId: p.id }, "no such channel is set up");
    await applyToPurchase(sale, p, { type: "refundFailed", why: "channel" });
    return done;
  }
  const outcome = await askOrSend(sale, channel, p, attempt.state, task);
  if (outcome === null || (await takeRefundOutcome(sale, p, outcome)) === "settled") return done;
  const again = lookAgainMs[task.attempt - 1];
  return again === undefined ? done : { retryAt: sale.now() + again };
}

/** Why a refund can't go by its own channel, known without asking it. One that was sent is asked about in any case. */
function whyNot(a: Attempt, sentAt: Instant | null, now: Instant): string | null {
  if (a.kind === "counter") return "counter";
  if (a.oddFen !== null && a.oddFen !== a.amountFen) return "amountMismatch";
  return sentAt === null && refundWindowOver(a.channel, a.paidAt ?? a.createdAt, now) ? "windowOver" : null;
}

/** null: it was decided otherwise meanwhile. */
async function askOrSend(
  sale: SaleContext,
  channel: CodePayChannel,
  p: Purchase,
  { outTradeNo, amountFen: totalFen }: Attempt,
  task: Task,
): Promise<RefundOutcome | null> {
  if (p.refund === null) return null;
  const number = { outTradeNo, refundNo: p.refund.no };
  // After a refusal it is sent anew at once: the same number moves money once.
  if (task.attempt > 1 || (p.refund.sentAt !== null && p.refund.failures === 0)) {
    const known = await channel.queryRefund(number);
    if (known.kind !== "notFound") return known;
  }
  if (!(await applyToPurchase(sale, p, { type: "refundSent" }))) return null;
  return await channel.refund({ ...number, amountFen: p.refund.amountFen, totalFen, reason: p.number });
}

/** Money that came after the end goes back, under one fixed number: a retry can't refund twice. */
export async function lateRefund(sale: SaleContext, task: Task): Promise<TaskEnd> {
  const a = (await sale.store.load([{ kind: "attempt", id: task.ref }])).get("attempt", task.ref)?.state;
  const late = a?.lateSuccess ?? null;
  if (a === undefined || late === null || late.refunded || late.stuck) return done;
  const channel = sale.channels.get(a.channel);
  if (channel === undefined) {
    sale.log.error({ channel: a.channel, attemptId: a.id }, "no such channel is set up");
    await applyToAttempt(sale, a, { type: "lateRefundFailed", why: "channel" });
    return done;
  }
  const { outTradeNo, amountFen } = a;
  const number = { outTradeNo, refundNo: late.refundNo };
  const known = task.attempt > 1 ? await channel.queryRefund(number) : null;
  const outcome =
    known === null || known.kind === "notFound"
      ? await channel.refund({ ...number, amountFen, totalFen: amountFen, reason: a.id })
      : known;
  const later: TaskEnd = { retryAt: sale.now() + (lateLookAgainMs[task.attempt - 1] ?? lateThenEveryMs) };
  if (outcome.kind === "failed") {
    const there = await isThere(channel, a);
    if (there === null && task.attempt < orderTriesMax) return later;
    if (there === false) {
      sale.log.info({ attemptId: a.id }, "late success was older than its reverse: nothing is left to refund");
      await applyToAttempt(sale, a, { type: "lateRefunded" });
      return done;
    }
  }
  return (await takeLateRefundOutcome(sale, a, outcome)) === "settled" ? done : later;
}

/**
 * A word of "paid" that was stored late may be older than the reverse that gave the money back. Its refund is refused, and
 * people would pay it out a second time: the order itself tells. null: it says neither now, or a replica that lags does
 * not find it.
 */
async function isThere(channel: CodePayChannel, { outTradeNo, amountFen }: Attempt): Promise<boolean | null> {
  const { kind } = await channel.query({ outTradeNo, amountFen });
  return kind === "paid" ? true : kind === "closed" ? false : null;
}
