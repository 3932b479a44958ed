/**
 * Paying on the customer's own phone (JSAPI, mini program). The order is durable before the gateway hears of it (I5); making
 * it moves no money, so it may be made again with the same number when its answer was lost. One live order per purchase
 * and payer: asked again, the same order is signed anew; another payer waits until the first one's order is closed.
 * (facts/payments.md §1.4, §6.)
 */
import type { PrepayView } from "@citygas/api";
import {
  type Attempt,
  type AttemptEvent,
  type Id,
  ok,
  type Payer,
  type PrepayOutcome,
  type Purchase,
  type Result,
} from "@citygas/core";
import type { CodePayChannel, PrepayDoor } from "@citygas/gateways";
import type { TerminalFacts } from "../context.ts";
import { type Applied, applyEvent, type KeyedRequest } from "../purchases/applyEvent.ts";
import { loadBundle } from "../purchases/bundle.ts";
import { derivedId } from "../purchases/derivedId.ts";
import { type Refused, refused } from "../purchases/refused.ts";
import type { SaleContext } from "../purchases/sale.ts";
import { viewOf } from "../purchases/view.ts";
import { inFlightMax, type Payments } from "./payments.ts";

const nonceBytes = 16;

/** Pay params for the purchase's order, which is made where there is none. Refusals move no money. */
export async function startPrepay(
  sale: SaleContext,
  payments: Payments,
  terminal: TerminalFacts,
  purchaseId: Id,
  payer: Payer,
  request: KeyedRequest,
): Promise<Result<PrepayView, Refused>> {
  const channel = prepayChannel(sale);
  if (channel === undefined) return refused("payment.walletOff");
  if (payments.taken >= inFlightMax) return refused("payment.channelDown");
  payments.taken += 1;
  try {
    const live = await liveOrder(sale, payments, terminal, channel, purchaseId, payer, request);
    if (!live.ok) return live;
    const made = await make(sale, payments, terminal, channel.prepay, live.value.purchase, live.value.attempt);
    if (!made.ok) return made;
    const nonce = Buffer.from(sale.random(nonceBytes)).toString("hex");
    const params = channel.prepay.payParams({ app: payer.app, prepayId: made.value.prepayId }, sale.now(), nonce);
    return ok({ purchase: await viewOf(sale, made.value.applied), params });
  } finally {
    payments.taken -= 1;
  }
}

type WithPrepay = CodePayChannel & { prepay: PrepayDoor };

/** WeChat Pay where it is set up; otherwise the first channel that can. */
function prepayChannel(sale: SaleContext): WithPrepay | undefined {
  const all = [sale.channels.get("wechat"), ...sale.channels.values()];
  return all.find((channel): channel is WithPrepay => channel?.prepay !== undefined);
}

interface Order {
  purchase: Purchase;
  attempt: Attempt;
}

/** The one order that is open for this payer: the live one, or a new one. */
async function liveOrder(
  sale: SaleContext,
  payments: Payments,
  terminal: TerminalFacts,
  channel: WithPrepay,
  purchaseId: Id,
  payer: Payer,
  request: KeyedRequest,
): Promise<Result<Order, Refused>> {
  const attemptId = derivedId("attempt", request.key);
  const down = payments.health.isDown(channel.name, sale.now());
  const created = await applyEvent(
    sale,
    purchaseId,
    ({ purchase: { state: p } }) => {
      if (p.terminalId !== terminal.id) return { do: "refuse", refused: { code: "purchase.notFound" } };
      if (p.liveAttemptIds.length > 0) return { do: "nothing" };
      if (down) return { do: "refuse", refused: { code: "payment.channelDown" } };
      const event = {
        type: "created",
        id: attemptId,
        purchaseId: p.id,
        kind: "prepay",
        channel: channel.name,
        outTradeNo: attemptId.replaceAll("-", ""),
        amountFen: p.breakdown.payableFen,
        codeMask: "",
        payer,
      } as const;
      return { do: "commit", event: { type: "attempt", attemptId, event } };
    },
    { request },
  );
  if (!created.ok) return created;
  const { purchase, attempts } = created.value;
  const attempt = attempts.get(purchase.liveAttemptIds[0] ?? "");
  // Repeated after its order has ended: a new order wants a new key.
  if (attempt === undefined) return refused("purchase.wrongState");
  return await ours(sale, { purchase, attempt }, payer);
}

