import type { Outcome, RefundOutcome, ReverseOutcome } from "@citygas/core";
import { Type } from "typebox";
import { Compile } from "typebox/compile";
import { beijingInstant } from "../beijing.ts";
import { safeCode } from "../plain.ts";
import type { AlipayReply } from "./client.ts";
import { classifyAlipay, refundFailure } from "./codes.ts";
import { yuanToFen } from "./money.ts";

/** What a verified Alipay reply means (facts/payments.md §2.2, §2.3). Pure. */
const Coded = Compile(Type.Object({ code: Type.String(), sub_code: Type.Optional(Type.String()) }));
const Order = Compile(Type.Object({ out_trade_no: Type.String() }));
const Paid = Compile(
  Type.Object({
    trade_no: Type.String({ minLength: 1 }),
    total_amount: Type.String(),
    gmt_payment: Type.Optional(Type.String()),
    send_pay_date: Type.Optional(Type.String()),
  }),
);
const Status = Compile(Type.Object({ trade_status: Type.String() }));
const Cancel = Compile(Type.Object({ retry_flag: Type.Optional(Type.String()), action: Type.Optional(Type.String()) }));
const Refund = Compile(Type.Object({ fund_change: Type.Optional(Type.String()) }));
const RefundQuery = Compile(
  Type.Object({ out_trade_no: Type.String(), out_request_no: Type.String(), refund_status: Type.String() }),
);

const unknown = (why: string): { kind: "unknown"; why: string } => ({ kind: "unknown", why });
const ours = (body: unknown, outTradeNo: string): boolean => Order.Check(body) && body.out_trade_no === outTradeNo;

function paidOutcome(body: unknown): Outcome {
  if (!Paid.Check(body)) return unknown("incompleteSuccess");
  const amountFen = yuanToFen(body.total_amount);
  if (amountFen === null) return unknown("badAmount");
  const paidAt = beijingInstant(body.gmt_payment ?? body.send_pay_date);
  return { kind: "paid", verified: true, transactionId: body.trade_no, amountFen, paidAt };
}

function problemOutcome(code: string, subCode: string): Outcome {
  const meaning = classifyAlipay(code, subCode);
  const name = subCode === "noCode" ? code : subCode;
  switch (meaning.kind) {
    case "refused":
      return { kind: "refused", verified: true, code: name, text: meaning.text };
    case "misconfigured":
      return { kind: "misconfigured", code: name };
    case "notFound":
      return { kind: "notFound", verified: true };
    case "tooLate":
    case "unknown":
      return unknown(name);
  }
}

/** Code and sub_code of a verified reply, fit to be shown; null when the reply has none. */
export function codesOf(body: unknown): { code: string; subCode: string } | null {
  return Coded.Check(body) ? { code: safeCode(body.code), subCode: safeCode(body.sub_code) } : null;
}

export function payOutcome(reply: AlipayReply, outTradeNo: string): Outcome {
  if (reply.kind === "silent") return reply.notSent ? { kind: "notSent" } : unknown(reply.why);
  const codes = codesOf(reply.body);
  if (codes === null) return unknown("noCode");
  if (codes.code === "10003") return { kind: "inProgress", verified: true };
  if (codes.code !== "10000") {
    const outcome = problemOutcome(codes.code, codes.subCode);
    return outcome.kind === "notFound" ? unknown(codes.subCode) : outcome;
  }
  return ours(reply.body, outTradeNo) ? paidOutcome(reply.body) : unknown("otherOrder");
}

/** A refused query is a fault of ours and says nothing about the payment. */
export function queryOutcome(reply: AlipayReply, outTradeNo: string): Outcome {
  if (reply.kind === "silent") return unknown(reply.why);
  const { body } = reply;
  const codes = codesOf(body);
  if (codes === null) return unknown("noCode");
  if (codes.code !== "10000") {
    const outcome = problemOutcome(codes.code, codes.subCode);
    return outcome.kind === "refused" ? unknown(outcome.code) : outcome;
  }
  return ours(body, outTradeNo) ? tradeOutcome(body) : unknown("otherOrder");
}

/** What a trade says of itself, in a verified query reply as in a notification. */
export function tradeOutcome(body: unknown): Outcome {
  if (!Status.Check(body)) return unknown("noTradeStatus");
  switch (body.trade_status) {
    case "WAIT_BUYER_PAY":
      return { kind: "inProgress", verified: true };
    case "TRADE_SUCCESS":
    case "TRADE_FINISHED":
      return paidOutcome(body);
    case "TRADE_CLOSED":
      return { kind: "closed", verified: true };
    default:
      return unknown(`tradeStatus.${safeCode(body.trade_status)}`);
  }
}

export function reverseOutcome(reply: AlipayReply, outTradeNo: string): ReverseOutcome {
  if (reply.kind === "silent") return unknown(reply.why);
  const { body } = reply;
  const codes = codesOf(body);
  if (codes === null || !Cancel.Check(body)) return unknown("noCode");
  const name = codes.subCode === "noCode" ? codes.code : codes.subCode;
  if (body.retry_flag === "Y") return { kind: "again", why: name };
  if (codes.code === "10000") {
    if (!ours(body, outTradeNo)) return unknown("otherOrder");
    // Without an action nothing was closed or given back: no trade was found, or the call failed.
    return body.action === undefined ? { kind: "again", why: "noAction" } : { kind: "accepted" };
  }
  const meaning = classifyAlipay(codes.code, codes.subCode);
  return meaning.kind === "tooLate" ? { kind: "tooLate", code: name } : unknown(name);
}

export function refundOutcome(reply: AlipayReply, outTradeNo: string): RefundOutcome {
  if (reply.kind === "silent") return unknown(reply.why);
  const { body } = reply;
  const codes = codesOf(body);
  if (codes === null || !Refund.Check(body)) return unknown("noCode");
  if (codes.code !== "10000") {
    const name = codes.subCode === "noCode" ? codes.code : codes.subCode;
    const failure = refundFailure(name);
    return failure === undefined ? unknown(name) : { kind: "failed", code: name, never: failure.never };
  }
  if (!ours(body, outTradeNo)) return unknown("otherOrder");
  // "N" is both "already moved by an earlier call" and "not moved yet": a refund query tells.
  return body.fund_change === "Y" ? { kind: "done", verified: true } : { kind: "processing" };
}

export function refundQueryOutcome(reply: AlipayReply, outTradeNo: string, refundNo: string): RefundOutcome {
  if (reply.kind === "silent") return unknown(reply.why);
  const { body } = reply;
  const codes = codesOf(body);
  if (codes === null) return unknown("noCode");
  if (codes.code !== "10000") {
    const meaning = classifyAlipay(codes.code, codes.subCode);
    return meaning.kind === "notFound" ? { kind: "notFound" } : unknown(codes.subCode);
  }
  // A success without refund data means the refund was not received or not carried out.
  if (!RefundQuery.Check(body)) return { kind: "notFound" };
  if (body.out_trade_no !== outTradeNo || body.out_request_no !== refundNo) return unknown("otherRefund");
  return body.refund_status === "REFUND_SUCCESS" ? { kind: "done", verified: true } : { kind: "processing" };
}
