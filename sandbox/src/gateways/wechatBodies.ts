import { beijingTime } from "./http.ts";
import { refundedFen } from "./money.ts";
import type { Refund, Trade } from "./rows.ts";
import type { WechatMerchant } from "./wechatSigning.ts";

/** How WeChat Pay describes orders and refunds, in answers and in messages (facts/payments.md §1.4). */
export type Reply = { status: number; body: unknown };
export const problem = (status: number, code: string, message: string): Reply => ({ status, body: { code, message } });
export const NOT_FOUND = problem(404, "ORDER_NOT_EXIST", "订单不存在");

export function tradeState(trade: Trade): string {
  if (trade.state === "paid") return refundedFen(trade) > 0 ? "REFUND" : "SUCCESS";
  const names = {
    notPaid: "NOTPAY",
    userPaying: "USERPAYING",
    closed: "CLOSED",
    revoked: "REVOKED",
    payError: "PAYERROR",
  } as const;
  return names[trade.state];
}

export function tradeBody(trade: Trade, merchant: Pick<WechatMerchant, "mchid" | "appid">): Record<string, unknown> {
  const state = tradeState(trade);
  const appid = trade.prepay?.appid ?? merchant.appid;
  const known = {
    appid,
    mchid: merchant.mchid,
    out_trade_no: trade.outTradeNo,
    trade_state: state,
    trade_state_desc: state,
    ...(trade.attach === "" ? {} : { attach: trade.attach }),
  };
  if (trade.paidAt === null) return known;
  return {
    ...known,
    transaction_id: trade.tradeNo,
    trade_type: trade.prepay === null ? "MICROPAY" : "JSAPI",
    bank_type: "OTHERS",
    success_time: beijingTime(trade.paidAt),
    payer: { openid: trade.prepay?.openid ?? `o-${trade.phoneId ?? "unknown"}` },
    amount: { total: trade.amountFen, payer_total: trade.amountFen, currency: "CNY", payer_currency: "CNY" },
  };
}

const REFUND_STATES = {
  processing: "PROCESSING",
  success: "SUCCESS",
  abnormal: "ABNORMAL",
  closed: "CLOSED",
} as const;

function refundFacts(trade: Trade, refund: Refund): Record<string, unknown> {
  return {
    refund_id: refund.refundId,
    out_refund_no: refund.refundNo,
    transaction_id: trade.tradeNo,
    out_trade_no: trade.outTradeNo,
    user_received_account: "支付用户零钱",
    ...(refund.state === "success" ? { success_time: beijingTime(refund.doneAt ?? refund.at) } : {}),
  };
}

export function refundBody(trade: Trade, refund: Refund): Record<string, unknown> {
  return {
    ...refundFacts(trade, refund),
    channel: "ORIGINAL",
    create_time: beijingTime(refund.at),
    status: REFUND_STATES[refund.state],
    amount: {
      total: trade.amountFen,
      refund: refund.amountFen,
      payer_total: trade.amountFen,
      payer_refund: refund.amountFen,
      settlement_refund: refund.amountFen,
      settlement_total: trade.amountFen,
      discount_refund: 0,
      currency: "CNY",
    },
  };
}

/** What the message about a refund holds: named `refund_status`, with the merchant and without the channel. */
export function refundMessage(trade: Trade, refund: Refund, mchid: string): Record<string, unknown> {
  return {
    mchid,
    ...refundFacts(trade, refund),
    refund_status: REFUND_STATES[refund.state],
    amount: {
      total: trade.amountFen,
      refund: refund.amountFen,
      payer_total: trade.amountFen,
      payer_refund: refund.amountFen,
    },
  };
}
