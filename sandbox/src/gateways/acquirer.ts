import { createHash } from "node:crypto";
import type { IncomingMessage } from "node:http";
import iconv from "iconv-lite";
import { Type } from "typebox";
import { Compile } from "typebox/compile";
import { makeAcquirerCheck, makeAcquirerSigner } from "./acquirerSigning.ts";
import type { Bank } from "./bank.ts";
import type { PayResult } from "./bankPay.ts";
import type { RefundResult } from "./bankRefund.ts";
import { acquirerCsv } from "./bills/acquirerCsv.ts";
import { billOf, spoiled } from "./bills/lines.ts";
import type { Book } from "./book.ts";
import type { FaultTaker } from "./faults.ts";
import { type Answer, beijingTime, parseJson, type SeenCall } from "./http.ts";
import type { GatewayKeys } from "./keys.ts";
import { type LatePays, makeLatePays, payThrough } from "./late.ts";
import { walletOfCode } from "./names.ts";
import type { Refund, Trade } from "./rows.ts";

/** The acquirer of docs/acquirer.md: UnionPay and e-CNY codes, five calls and a bill. */
const OUT_TRADE_NO = Type.String({ pattern: "^[0-9A-Za-z_]{6,32}$" });
const AMOUNT = Type.Integer({ minimum: 1, maximum: 1_000_000_000 });
const Pay = Compile(
  Type.Object({
    outTradeNo: OUT_TRADE_NO,
    amountFen: AMOUNT,
    authCode: Type.String({ minLength: 1, maxLength: 64 }),
    scheme: Type.Union([Type.Literal("UNIONPAY"), Type.Literal("ECNY")]),
    description: Type.String({ maxLength: 128 }),
    terminalId: Type.String({ maxLength: 64 }),
  }),
);
const ByOrder = Compile(Type.Object({ outTradeNo: OUT_TRADE_NO }));
const RefundBody = Compile(
  Type.Object({
    outTradeNo: OUT_TRADE_NO,
    refundNo: Type.String({ minLength: 1, maxLength: 64 }),
    amountFen: AMOUNT,
    totalFen: AMOUNT,
    reason: Type.String({ maxLength: 128 }),
  }),
);
const ByRefund = Compile(Type.Object({ outTradeNo: OUT_TRADE_NO, refundNo: Type.String({ minLength: 1 }) }));
const ByDay = Compile(Type.Object({ day: Type.String({ pattern: "^\\d{4}-\\d\\d-\\d\\d$" }) }));

const CLOSE_AFTER_MS = 60_000;
const REVERSE_FOR_MS = 24 * 3600_000;
const SCHEMES = { UNIONPAY: "unionpay", ECNY: "ecny" } as const;

type Body = Record<string, unknown>;
const error = (reason: string): Body => ({ result: "ERROR", reason });
const BAD_REQUEST = error("REQUEST");

export interface AcquirerParts {
  bank: Bank;
  book: Book;
  faults: FaultTaker;
  keys: GatewayKeys;
  merchant: string;
  now: () => number;
  wallClock: () => number;
  seen: (call: SeenCall) => void;
}
interface Desk extends AcquirerParts {
  late: LatePays;
}

const STATES = {
  notPaid: "NOTPAY",
  userPaying: "PAYING",
  paid: "SUCCESS",
  closed: "CLOSED",
  revoked: "REVERSED",
  payError: "PAYERROR",
} as const;

function orderBody(desk: Desk, trade: Trade): Body {
  const paid = trade.paidAt !== null;
  return {
    result: "OK",
    merchant: desk.merchant,
    outTradeNo: trade.outTradeNo,
    transactionId: paid ? trade.tradeNo : null,
    amountFen: trade.amountFen,
    state: STATES[trade.state],
    paidAt: trade.paidAt === null ? null : beijingTime(trade.paidAt),
  };
}

function payBody(desk: Desk, result: PayResult): Body {
  switch (result.kind) {
    case "paid":
    case "userPaying":
      return orderBody(desk, result.trade);
    case "used":
      return error("ORDER_USED");
    case "codeInvalid":
      return { result: "REFUSED", reason: "CODE" };
    case "notEnough":
      return { result: "REFUSED", reason: "BALANCE" };
    case "risk":
      return { result: "REFUSED", reason: "RISK" };
  }
}

function pay(desk: Desk, body: unknown): Body | "cut" {
  if (!Pay.Check(body)) return BAD_REQUEST;
  const { outTradeNo, amountFen, authCode, scheme, description, terminalId } = body;
  if (walletOfCode(authCode) !== SCHEMES[scheme]) return { result: "REFUSED", reason: "CODE" };
  const about = { description, terminalId };
  const of = { gateway: "acquirer", closeAfterMs: CLOSE_AFTER_MS, receivedAt: desk.now(), about } as const;
  const paid = payThrough(desk, { ...of, outTradeNo, amountFen, authCode });
  if (paid.kind === "cut") return "cut";
  return paid.kind === "systemError" ? error("SYSTEM") : payBody(desk, paid.result);
}

function query(desk: Desk, body: unknown): Body {
  if (!ByOrder.Check(body)) return BAD_REQUEST;
  const trade = desk.bank.find("acquirer", body.outTradeNo);
  desk.late.arrive(body.outTradeNo, "query");
  return trade === undefined ? { result: "NOT_FOUND" } : orderBody(desk, trade);
}

