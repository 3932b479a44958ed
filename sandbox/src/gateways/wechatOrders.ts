import type { IncomingMessage } from "node:http";
import { Type } from "typebox";
import { Compile } from "typebox/compile";
import type { Bank } from "./bank.ts";
import type { PayRequest, PayResult } from "./bankPay.ts";
import type { Book } from "./book.ts";
import type { FaultTaker } from "./faults.ts";
import { parseJson, type SeenCall } from "./http.ts";
import type { GatewayKeys } from "./keys.ts";
import { type LatePays, payThrough } from "./late.ts";
import type { Tickets } from "./tickets.ts";
import { NOT_FOUND, problem, type Reply, tradeBody } from "./wechatBodies.ts";
import type { WechatMerchant } from "./wechatSigning.ts";

/** Orders at WeChat Pay (facts/payments.md §1.4): code payment, JSAPI and mini program, query, reverse, close. */
const OUT_TRADE_NO = Type.String({ pattern: "^[0-9A-Za-z_\\-|*]{6,32}$" });
const DESCRIPTION = Type.String({ minLength: 1, maxLength: 127 });
const ATTACH = Type.Optional(Type.String({ maxLength: 128 }));
const AMOUNT = Type.Object({
  total: Type.Integer({ minimum: 1, maximum: 1_000_000_000 }),
  currency: Type.Optional(Type.Literal("CNY")),
});
const CodePay = Compile(
  Type.Object({
    appid: Type.String(),
    mchid: Type.String(),
    description: DESCRIPTION,
    out_trade_no: OUT_TRADE_NO,
    attach: ATTACH,
    payer: Type.Object({ auth_code: Type.String({ minLength: 1 }) }),
    amount: AMOUNT,
    scene_info: Type.Object({
      device_id: Type.Optional(Type.String()),
      store_info: Type.Optional(Type.Object({ out_id: Type.Optional(Type.String()) })),
    }),
  }),
);
const Jsapi = Compile(
  Type.Object({
    appid: Type.String(),
    mchid: Type.String(),
    description: DESCRIPTION,
    out_trade_no: OUT_TRADE_NO,
    attach: ATTACH,
    time_expire: Type.Optional(
      Type.String({ pattern: "^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d(\\.\\d+)?(Z|[+-]\\d\\d:\\d\\d)$" }),
    ),
    // No query, no fragment; over plain http only because this one stands on the same machine.
    notify_url: Type.String({ pattern: "^https?://[^?#\\s]+$", maxLength: 255 }),
    amount: AMOUNT,
    payer: Type.Object({ openid: Type.String({ minLength: 1, maxLength: 128 }) }),
  }),
);
const Reverse = Compile(Type.Object({ appid: Type.String(), mchid: Type.String() }));
const Close = Compile(Type.Object({ mchid: Type.String() }));

/** Unpaid orders are closed by WeChat Pay itself; paid ones can be reversed for a week. */
const CLOSE_AFTER_MS = 45_000;
const REVERSE_FOR_MS = 7 * 24 * 3600_000;

const PARAM_ERROR = problem(400, "PARAM_ERROR", "参数错误");
const ORDER_PAID = problem(400, "ORDERPAID", "该订单已支付");
const ORDER_CLOSED = problem(400, "ORDER_CLOSED", "该订单已关闭");

export interface WechatParts {
  bank: Bank;
  book: Book;
  faults: FaultTaker;
  keys: GatewayKeys;
  merchant: WechatMerchant;
  tickets: Tickets;
  now: () => number;
  wallClock: () => number;
  seen: (call: SeenCall) => void;
}

/** The parts, and the pay calls still on their way. */
export interface WechatDesk extends WechatParts {
  late: LatePays;
}

function payReply(desk: WechatDesk, result: PayResult): Reply {
  switch (result.kind) {
    case "paid":
      return { status: 200, body: tradeBody(result.trade, desk.merchant) };
    case "userPaying":
      return { status: 202, body: { trade_state: "USERPAYING" } };
    case "used":
      if (result.trade?.state === "paid") return ORDER_PAID;
      return problem(403, "OUT_TRADE_NO_USED", "商户订单号重复");
    case "codeInvalid":
      return problem(400, "AUTH_CODE_INVALID", "付款码无效，请刷新后重试");
    case "notEnough":
      return problem(403, "NOT_ENOUGH", "用户账号余额不足");
    case "risk":
      return problem(403, "TRADE_ERROR", "交易存在风险，已被拦截");
  }
}

