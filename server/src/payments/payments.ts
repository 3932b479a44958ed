/**
 * Taking money by a scanned code. The code lives in this process's memory between the request and the one pay call, and
 * nowhere else. Intent first: `created` is durable, then `submitted`, then the bytes leave, once (I5, I11). If the
 * process dies in between, the attempt's tasks find out: not sent in time → it never was; sent → ask the gateway.
 */
import type { PurchaseView } from "@citygas/api";
import { type Attempt, answerOf, type Id, type Outcome, ok, type Result } from "@citygas/core";
import { type CodePayChannel, maskCode, routeCode } from "@citygas/gateways";
import type { TerminalFacts } from "../context.ts";
import { type Applied, applyEvent, type KeyedRequest } from "../purchases/applyEvent.ts";
import { derivedId } from "../purchases/derivedId.ts";
import { type Refused, refused } from "../purchases/refused.ts";
import type { SaleContext } from "../purchases/sale.ts";
import { viewOf } from "../purchases/view.ts";
import { type Attendance, attendance } from "../terminals/attendance.ts";
import { type ChannelHealth, channelHealth } from "./channelHealth.ts";

/** Pay calls of this process that wait for their gateway; beyond it customers are asked to wait. */
export const inFlightMax = 256;

export const newPayments = (): Payments => ({
  health: channelHealth(),
  attendance: attendance(),
  taken: 0,
  inFlight: new Set(),
});

export interface Payments {
  health: ChannelHealth;
  attendance: Attendance;
  /** Requests that have, or are about to send, a pay call; never more than `inFlightMax`. */
  taken: number;
  /** Pay calls whose answer is awaited. */
  inFlight: Set<Promise<void>>;
}

/** Resolves when every pay call was answered and its answer stored; they end by the channels' own time limits. */
export async function drainPayments({ inFlight }: Payments): Promise<void> {
  await Promise.allSettled([...inFlight]);
}

export async function startAttempt(
  sale: SaleContext,
  payments: Payments,
  terminal: TerminalFacts,
  purchaseId: Id,
  code: string,
  request: KeyedRequest,
): Promise<Result<PurchaseView, Refused>> {
  const channel = channelFor(sale, code);
  if (!channel.ok) return channel;
  const room = payments.taken < inFlightMax;
  if (room) payments.taken += 1;
  let sent: Promise<void> | null = null;
  try {
    const started = await start(sale, payments, terminal, channel.value, purchaseId, code, request, room);
    if (!started.ok) return started;
    sent = started.value.sent;
    return ok(await viewOf(sale, started.value.applied));
  } finally {
    const free = (): void => {
      if (room) payments.taken -= 1;
    };
    if (sent === null) free();
    else void sent.then(free);
  }
}

interface Started {
  applied: Applied;
  /** The pay call, where this request made one. */
  sent: Promise<void> | null;
}

async function start(
  sale: SaleContext,
  payments: Payments,
  terminal: TerminalFacts,
  channel: CodePayChannel,
  purchaseId: Id,
  code: string,
  request: KeyedRequest,
  room: boolean,
): Promise<Result<Started, Refused>> {
  const down = !room || payments.health.isDown(channel.name, sale.now());
  const attemptId = derivedId("attempt", request.key);
  const created = await applyEvent(
    sale,
    purchaseId,
    ({ purchase: { state: p } }) => {
      if (p.terminalId !== terminal.id) return { do: "refuse", refused: { code: "purchase.notFound" } };
      if (p.liveAttemptIds.length > 0) return { do: "refuse", refused: { code: "payment.inProgress" } };
      if (down) return { do: "refuse", refused: { code: "payment.channelDown" } };
      return {
        do: "commit",
        event: {
          type: "attempt",
          attemptId,
          event: {
            type: "created",
            id: attemptId,
            purchaseId: p.id,
            kind: "code",
            channel: channel.name,
            outTradeNo: attemptId.replaceAll("-", ""),
            amountFen: p.breakdown.payableFen,
            codeMask: maskCode(code),
          },
        },
      };
    },
    { request },
  );
  if (!created.ok) return created;
  // Repeated: the first request sent the code, or the process that had it died.
  if (created.value.done !== "now") return ok({ applied: created.value, sent: null });
  return await submit(sale, payments, terminal, channel, created.value, attemptId, code);
}

