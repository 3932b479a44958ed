import type { IncomingMessage } from "node:http";
import { Type } from "typebox";
import { Compile } from "typebox/compile";
import { type BillDesk, bill, billFile } from "./alipayBills.ts";
import { type AlipayBody, failed, invalid, success } from "./alipayBodies.ts";
import { makeParameterCheck, makeReplySigner } from "./alipaySigning.ts";
import type { PayRequest, PayResult } from "./bankPay.ts";
import type { RefundResult } from "./bankRefund.ts";
import { type Answer, beijingClock, parseJson, type SeenCall, yuan } from "./http.ts";
import type { GatewayKeys } from "./keys.ts";
import { type LatePays, makeLatePays, payThrough } from "./late.ts";
import { refundedFen } from "./money.ts";
import type { Trade } from "./rows.ts";

/** Alipay's gateway.do as published (facts/payments.md §2): trade.pay, query, cancel, refund and its query, bills. */
const OUT_TRADE_NO = Type.String({ pattern: "^[0-9A-Za-z_]{1,64}$" });
const YUAN = Type.String({ pattern: "^(0|[1-9][0-9]{0,8})(\\.[0-9]{1,2})?$" });
const Pay = Compile(
  Type.Object({
    out_trade_no: OUT_TRADE_NO,
    scene: Type.Literal("bar_code"),
    auth_code: Type.String({ minLength: 1 }),
    subject: Type.String({ pattern: "^[^/=&]{1,256}$" }),
    total_amount: YUAN,
    timeout_express: Type.Optional(Type.String({ pattern: "^[1-9][0-9]*[mhd]$" })),
    terminal_id: Type.Optional(Type.String({ maxLength: 32 })),
  }),
);
const ByOrder = Compile(Type.Object({ out_trade_no: OUT_TRADE_NO }));
const RefundBody = Compile(
  Type.Object({
    out_trade_no: OUT_TRADE_NO,
    refund_amount: YUAN,
    out_request_no: Type.String({ minLength: 1, maxLength: 64 }),
  }),
);
const RefundQuery = Compile(Type.Object({ out_trade_no: OUT_TRADE_NO, out_request_no: Type.String({ minLength: 1 }) }));

/** Face-to-face orders stay payable for three hours unless the merchant says otherwise; cancel works for a day. */
const DEFAULT_TIMEOUT = "3h";
const CANCEL_FOR_MS = 24 * 3600_000;
const UNIT_MS: Record<string, number> = { m: 60_000, h: 3600_000, d: 24 * 3600_000 };

const NOT_EXIST = failed("ACQ.TRADE_NOT_EXIST", "交易不存在");

function fen(text: string): number {
  const [whole = "0", part = ""] = text.split(".");
  return Number(whole) * 100 + Number(part.padEnd(2, "0"));
}
function durationMs(text: string): number {
  return Number(text.slice(0, -1)) * (UNIT_MS[text.slice(-1)] ?? 0);
}

export function tradeStatus(trade: Trade): string {
  if (trade.state === "paid") return refundedFen(trade) >= trade.amountFen ? "TRADE_CLOSED" : "TRADE_SUCCESS";
  return trade.state === "notPaid" || trade.state === "userPaying" ? "WAIT_BUYER_PAY" : "TRADE_CLOSED";
}

function known(trade: Trade): AlipayBody {
  return {
    trade_no: trade.tradeNo,
    out_trade_no: trade.outTradeNo,
    total_amount: yuan(trade.amountFen),
    buyer_logon_id: "138****0000",
    // Real buyer ids may hold slashes, which come escaped and must be verified as they came.
    buyer_open_id: `074a1CcTG1/${trade.phoneId ?? "unknown"}`,
  };
}

export interface AlipayParts extends BillDesk {
  keys: GatewayKeys;
  appId: string;
  wallClock: () => number;
  seen: (call: SeenCall) => void;
}

/** The parts, and the pay calls still on their way. */
interface Desk extends AlipayParts {
  late: LatePays;
}
/** What a call says beside its biz_content. */
interface Common {
  /** Where the merchant wants to be told about this order. */
  notifyUrl: string | null;
  /** The address the caller reached us at. */
  host: string;
}

