import type { IncomingMessage } from "node:http";
import { Type } from "typebox";
import { Compile } from "typebox/compile";
import type { Bank, PayRequest, PayResult } from "./bank.ts";
import type { Refund, Trade } from "./book.ts";
import type { FaultTaker } from "./faults.ts";
import { type Answer, beijingTime, type SeenCall } from "./http.ts";
import type { GatewayKeys } from "./keys.ts";
import { type LatePays, makeLatePays } from "./late.ts";
import { makeReplySigner, makeRequestCheck, type WechatMerchant } from "./wechatSigning.ts";

/** WeChat Pay API v3 code payment as published (facts/payments.md §1): codepay, query, reverse, refund, refund query. */
const CodePay = Compile(
  Type.Object({
    appid: Type.String(),
    mchid: Type.String(),
    description: Type.String({ minLength: 1, maxLength: 127 }),
    out_trade_no: Type.String({ pattern: "^[0-9A-Za-z_\\-|*]{6,32}$" }),
    payer: Type.Object({ auth_code: Type.String({ minLength: 1 }) }),
    amount: Type.Object({ total: Type.Integer({ minimum: 1 }), currency: Type.Optional(Type.Literal("CNY")) }),
    scene_info: Type.Object({ store_info: Type.Optional(Type.Object({ out_id: Type.Optional(Type.String()) })) }),
  }),
);
const Reverse = Compile(Type.Object({ appid: Type.String(), mchid: Type.String() }));
const RefundBody = Compile(
  Type.Object({
    out_trade_no: Type.String(),
    out_refund_no: Type.String({ minLength: 1, maxLength: 64 }),
    reason: Type.Optional(Type.String({ maxLength: 80 })),
    amount: Type.Object({
      refund: Type.Integer({ minimum: 1 }),
      total: Type.Integer({ minimum: 1 }),
      currency: Type.Literal("CNY"),
    }),
  }),
);

/** Unpaid orders are closed by WeChat Pay itself; paid ones can be reversed for a week. */
const CLOSE_AFTER_MS = 45_000;
const REVERSE_FOR_MS = 7 * 24 * 3600_000;

type Reply = { status: number; body: unknown };
const problem = (status: number, code: string, message: string): Reply => ({ status, body: { code, message } });
const NOT_FOUND = problem(404, "ORDER_NOT_EXIST", "订单不存在");

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function tradeState(trade: Trade): string {
  if (trade.state === "paid") return trade.refunds.some((refund) => refund.state === "success") ? "REFUND" : "SUCCESS";
  const names = {
    notPaid: "NOTPAY",
    userPaying: "USERPAYING",
    closed: "CLOSED",
    revoked: "REVOKED",
    payError: "PAYERROR",
  } as const;
  return names[trade.state];
}

function tradeBody(trade: Trade, merchant: WechatMerchant): unknown {
  const { appid, mchid } = merchant;
  const state = tradeState(trade);
  const known = { appid, mchid, out_trade_no: trade.outTradeNo, trade_state: state, trade_state_desc: state };
  if (trade.paidAt === null) return known;
  return {
    ...known,
    transaction_id: trade.tradeNo,
    trade_type: "MICROPAY",
    bank_type: "OTHERS",
    success_time: beijingTime(trade.paidAt),
    payer: { openid: `o-${trade.phoneId ?? "unknown"}` },
    amount: { total: trade.amountFen, payer_total: trade.amountFen, currency: "CNY", payer_currency: "CNY" },
  };
}

function refundBody(trade: Trade, refund: Refund): unknown {
  const names = { processing: "PROCESSING", success: "SUCCESS", abnormal: "ABNORMAL" } as const;
  return {
    refund_id: refund.refundId,
    out_refund_no: refund.refundNo,
    transaction_id: trade.tradeNo,
    out_trade_no: trade.outTradeNo,
    channel: "ORIGINAL",
    user_received_account: "支付用户零钱",
    create_time: beijingTime(refund.at),
    ...(refund.state === "success" ? { success_time: beijingTime(refund.at) } : {}),
    status: names[refund.state],
    amount: {
      total: trade.amountFen,
      refund: refund.amountFen,
      payer_total: trade.amountFen,
      payer_refund: refund.amountFen,
      currency: "CNY",
    },
  };
}