async function submit(
  sale: SaleContext,
  payments: Payments,
  terminal: TerminalFacts,
  channel: CodePayChannel,
  created: Applied,
  attemptId: Id,
  code: string,
): Promise<Result<Started, Refused>> {
  const submitted = await applyEvent(
    sale,
    created.purchase.id,
    () => ({ do: "commit", event: { type: "attempt", attemptId, event: { type: "submitted" } } }),
    { attemptId },
  );
  // Cancelled, or its time was over, before it was sent: the code is dropped.
  if (!submitted.ok) return ok({ applied: created, sent: null });
  const attempt = submitted.value.attempts.get(attemptId);
  if (attempt?.state !== "submitted") throw new Error(`attempt ${attemptId} was not submitted`);
  const sent = send(sale, payments, terminal, channel, created, attempt, code).finally(() =>
    payments.inFlight.delete(sent),
  );
  payments.inFlight.add(sent);
  return ok({ applied: submitted.value, sent });
}

/** The one pay call. Never rejects: an answer that can't be stored is asked for again by the attempt's query task. */
async function send(
  sale: SaleContext,
  payments: Payments,
  terminal: TerminalFacts,
  channel: CodePayChannel,
  { purchase }: Applied,
  attempt: Attempt,
  code: string,
): Promise<void> {
  try {
    const outcome = await channel.pay({
      outTradeNo: attempt.outTradeNo,
      amountFen: attempt.amountFen,
      authCode: code.trim(),
      description: `${terminal.unit.company} ${purchase.number}`,
      terminalId: terminal.id,
    });
    await takeOutcome(sale, payments, attempt, "pay", outcome);
  } catch (error) {
    // Only names of errors: a message could hold what was sent.
    sale.log.error({ attemptId: attempt.id, error: error instanceof Error ? error.name : "unknown" }, "pay call lost");
  }
}

/**
 * Puts a channel's answer into the attempt, and into what is known of the channel. A payment that is known is not written
 * down again: told under many ids at once, all but the first would fight over the purchase for nothing.
 * @param attempt as it was when the channel was asked.
 */
export async function takeOutcome(
  sale: SaleContext,
  { health }: Payments,
  attempt: Attempt,
  call: "pay" | "query",
  outcome: Outcome,
): Promise<Result<Applied, Refused>> {
  health.note(attempt.channel, outcome, sale.now());
  const { kind } = outcome;
  if (kind === "misconfigured") sale.log.error({ channel: attempt.channel, code: outcome.code }, "channel stopped");
  sale.log.info({ attemptId: attempt.id, purchaseId: attempt.purchaseId, call, outcome: kind }, "answered");
  return await applyEvent(
    sale,
    attempt.purchaseId,
    ({ attempts }) => {
      const now = attempts.find(({ state }) => state.id === attempt.id)?.state;
      if (outcome.kind === "paid" && now?.state === "paid" && now.transactionId === outcome.transactionId)
        return { do: "nothing" };
      const event = answerOf(attempt, now ?? attempt, call, outcome);
      return { do: "commit", event: { type: "attempt", attemptId: attempt.id, event } };
    },
    { attemptId: attempt.id },
  );
}

/** The channel a scanned text is for; a channel named `test` takes what no configured wallet does. */
function channelFor(sale: SaleContext, code: string): Result<CodePayChannel, Refused> {
  const route = routeCode(code, sale.channels.get("acquirer")?.schemes);
  if ("channel" in route) {
    const channel = sale.channels.get(route.channel) ?? sale.channels.get("test");
    return channel === undefined ? refused("payment.walletOff") : ok(channel);
  }
  switch (route.reject) {
    case "collectionCode":
      return refused("payment.collectionCode");
    case "unionpay":
    case "ecny":
      return refused("payment.walletOff");
    case "notAPaymentCode":
      return refused("payment.notACode");
  }
}