function payBody(result: PayResult): AlipayBody {
  switch (result.kind) {
    case "paid": {
      const { amountFen, paidAt } = result.trade;
      const amounts = { receipt_amount: yuan(amountFen), buyer_pay_amount: yuan(amountFen) };
      return success({ ...known(result.trade), ...amounts, gmt_payment: beijingClock(paidAt ?? 0) });
    }
    case "userPaying":
      return { code: "10003", msg: " order success pay inprocess", ...known(result.trade) };
    case "used":
      if (result.trade === null) return failed("ACQ.CONTEXT_INCONSISTENT", "交易信息被篡改");
      if (result.trade.state === "paid") return failed("ACQ.TRADE_HAS_SUCCESS", "交易已被支付");
      if (tradeStatus(result.trade) === "TRADE_CLOSED") return failed("ACQ.TRADE_HAS_CLOSE", "交易已经关闭");
      return failed("ACQ.CONTEXT_INCONSISTENT", "交易信息被篡改");
    case "codeInvalid":
      return failed("ACQ.PAYMENT_AUTH_CODE_INVALID", "支付失败，获取顾客账户信息失败，请顾客刷新付款码后重新收款");
    case "notEnough":
      return failed("ACQ.BUYER_BALANCE_NOT_ENOUGH", "顾客余额不足");
    case "risk":
      return failed("ACQ.PAYMENT_REQUEST_HAS_RISK", "支付有风险");
  }
}

const SYSTEM_ERROR = failed("ACQ.SYSTEM_ERROR", "接口返回错误");

function pay(desk: Desk, biz: unknown, { notifyUrl }: Common): AlipayBody | "cut" {
  if (!Pay.Check(biz)) return invalid("isv.invalid-parameter");
  const request: PayRequest = {
    gateway: "alipay",
    outTradeNo: biz.out_trade_no,
    amountFen: fen(biz.total_amount),
    authCode: biz.auth_code,
    closeAfterMs: durationMs(biz.timeout_express ?? DEFAULT_TIMEOUT),
    receivedAt: desk.now(),
    about: { description: biz.subject, terminalId: biz.terminal_id ?? "", notifyUrl },
  };
  const paid = payThrough(desk, request);
  if (paid.kind === "cut") return "cut";
  if (paid.kind === "systemError") return SYSTEM_ERROR;
  if (desk.faults.take("serviceUnknown", "alipay")) {
    return { code: "20000", msg: "Service Currently Unavailable", sub_code: "isp.unknow-error" };
  }
  return payBody(paid.result);
}

function query(desk: Desk, biz: unknown): AlipayBody {
  if (!ByOrder.Check(biz)) return invalid("isv.invalid-parameter");
  const trade = desk.bank.find("alipay", biz.out_trade_no);
  desk.late.arrive(biz.out_trade_no, "query");
  if (trade === undefined) return NOT_EXIST;
  const paid: AlipayBody = trade.paidAt === null ? {} : { send_pay_date: beijingClock(trade.paidAt) };
  return success({ ...known(trade), ...paid, trade_status: tradeStatus(trade) });
}

function cancel(desk: Desk, biz: unknown): AlipayBody | "cut" {
  if (!ByOrder.Check(biz)) return invalid("isv.invalid-parameter");
  const base = { out_trade_no: biz.out_trade_no, retry_flag: "N" };
  if (desk.faults.take("cancelRetry", "alipay"))
    return { ...failed("ACQ.SYSTEM_ERROR", "系统异常"), ...base, retry_flag: "Y" };
  if (desk.faults.take("reverseNoEffect", "alipay")) return success({ ...base, action: "close" });
  const result = desk.bank.reverse("alipay", biz.out_trade_no, CANCEL_FOR_MS);
  desk.late.arrive(biz.out_trade_no, "reverse");
  if (desk.faults.take("reverseDropped", "alipay")) return "cut";
  if (result.kind === "tooLate") return failed("ACQ.TRADE_CANCEL_TIME_OUT", "超过撤销时间范围，请使用退款接口");
  if (result.kind === "notFound") return success(base);
  const trade = desk.bank.find("alipay", biz.out_trade_no);
  return success({
    ...base,
    action: result.kind === "refunded" ? "refund" : "close",
    trade_no: trade?.tradeNo ?? "",
  });
}

function refund(desk: Desk, biz: unknown): AlipayBody | "cut" {
  if (!RefundBody.Check(biz)) return invalid("isv.invalid-parameter");
  const { out_trade_no: outTradeNo, out_request_no: refundNo, refund_amount: amount } = biz;
  const result = desk.bank.refund({ gateway: "alipay", outTradeNo, refundNo, amountFen: fen(amount) });
  return desk.faults.take("refundDropped", "alipay") ? "cut" : refundBody(result);
}

