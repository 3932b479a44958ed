import type { IncomingMessage } from "node:http";
import { Type } from "typebox";
import { Compile } from "typebox/compile";
import { parseJson } from "./http.ts";
import { problem, type Reply, refundBody } from "./wechatBodies.ts";
import type { WechatDesk } from "./wechatOrders.ts";

/** Refunds at WeChat Pay (facts/payments.md §1.4). */
const RefundBody = Compile(
  Type.Object({
    out_trade_no: Type.String(),
    out_refund_no: Type.String({ minLength: 1, maxLength: 64 }),
    reason: Type.Optional(Type.String({ maxLength: 80 })),
    notify_url: Type.Optional(Type.String({ pattern: "^https?://[^?#\\s]+$", maxLength: 256 })),
    amount: Type.Object({
      refund: Type.Integer({ minimum: 1 }),
      total: Type.Integer({ minimum: 1 }),
      currency: Type.Literal("CNY"),
    }),
  }),
);

export function refund(desk: WechatDesk, text: string, headers: IncomingMessage["headers"]): Reply | "cut" {
  const body = parseJson(text);
  if (!RefundBody.Check(body)) return problem(400, "PARAM_ERROR", "参数错误");
  const { out_trade_no: outTradeNo, out_refund_no: refundNo, amount, notify_url: notifyUrl = null } = body;
  desk.seen({ gateway: "wechat", call: "refund", ref: refundNo, headers });
  const trade = desk.bank.find("wechat", outTradeNo);
  if (trade !== undefined && trade.amountFen !== amount.total) return problem(400, "PARAM_ERROR", "订单金额不一致");
  const result = desk.bank.refund({ gateway: "wechat", outTradeNo, refundNo, amountFen: amount.refund, notifyUrl });
  if (desk.faults.take("refundDropped", "wechat")) return "cut";
  switch (result.kind) {
    case "ok":
      return { status: 200, body: refundBody(result.trade, result.refund) };
    case "notFound":
      return problem(404, "RESOURCE_NOT_EXISTS", "订单不存在");
    case "different":
      return problem(400, "INVALID_REQUEST", "同一退款单号参数不一致");
    case "tooMuch":
      return problem(400, "INVALID_REQUEST", "退款金额超限");
    case "notPaid":
      return problem(400, "INVALID_REQUEST", "订单未支付");
    // From memory: v2's names of both, in v3 spelling.
    case "tooOld":
      return problem(403, "TRADE_OVERDUE", "订单已经超过退款期限");
    case "accountClosed":
      return problem(403, "USER_ACCOUNT_ABNORMAL", "退款请求失败，用户账户已注销");
  }
}

export function refundQuery(desk: WechatDesk, refundNo: string): Reply {
  const found = desk.bank.findRefund("wechat", refundNo);
  if (found === undefined) return problem(404, "RESOURCE_NOT_EXISTS", "退款单不存在");
  return { status: 200, body: refundBody(found.trade, found.refund) };
}