/** Only its own payer goes on with an order; for another one it is closed first, and they ask again. */
async function ours(sale: SaleContext, order: Order, payer: Payer): Promise<Result<Order, Refused>> {
  const { attempt } = order;
  if (attempt.kind !== "prepay" || attempt.cancelRequested || attempt.closeWanted) return refused("payment.inProgress");
  if (!["created", "submitted", "pending"].includes(attempt.state) || sale.now() >= attempt.deadlineAt)
    return refused("payment.inProgress");
  if (attempt.payer?.app === payer.app && attempt.payer.openid === payer.openid) return ok(order);
  await applyEvent(
    sale,
    order.purchase.id,
    () => ({ do: "commit", event: { type: "attempt", attemptId: attempt.id, event: { type: "closeWanted" } } }),
    { attemptId: attempt.id },
  );
  return refused("payment.inProgress");
}

interface Made {
  applied: Applied;
  prepayId: string;
}

/** The order's id at the gateway; it is made, or made again, where its id never reached us. */
async function make(
  sale: SaleContext,
  payments: Payments,
  terminal: TerminalFacts,
  door: PrepayDoor,
  purchase: Purchase,
  attempt: Attempt,
): Promise<Result<Made, Refused>> {
  if (attempt.payer === null) throw new Error(`order ${attempt.id} has no payer`);
  if (attempt.state === "created") {
    // Refused: another request was faster, or its time was over. What stands then is looked at below.
    await applyAttempt(sale, attempt, { type: "submitted" });
  }
  if (attempt.prepayId === null) {
    const before = await loadBundle(sale.store, purchase.id, attempt.id);
    const state = before?.attempts.find((one) => one.state.id === attempt.id)?.state.state;
    if (state !== "submitted" && state !== "pending") return refused("payment.inProgress");
    const outcome = await prepare(sale, payments, terminal, door, purchase, attempt);
    await applyAttempt(sale, attempt, { type: "prepareAnswered", outcome });
  }
  return await signable(sale, purchase.id, attempt.id);
}

async function prepare(
  sale: SaleContext,
  { health }: Payments,
  terminal: TerminalFacts,
  door: PrepayDoor,
  purchase: Purchase,
  { id, channel, outTradeNo, amountFen, deadlineAt, payer }: Attempt,
): Promise<PrepayOutcome> {
  if (payer === null) throw new Error(`order ${id} has no payer`);
  const outcome = await door.prepare({
    outTradeNo,
    amountFen,
    ...payer,
    description: `${terminal.unit.company} ${purchase.number}`,
    expireAt: deadlineAt,
  });
  health.note(channel, outcome, sale.now());
  sale.log.info({ attemptId: id, purchaseId: purchase.id, outcome: outcome.kind }, "prepay answered");
  return outcome;
}

const applyAttempt = (
  sale: SaleContext,
  { id, purchaseId }: Attempt,
  event: AttemptEvent,
): Promise<Result<Applied, Refused>> =>
  applyEvent(sale, purchaseId, () => ({ do: "commit", event: { type: "attempt", attemptId: id, event } }), {
    attemptId: id,
  });

/** Nobody is given params for an order that was given up meanwhile: what they pay would only be refunded. */
async function signable(sale: SaleContext, purchaseId: Id, attemptId: Id): Promise<Result<Made, Refused>> {
  const bundle = await loadBundle(sale.store, purchaseId, attemptId);
  const attempt = bundle?.attempts.find(({ state }) => state.id === attemptId)?.state;
  if (bundle === undefined || attempt === undefined) return refused("purchase.notFound");
  const { prepayId, state, closeWanted, cancelRequested } = attempt;
  const open = state === "pending" && !closeWanted && !cancelRequested;
  if (prepayId === null) return refused("payment.channelDown");
  if (!open) return refused("payment.inProgress");
  const attempts = new Map(bundle.attempts.map((one) => [one.state.id, one.state]));
  const { state: purchase, version } = bundle.purchase;
  return ok({ prepayId, applied: { purchase, version, attempts, done: "none", event: null } });
}