export function codePay(desk: WechatDesk, text: string, headers: IncomingMessage["headers"]): Reply | "cut" {
  const body = parseJson(text);
  if (!CodePay.Check(body)) return PARAM_ERROR;
  desk.seen({ gateway: "wechat", call: "pay", ref: body.out_trade_no, headers });
  if (body.appid !== desk.merchant.appid || body.mchid !== desk.merchant.mchid) {
    return problem(400, "APPID_MCHID_NOT_MATCH", "appid和mchid不匹配");
  }
  const { out_trade_no: outTradeNo, payer, amount, description, attach = "", scene_info: scene } = body;
  const request: PayRequest = {
    gateway: "wechat",
    outTradeNo,
    amountFen: amount.total,
    authCode: payer.auth_code,
    closeAfterMs: CLOSE_AFTER_MS,
    receivedAt: desk.now(),
    about: { description, attach, terminalId: scene.device_id ?? "" },
  };
  const paid = payThrough(desk, request);
  if (paid.kind === "cut") return "cut";
  if (paid.kind === "systemError") return problem(500, "SYSTEM_ERROR", "系统错误");
  return payReply(desk, paid.result);
}

export function prepay(desk: WechatDesk, text: string, headers: IncomingMessage["headers"]): Reply {
  const body = parseJson(text);
  if (!Jsapi.Check(body)) return PARAM_ERROR;
  const { merchant } = desk;
  desk.seen({ gateway: "wechat", call: "prepay", ref: body.out_trade_no, headers });
  if (body.mchid !== merchant.mchid || (body.appid !== merchant.appid && body.appid !== merchant.miniAppid)) {
    return problem(400, "APPID_MCHID_NOT_MATCH", "appid和mchid不匹配");
  }
  const closesAt = body.time_expire === undefined ? null : Date.parse(body.time_expire);
  if (closesAt !== null && !(closesAt > desk.now())) return problem(400, "PARAM_ERROR", "time_expire时间过短");
  const result = desk.bank.prepare({
    outTradeNo: body.out_trade_no,
    amountFen: body.amount.total,
    appid: body.appid,
    openid: body.payer.openid,
    description: body.description,
    attach: body.attach ?? "",
    notifyUrl: body.notify_url,
    closesAt,
  });
  switch (result.kind) {
    case "ok":
      return { status: 200, body: { prepay_id: result.prepayId } };
    case "paid":
      return ORDER_PAID;
    case "closed":
      return ORDER_CLOSED;
    case "different":
      return problem(400, "INVALID_REQUEST", "请求重入时，参数与首次请求时不一致（268498688）");
  }
}

export function query(desk: WechatDesk, outTradeNo: string, mchid: string | null): Reply {
  if (mchid !== desk.merchant.mchid) return problem(400, "PARAM_ERROR", "mchid");
  const trade = desk.bank.find("wechat", outTradeNo);
  desk.late.arrive(outTradeNo, "query");
  return trade === undefined ? NOT_FOUND : { status: 200, body: tradeBody(trade, desk.merchant) };
}

export function reverse(desk: WechatDesk, outTradeNo: string, text: string): Reply | "cut" {
  const body = parseJson(text);
  if (!Reverse.Check(body) || body.mchid !== desk.merchant.mchid) return PARAM_ERROR;
  const done: Reply = { status: 200, body: { mchid: desk.merchant.mchid, out_trade_no: outTradeNo } };
  if (desk.faults.take("reverseUserPaying", "wechat")) return problem(400, "USERPAYING", "正在支付中不能发起撤销");
  if (desk.faults.take("reverseNoEffect", "wechat")) return done;
  const result = desk.bank.reverse("wechat", outTradeNo, REVERSE_FOR_MS);
  desk.late.arrive(outTradeNo, "reverse");
  if (desk.faults.take("reverseDropped", "wechat")) return "cut";
  switch (result.kind) {
    case "notFound":
      return NOT_FOUND;
    case "tooLate":
      return problem(400, "REVERSE_EXPIRE", "订单无法撤销");
    case "prepared":
      return problem(400, "INVALID_REQUEST", "仅付款码支付的订单可以撤销");
    case "closed":
    case "refunded":
      return done;
  }
}

export function close(desk: WechatDesk, outTradeNo: string, text: string): Reply {
  const body = parseJson(text);
  if (!Close.Check(body) || body.mchid !== desk.merchant.mchid) return PARAM_ERROR;
  switch (desk.bank.close(outTradeNo)) {
    case "closed":
      return { status: 204, body: undefined };
    case "paid":
      return ORDER_PAID;
    case "notFound":
      return NOT_FOUND;
    case "scanned":
      return problem(400, "INVALID_REQUEST", "当前交易仅支持撤销，不支持关单（268449641）");
  }
}