export interface WechatParts {
  bank: Bank;
  faults: FaultTaker;
  keys: GatewayKeys;
  merchant: WechatMerchant;
  now: () => number;
  wallClock: () => number;
  seen: (call: SeenCall) => void;
}

/** The parts, and the pay calls still on their way. */
interface Desk extends WechatParts {
  late: LatePays;
}

function payReply(desk: Desk, result: PayResult): Reply {
  switch (result.kind) {
    case "paid":
      return { status: 200, body: tradeBody(result.trade, desk.merchant) };
    case "userPaying":
      return { status: 202, body: { trade_state: "USERPAYING" } };
    case "used":
      if (result.trade.state === "paid") return problem(400, "ORDERPAID", "该订单已支付");
      return problem(403, "OUT_TRADE_NO_USED", "商户订单号重复");
    case "codeInvalid":
      return problem(400, "AUTH_CODE_INVALID", "付款码无效，请刷新后重试");
    case "notEnough":
      return problem(403, "NOT_ENOUGH", "用户账号余额不足");
  }
}

function codePay(desk: Desk, text: string, headers: IncomingMessage["headers"]): Reply | "cut" {
  const body = parse(text);
  if (!CodePay.Check(body)) return problem(400, "PARAM_ERROR", "参数错误");
  desk.seen({ gateway: "wechat", call: "pay", ref: body.out_trade_no, headers });
  if (body.appid !== desk.merchant.appid || body.mchid !== desk.merchant.mchid) {
    return problem(400, "APPID_MCHID_NOT_MATCH", "appid和mchid不匹配");
  }
  const { out_trade_no: outTradeNo, payer, amount } = body;
  const request: PayRequest = {
    gateway: "wechat",
    outTradeNo,
    amountFen: amount.total,
    authCode: payer.auth_code,
    closeAfterMs: CLOSE_AFTER_MS,
    receivedAt: desk.now(),
  };
  if (desk.late.hold(request)) return "cut";
  const result = desk.bank.pay(request);
  if (desk.faults.take("dropReply", "wechat")) return "cut";
  if (desk.faults.take("systemError", "wechat")) return problem(500, "SYSTEM_ERROR", "系统错误");
  return payReply(desk, result);
}

function query(desk: Desk, outTradeNo: string, mchid: string | null): Reply {
  if (mchid !== desk.merchant.mchid) return problem(400, "PARAM_ERROR", "mchid");
  const trade = desk.bank.find("wechat", outTradeNo);
  desk.late.arrive(outTradeNo, "query");
  return trade === undefined ? NOT_FOUND : { status: 200, body: tradeBody(trade, desk.merchant) };
}

function reverse(desk: Desk, outTradeNo: string, text: string): Reply {
  const body = parse(text);
  if (!Reverse.Check(body) || body.mchid !== desk.merchant.mchid) return problem(400, "PARAM_ERROR", "参数错误");
  const done: Reply = { status: 200, body: { mchid: desk.merchant.mchid, out_trade_no: outTradeNo } };
  if (desk.faults.take("reverseUserPaying", "wechat")) return problem(400, "USERPAYING", "正在支付中不能发起撤销");
  if (desk.faults.take("reverseNoEffect", "wechat")) return done;
  const result = desk.bank.reverse("wechat", outTradeNo, REVERSE_FOR_MS);
  desk.late.arrive(outTradeNo, "reverse");
  if (result.kind === "notFound") return NOT_FOUND;
  if (result.kind === "tooLate") return problem(400, "REVERSE_EXPIRE", "订单无法撤销");
  return done;
}

