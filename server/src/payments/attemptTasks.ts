/** The attempt's timers: what becomes of a payment whose answer is not known yet. Every call to a gateway is one task. */
import {
  type Attempt,
  type AttemptState,
  type CloseOutcome,
  earliestReverse,
  type Id,
  type Instant,
  type ReverseOutcome,
  submitBy,
} from "@citygas/core";
import type { CodePayChannel } from "@citygas/gateways";
import { type Applied, decided } from "../purchases/applyEvent.ts";
import type { SaleContext } from "../purchases/sale.ts";
import type { Task } from "../store/port.ts";
import { type Payments, takeOutcome } from "./payments.ts";
import { applyToAttempt, applyToPurchase } from "./refundOutcomes.ts";

/** What a task's run leads to: it is done (or was asked for anew by its own event), or it comes back. */
export type TaskEnd = { done: true } | { retryAt: Instant };
export const done: TaskEnd = { done: true };

const noChannelMs = 60_000;
/** The n-th pause is n² times as long, six hours in all: a gateway that is away for a morning is asked when it is back. */
const lateCheckPauseMs = 5_000;
const lateCheckTriesMax = 24;

const waiting: readonly AttemptState[] = ["submitted", "pending", "reversing"];

type Run = (
  sale: SaleContext,
  payments: Payments,
  attempt: Attempt,
  channel: CodePayChannel,
  task: Task,
) => Promise<TaskEnd>;

/** An attempt with its channel; without either there is nothing to ask, and the task waits for the setup to be mended. */
async function withAttempt(sale: SaleContext, payments: Payments, task: Task, run: Run): Promise<TaskEnd> {
  const attempt = (await sale.store.load([{ kind: "attempt", id: task.ref }])).get("attempt", task.ref)?.state;
  if (attempt === undefined) return done;
  const channel = sale.channels.get(attempt.channel);
  if (channel !== undefined) return await run(sale, payments, attempt, channel, task);
  sale.log.error({ channel: attempt.channel, attemptId: attempt.id }, "no such channel is set up");
  return { retryAt: sale.now() + noChannelMs };
}

/** The code is in another process's memory, or lost with it. In time it is sent there; afterwards it never was. */
export async function attemptSubmit(sale: SaleContext, task: Task): Promise<TaskEnd> {
  const attempt = (await sale.store.load([{ kind: "attempt", id: task.ref }])).get("attempt", task.ref)?.state;
  if (attempt === undefined || attempt.state !== "created") return done;
  const notAfter = submitBy(attempt);
  if (sale.now() <= notAfter) return { retryAt: notAfter + 1 };
  await applyToAttempt(sale, attempt, { type: "notSubmitted" });
  return done;
}

export const attemptQuery = (sale: SaleContext, payments: Payments, task: Task): Promise<TaskEnd> =>
  withAttempt(sale, payments, task, async (_sale, _payments, attempt, channel) => {
    if (!waiting.includes(attempt.state)) return done;
    const { outTradeNo, amountFen } = attempt;
    const outcome = await channel.query({ outTradeNo, amountFen });
    const answered = await takeOutcome(sale, payments, attempt, "query", outcome);
    if (decided(answered) && answered.ok) await leaveIfGone(sale, payments, answered.value, attempt.id);
    return done;
  });

/**
 * Still unpaid, and its kiosk is gone: nobody waits for this money, so it is given up as soon as a reverse is allowed.
 * The last query comes with it (facts/payments.md §6, "When the kiosk dies"). One that is being reversed already may be
 * for days, where the gateway never confirms it: given up, its card is free meanwhile.
 */
async function leaveIfGone(
  sale: SaleContext,
  payments: Payments,
  { purchase, attempts }: Applied,
  attemptId: Id,
): Promise<void> {
  const attempt = attempts.get(attemptId);
  if (attempt?.kind !== "code" || attempt.cancelRequested || !waiting.includes(attempt.state)) return;
  const { terminalId } = purchase;
  const now = sale.now();
  if (terminalId === null || now < earliestReverse(attempt)) return;
  const heardAt = (await sale.terminalSeenAt?.(terminalId)) ?? null;
  if (!payments.attendance.isGone(heardAt, now)) return;
  sale.log.warn({ attemptId, terminalId }, "its kiosk is gone: given up");
  await applyToPurchase(sale, purchase, { type: "gaveUp", reason: "terminalGone" });
}

/** A reader wants the order gone: closed while it is still open, so that money which came first stays good. */
export const attemptClose = (sale: SaleContext, payments: Payments, task: Task): Promise<TaskEnd> =>
  withAttempt(sale, payments, task, async (_sale, _payments, attempt, channel) => {
    if (!attempt.closeWanted || !["submitted", "pending"].includes(attempt.state)) return done;
    const outcome = await close(channel, attempt.outTradeNo);
    sale.log.info({ attemptId: attempt.id, outcome: outcome.kind }, "close answered");
    await applyToAttempt(sale, attempt, { type: "closeAnswered", outcome });
    return done;
  });

async function close(channel: CodePayChannel, outTradeNo: string): Promise<CloseOutcome> {
  return (await channel.prepay?.close({ outTradeNo })) ?? { kind: "unknown", why: "the channel has no prepay" };
}

/** For a prepay that is given up: the query that follows tells whether it is closed, or paid and to be refunded. */
const asReverse = (outcome: CloseOutcome): ReverseOutcome =>
  outcome.kind === "alreadyPaid" ? { kind: "again", why: "paid" } : outcome;

export const attemptReverse = (sale: SaleContext, payments: Payments, task: Task): Promise<TaskEnd> =>
  withAttempt(sale, payments, task, async (_sale, _payments, attempt, channel) => {
    if (attempt.state !== "reversing") return done;
    const { outTradeNo } = attempt;
    const outcome =
      attempt.kind === "prepay" ? asReverse(await close(channel, outTradeNo)) : await channel.reverse({ outTradeNo });
    sale.log.info({ attemptId: attempt.id, outcome: outcome.kind }, "reverse answered");
    await applyToAttempt(sale, attempt, { type: "reverseAnswered", outcome });
    return done;
  });

/** A success that shows up after the end is refunded by the attempt's own event. */
export const attemptLateCheck = (sale: SaleContext, payments: Payments, task: Task): Promise<TaskEnd> =>
  withAttempt(sale, payments, task, async (_sale, _payments, attempt, channel) => {
    const { outTradeNo, amountFen } = attempt;
    const outcome = await channel.query({ outTradeNo, amountFen });
    payments.health.note(attempt.channel, outcome, sale.now());
    if (outcome.kind === "unknown" && task.attempt < lateCheckTriesMax)
      return { retryAt: sale.now() + lateCheckPauseMs * task.attempt ** 2 };
    if (outcome.kind === "paid") {
      sale.log.error({ attemptId: attempt.id, purchaseId: attempt.purchaseId }, "late success: refunded automatically");
      decided(await takeOutcome(sale, payments, attempt, "query", outcome));
    }
    await applyToAttempt(sale, attempt, { type: "lateCheckDone" });
    return done;
  });
