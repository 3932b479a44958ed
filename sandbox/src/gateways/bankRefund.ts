import { type Desk, find, finishRefund, isOpen, movement, refundedFen, returnedFen } from "./money.ts";
import type { Gateway } from "./names.ts";
import type { Refund, Trade } from "./rows.ts";

/** What goes back: reverses of whole orders, refunds of parts. */
export type ReverseResult =
  | { kind: "closed" }
  | { kind: "refunded" }
  | { kind: "notFound" }
  | { kind: "tooLate" }
  /** It was prepared, not scanned: closing is for that. */
  | { kind: "prepared" };
export interface RefundRequest {
  gateway: Gateway;
  outTradeNo: string;
  refundNo: string;
  amountFen: number;
  notifyUrl?: string | null;
}
export type RefundResult =
  | { kind: "ok"; trade: Trade; refund: Refund; moved: boolean }
  | { kind: "notFound" }
  | { kind: "notPaid" }
  | { kind: "tooMuch" }
  /** The same refund number with another amount. */
  | { kind: "different" }
  | { kind: "tooOld" }
  | { kind: "accountClosed" };

/** Gateways give money back for a year. */
const REFUND_FOR_MS = 365 * 24 * 3600_000;

export function reverse(desk: Desk, gateway: Gateway, outTradeNo: string, allowedForMs: number): ReverseResult {
  const trade = find(desk, gateway, outTradeNo);
  if (trade === undefined) return { kind: "notFound" };
  if (trade.prepay !== null) return { kind: "prepared" };
  if (desk.now() - trade.createdAt > allowedForMs) return { kind: "tooLate" };
  if (trade.state === "paid") {
    const revoked: Trade = { ...trade, state: "revoked" };
    const amountFen = trade.amountFen - returnedFen(trade);
    const leftBeforeFen = trade.amountFen - refundedFen(trade);
    const move = { kind: "refund", amountFen, refundNo: null, leftBeforeFen } as const;
    desk.book.commit({ trades: [revoked], ...(amountFen > 0 ? movement(desk, revoked, move) : {}) });
    desk.tell({ kind: "reversed", trade: revoked });
    return { kind: "refunded" };
  }
  // A reverse closes an order whose payment failed as it closes one that is still open, says WeChat Pay's page of the
  // v3 call (pay.weixin.qq.com/docs/merchant/apis/code-payment-v3/direct/reverse.html).
  if (isOpen(trade) || trade.state === "payError") {
    const revoked: Trade = { ...trade, state: "revoked" };
    desk.book.commit({ trades: [revoked] });
    desk.tell({ kind: "closed", trade: revoked });
  }
  return { kind: "closed" };
}

/** How a new refund begins: most are done at once, the switches make the others. */
function beginning(desk: Desk, gateway: Gateway): Pick<Refund, "state" | "settlesAt" | "doneAt"> {
  const { faults, now } = desk;
  const over = { settlesAt: null, doneAt: now() };
  if (faults.take("refundAbnormal", gateway)) return { state: "abnormal", ...over };
  if (faults.take("refundClosed", gateway)) return { state: "closed", ...over };
  if (faults.take("refundForever", gateway)) return { state: "processing", settlesAt: null, doneAt: null };
  const settlesAfterMs = faults.takeMs("refundProcessing", gateway);
  if (settlesAfterMs !== null) return { state: "processing", settlesAt: now() + settlesAfterMs, doneAt: null };
  return { state: "success", ...over };
}

export function refund(desk: Desk, request: RefundRequest): RefundResult {
  const { gateway, outTradeNo, refundNo, amountFen } = request;
  const trade = find(desk, gateway, outTradeNo);
  if (trade === undefined) return { kind: "notFound" };
  const same = trade.refunds.find((each) => each.refundNo === refundNo);
  if (same !== undefined) {
    if (same.amountFen !== amountFen) return { kind: "different" };
    return { kind: "ok", trade, refund: same, moved: false };
  }
  if (trade.state !== "paid" || trade.paidAt === null) return { kind: "notPaid" };
  if (amountFen > trade.amountFen - returnedFen(trade)) return { kind: "tooMuch" };
  const at = desk.now();
  const tooOld = at - trade.paidAt > REFUND_FOR_MS;
  if (desk.faults.take("refundWindowOver", gateway) || tooOld) return { kind: "tooOld" };
  if (desk.faults.take("payerAccountClosed", gateway)) return { kind: "accountClosed" };
  const refundId = `5030${trade.tradeNo.slice(-20)}${String(trade.refunds.length + 1).padStart(4, "0")}`;
  const notifyUrl = request.notifyUrl ?? null;
  const made: Refund = { refundNo, refundId, amountFen, queries: 0, at, notifyUrl, ...beginning(desk, gateway) };
  const after: Trade = { ...trade, refunds: [...trade.refunds, made] };
  const leftBeforeFen = trade.amountFen - refundedFen(trade);
  const moved = made.state === "success";
  const move = moved ? movement(desk, after, { kind: "refund", amountFen, refundNo, leftBeforeFen }) : {};
  desk.book.commit({ trades: [after], ...move });
  if (made.state !== "processing") desk.tell({ kind: "refund", trade: after, refund: made });
  return { kind: "ok", trade: after, refund: made, moved };
}

/** A refund by its number; asking a second time ends a processing one, unless nothing ends it. */
export function findRefund(
  desk: Desk,
  gateway: Gateway,
  refundNo: string,
  outTradeNo?: string,
): { trade: Trade; refund: Refund } | undefined {
  for (const each of desk.book.trades.values()) {
    if (each.gateway !== gateway || (outTradeNo !== undefined && each.outTradeNo !== outTradeNo)) continue;
    if (!each.refunds.some((one) => one.refundNo === refundNo)) continue;
    const trade = find(desk, gateway, each.outTradeNo) ?? each;
    const found = trade.refunds.find((one) => one.refundNo === refundNo);
    if (found === undefined) return undefined;
    if (found.state !== "processing" || found.settlesAt === null) return { trade, refund: found };
    if (found.queries >= 1) return refundOf(finishRefund(desk, trade, found), refundNo);
    const asked: Refund = { ...found, queries: found.queries + 1 };
    const after: Trade = { ...trade, refunds: trade.refunds.map((one) => (one === found ? asked : one)) };
    desk.book.commit({ trades: [after] });
    return { trade: after, refund: asked };
  }
  return undefined;
}

function refundOf(trade: Trade, refundNo: string): { trade: Trade; refund: Refund } | undefined {
  const refund = trade.refunds.find((one) => one.refundNo === refundNo);
  return refund === undefined ? undefined : { trade, refund };
}