function reverse(desk: Desk, body: unknown): Body | "cut" {
  if (!ByOrder.Check(body)) return BAD_REQUEST;
  if (desk.faults.take("reverseUserPaying", "acquirer")) return { result: "AGAIN", reason: "PAYING" };
  if (desk.faults.take("reverseNoEffect", "acquirer")) return { result: "OK" };
  const result = desk.bank.reverse("acquirer", body.outTradeNo, REVERSE_FOR_MS);
  desk.late.arrive(body.outTradeNo, "reverse");
  if (desk.faults.take("reverseDropped", "acquirer")) return "cut";
  if (result.kind === "tooLate") return { result: "TOO_LATE", reason: "WINDOW" };
  if (result.kind === "notFound") return { result: "AGAIN", reason: "NOT_FOUND" };
  return { result: "OK" };
}

type RefundAsked = { outTradeNo: string; refundNo: string; amountFen: number };

function refundAnswer(desk: Desk, asked: RefundAsked, state: string, reason?: string): Body {
  const { outTradeNo, refundNo, amountFen } = asked;
  const why = reason === undefined ? {} : { reason };
  return { result: "OK", state, ...why, merchant: desk.merchant, outTradeNo, refundNo, amountFen };
}

function refundState(desk: Desk, asked: RefundAsked, refund: Refund): Body {
  switch (refund.state) {
    case "success":
      return refundAnswer(desk, asked, "SUCCESS");
    case "processing":
      return refundAnswer(desk, asked, "PROCESSING");
    case "abnormal":
      return refundAnswer(desk, asked, "FAILED", "PAYER");
    case "closed":
      return refundAnswer(desk, asked, "FAILED", "CLOSED");
  }
}

function refundBody(desk: Desk, asked: RefundAsked, result: RefundResult): Body {
  switch (result.kind) {
    case "ok":
      return refundState(desk, asked, result.refund);
    case "notFound":
      return refundAnswer(desk, asked, "FAILED", "NOT_FOUND");
    case "notPaid":
      return refundAnswer(desk, asked, "FAILED", "NOT_PAID");
    case "tooMuch":
    case "different":
      return refundAnswer(desk, asked, "FAILED", "AMOUNT");
    case "tooOld":
      return refundAnswer(desk, asked, "FAILED", "EXPIRED");
    case "accountClosed":
      return refundAnswer(desk, asked, "FAILED", "PAYER");
  }
}

function refund(desk: Desk, body: unknown): Body | "cut" {
  if (!RefundBody.Check(body)) return BAD_REQUEST;
  const { outTradeNo, refundNo, amountFen, totalFen } = body;
  const trade = desk.bank.find("acquirer", outTradeNo);
  if (trade !== undefined && trade.amountFen !== totalFen) return refundAnswer(desk, body, "FAILED", "AMOUNT");
  const result = desk.bank.refund({ gateway: "acquirer", outTradeNo, refundNo, amountFen });
  return desk.faults.take("refundDropped", "acquirer") ? "cut" : refundBody(desk, body, result);
}

function refundQuery(desk: Desk, body: unknown): Body {
  if (!ByRefund.Check(body)) return BAD_REQUEST;
  const found = desk.bank.findRefund("acquirer", body.refundNo, body.outTradeNo);
  if (found === undefined) return { result: "NOT_FOUND" };
  return refundState(desk, { ...body, amountFen: found.refund.amountFen }, found.refund);
}

/** The answer has one fixed form, so that a large one can be read piece by piece. */
function bill(desk: Desk, body: unknown): Body {
  if (!ByDay.Check(body)) return BAD_REQUEST;
  desk.bank.settle();
  if (desk.faults.take("billNotReady", "acquirer")) return { result: "NOT_READY" };
  const content = billOf(desk.book, desk.faults, "acquirer", body.day);
  if (content.lines.length === 0) return { result: "EMPTY" };
  const text = acquirerCsv(content);
  const file = content.wrongEncoding ? iconv.encode(text, "utf16le") : Buffer.from(text, "utf8");
  const sha256 = createHash("sha256").update(file).digest("hex");
  return { result: "OK", sha256, csv: spoiled(file, desk.faults, "acquirer", "trade").toString("base64") };
}

const CALLS = new Map<string, [SeenCall["call"], (desk: Desk, body: unknown) => Body | "cut"]>([
  ["/v1/pay", ["pay", pay]],
  ["/v1/query", ["query", query]],
  ["/v1/reverse", ["reverse", reverse]],
  ["/v1/refund", ["refund", refund]],
  ["/v1/refund-query", ["refundQuery", refundQuery]],
  ["/v1/bill", ["bill", bill]],
]);

function refOf(body: unknown): string {
  if (ByRefund.Check(body)) return body.refundNo;
  return ByOrder.Check(body) ? body.outTradeNo : "";
}

/** The gateway as a function from a request to what goes back on the wire. */
export function makeAcquirer(parts: AcquirerParts): (request: IncomingMessage, body: string) => Answer {
  const { bank, faults, keys, merchant, wallClock } = parts;
  const desk: Desk = { ...parts, late: makeLatePays("acquirer", bank, faults) };
  const signed = makeAcquirerSigner(keys, faults, wallClock);
  const whatIsWrong = makeAcquirerCheck(merchant, keys, wallClock);

  return function answer(request, text) {
    const path = request.url ?? "/";
    const entry = request.method === "POST" ? CALLS.get(path) : undefined;
    if (entry === undefined) return { kind: "reply", status: 404, headers: {}, body: "not found" };
    const { headers } = request;
    const nonce = String(headers["acq-nonce"] ?? "");
    const wrong = whatIsWrong({ path, headers, body: text });
    if (wrong !== null) return signed(nonce, { result: "SETUP", reason: wrong });
    const body = parseJson(text);
    const [call, run] = entry;
    parts.seen({ gateway: "acquirer", call, ref: refOf(body), headers });
    const reply = run(desk, body);
    return reply === "cut" ? { kind: "cut" } : signed(nonce, reply);
  };
}