function refundBody(result: RefundResult): AlipayBody {
  switch (result.kind) {
    case "ok":
      return refundDone(result);
    case "notFound":
      return NOT_EXIST;
    case "different":
      return failed("ACQ.DISCORDANT_REPEAT_REQUEST", "同一笔退款的金额不一致");
    case "tooMuch":
      return failed("ACQ.REFUND_AMT_NOT_EQUAL_TOTAL", "退款金额超限");
    case "notPaid":
      return failed("ACQ.TRADE_STATUS_ERROR", "交易状态不合法");
    case "tooOld":
      return failed("ACQ.TRADE_HAS_FINISHED", "交易已完结，不可退款");
    case "accountClosed":
      return failed("ACQ.BUYER_NOT_EXIST", "买家账户不存在");
  }
}

function refundDone(result: Extract<RefundResult, { kind: "ok" }>): AlipayBody {
  // The fault that leaves a refund abnormal at WeChat Pay is an empty merchant account here.
  if (result.refund.state === "abnormal") return failed("ACQ.SELLER_BALANCE_NOT_ENOUGH", "卖家余额不足");
  return success({
    ...known(result.trade),
    refund_fee: yuan(refundedFen(result.trade)),
    fund_change: result.moved ? "Y" : "N",
  });
}

function refundQuery(desk: Desk, biz: unknown): AlipayBody {
  if (!RefundQuery.Check(biz)) return invalid("isv.invalid-parameter");
  if (desk.bank.find("alipay", biz.out_trade_no) === undefined) return NOT_EXIST;
  const found = desk.bank.findRefund("alipay", biz.out_request_no, biz.out_trade_no);
  // A refund that isn't there, or isn't done, is a success without refund data.
  if (found === undefined || found.refund.state !== "success") return success({});
  const { trade, refund: done } = found;
  return success({
    trade_no: trade.tradeNo,
    out_trade_no: trade.outTradeNo,
    out_request_no: done.refundNo,
    total_amount: yuan(trade.amountFen),
    refund_amount: yuan(done.amountFen),
    refund_status: "REFUND_SUCCESS",
  });
}

const CALLS = new Map<string, [SeenCall["call"], (desk: Desk, biz: unknown, common: Common) => AlipayBody | "cut"]>([
  ["alipay.trade.pay", ["pay", pay]],
  ["alipay.trade.query", ["query", query]],
  ["alipay.trade.cancel", ["reverse", cancel]],
  ["alipay.trade.refund", ["refund", refund]],
  ["alipay.trade.fastpay.refund.query", ["refundQuery", refundQuery]],
  ["alipay.data.dataservice.bill.downloadurl.query", ["bill", (desk, biz, { host }) => bill(desk, biz, host)]],
]);

/** The gateway as a function from a request to what goes back on the wire. */
export function makeAlipay(parts: AlipayParts): (request: IncomingMessage, body: string) => Answer {
  const { bank, faults } = parts;
  const desk: Desk = { ...parts, late: makeLatePays("alipay", bank, faults) };
  const signed = makeReplySigner(parts.keys, faults);
  const whatIsWrong = makeParameterCheck(parts.appId, parts.keys, parts.wallClock);

  return function answer(request, text) {
    const url = new URL(request.url ?? "/", "http://gateway");
    const notFound: Answer = {
      kind: "reply",
      status: 404,
      headers: { "Content-Type": "text/plain" },
      body: "not found",
    };
    if (url.pathname === "/bill/download") return billFile(desk, url.searchParams) ?? notFound;
    if (url.pathname !== "/gateway.do") return notFound;
    // Common parameters come in the query, biz_content in the form; a parameter named twice counts once, as posted.
    const parameters = new Map([...url.searchParams, ...new URLSearchParams(text)]);
    const method = parameters.get("method") ?? "";
    const wrong = whatIsWrong(parameters);
    if (wrong !== null) return signed(method, invalid(wrong));
    const entry = CALLS.get(method);
    if (entry === undefined) return signed(method, invalid("isv.invalid-method"));
    const biz = parseJson(parameters.get("biz_content") ?? "");
    const [call, run] = entry;
    parts.seen({ gateway: "alipay", call, ref: refOf(biz), headers: request.headers });
    const common = { notifyUrl: parameters.get("notify_url") ?? null, host: request.headers.host ?? "" };
    const body = run(desk, biz, common);
    return body === "cut" ? { kind: "cut" } : signed(method, body);
  };
}

function refOf(biz: unknown): string {
  if (RefundQuery.Check(biz)) return biz.out_request_no;
  return ByOrder.Check(biz) ? biz.out_trade_no : "";
}