function refund(desk: Desk, text: string, headers: IncomingMessage["headers"]): Reply {
  const body = parse(text);
  if (!RefundBody.Check(body)) return problem(400, "PARAM_ERROR", "参数错误");
  desk.seen({ gateway: "wechat", call: "refund", ref: body.out_refund_no, headers });
  const trade = desk.bank.find("wechat", body.out_trade_no);
  if (trade !== undefined && trade.amountFen !== body.amount.total)
    return problem(400, "PARAM_ERROR", "订单金额不一致");
  const result = desk.bank.refund("wechat", body.out_trade_no, body.out_refund_no, body.amount.refund);
  if (result.kind === "ok") return { status: 200, body: refundBody(result.trade, result.refund) };
  if (result.kind === "notFound") return problem(404, "RESOURCE_NOT_EXISTS", "订单不存在");
  if (result.kind === "different") return problem(400, "INVALID_REQUEST", "同一退款单号参数不一致");
  return problem(400, "INVALID_REQUEST", result.kind === "tooMuch" ? "退款金额超限" : "订单未支付");
}

function refundQuery(desk: Desk, refundNo: string): Reply {
  const found = desk.bank.findRefund("wechat", refundNo);
  if (found === undefined) return problem(404, "RESOURCE_NOT_EXISTS", "退款单不存在");
  return { status: 200, body: refundBody(found.trade, found.refund) };
}

function dispatch(desk: Desk, request: IncomingMessage, body: string): Reply | "cut" {
  const url = new URL(request.url ?? "/", "http://gateway");
  const route = `${request.method} ${url.pathname}`;
  const headers = request.headers;
  if (route === "POST /v3/pay/transactions/codepay") return codePay(desk, body, headers);
  const trade = /^(GET|POST) \/v3\/pay\/transactions\/out-trade-no\/([^/]+)(\/reverse)?$/.exec(route);
  const ref = decodeURIComponent(trade?.[2] ?? url.pathname.split("/").at(-1) ?? "");
  if (trade !== null && (trade[1] === "POST") === (trade[3] !== undefined)) {
    const call = trade[1] === "POST" ? "reverse" : "query";
    desk.seen({ gateway: "wechat", call, ref, headers });
    return call === "reverse" ? reverse(desk, ref, body) : query(desk, ref, url.searchParams.get("mchid"));
  }
  if (route === "POST /v3/refund/domestic/refunds") return refund(desk, body, headers);
  if (route.startsWith("GET /v3/refund/domestic/refunds/")) {
    desk.seen({ gateway: "wechat", call: "refundQuery", ref, headers });
    return refundQuery(desk, ref);
  }
  return problem(404, "RESOURCE_NOT_EXISTS", "no such path");
}

/** The gateway as a function from a request to what goes back on the wire. */
export function makeWechat(parts: WechatParts): (request: IncomingMessage, body: string) => Answer {
  const { bank, faults, merchant } = parts;
  const desk: Desk = { ...parts, late: makeLatePays("wechat", bank, faults) };
  const signed = makeReplySigner(parts.keys, faults, parts.wallClock);
  const whatIsWrong = makeRequestCheck(merchant, parts.keys, parts.wallClock);

  return function answer(request, body) {
    if (faults.take("gatewayDown", "wechat")) return { kind: "cut" };
    const { authorization = "" } = request.headers;
    const asked = request.headers["wechatpay-serial"];
    const askedSerial = typeof asked === "string" ? asked : undefined;
    const signedPart = { method: request.method ?? "", url: request.url ?? "", authorization, body };
    const wrong = whatIsWrong(signedPart);
    if (wrong !== null) return signed(401, { code: "SIGN_ERROR", message: `签名错误: ${wrong}` }, askedSerial);
    const reply = dispatch(desk, request, body);
    return reply === "cut" ? { kind: "cut" } : signed(reply.status, reply.body, askedSerial);
  };
}
