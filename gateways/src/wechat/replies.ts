import type { Outcome, RefundOutcome, ReverseOutcome } from "@citygas/core";
import { Type } from "typebox";
import { Compile } from "typebox/compile";
import { safeCode } from "../plain.ts";
import type { WechatReply } from "./client.ts";
import { classifyWechat } from "./codes.ts";

/**
 * What a WeChat Pay reply means (facts/payments.md §1.4–§1.6). Pure. The HTTP status says nothing about the money:
 * 202 is a payment still open, and an order's state stands in `trade_state` only.
 */
export interface Expected {
  mchid: string;
  appid: string;
  outTradeNo: string;
}

const State = Compile(Type.Object({ trade_state: Type.String() }));
const Identity = Compile(Type.Object({ appid: Type.String(), mchid: Type.String(), out_trade_no: Type.String() }));
const Paid = Compile(
  Type.Object({
    transaction_id: Type.String({ minLength: 1 }),
    amount: Type.Object({ total: Type.Integer({ minimum: 0 }) }),
    success_time: Type.Optional(Type.String()),
  }),
);
const Problem = Compile(Type.Object({ code: Type.String() }));
const Refund = Compile(
  Type.Object({
    out_trade_no: Type.String(),
    out_refund_no: Type.String(),
    status: Type.String(),
    amount: Type.Object({ refund: Type.Integer() }),
  }),
);

const unknown = (why: string): { kind: "unknown"; why: string } => ({ kind: "unknown", why });

function instant(text: string | undefined): number | null {
  const at = Date.parse(text ?? "");
  return Number.isNaN(at) ? null : at;
}

function isOurs(body: unknown, expected: Expected): boolean {
  if (!Identity.Check(body)) return false;
  return body.appid === expected.appid && body.mchid === expected.mchid && body.out_trade_no === expected.outTradeNo;
}

function tradeOutcome(body: unknown, expected: Expected): Outcome {
  if (!State.Check(body)) return unknown("noTradeState");
  const state = body.trade_state;
  // While the password is asked for nothing but the state comes back, and it moves no money.
  if (state === "USERPAYING" || state === "ACCEPT") return { kind: "inProgress", verified: true };
  if (!isOurs(body, expected)) return unknown("otherOrder");
  switch (state) {
    case "SUCCESS":
      if (!Paid.Check(body)) return unknown("incompleteSuccess");
      return {
        kind: "paid",
        verified: true,
        transactionId: body.transaction_id,
        amountFen: body.amount.total,
        paidAt: instant(body.success_time),
      };
    case "NOTPAY":
      return { kind: "notPaid", verified: true };
    case "CLOSED":
    case "REVOKED":
      return { kind: "closed", verified: true };
    case "PAYERROR":
      return { kind: "payError", verified: true };
    default:
      // REFUND among them: paid once, but money went back in part or whole, so it is neither paid nor closed.
      return unknown(`tradeState.${safeCode(state)}`);
  }
}

function problemOutcome(reply: Exclude<WechatReply, { kind: "silent" }>): Outcome {
  if (!Problem.Check(reply.body)) return unknown(`http.${reply.status}`);
  const code = safeCode(reply.body.code);
  const verified = reply.kind === "signed";
  const meaning = classifyWechat(code);
  switch (meaning.kind) {
    case "refused":
      return { kind: "refused", verified, code, text: meaning.text };
    case "misconfigured":
      return { kind: "misconfigured", code };
    case "userPaying":
      return { kind: "inProgress", verified };
    case "notFound":
      return verified ? { kind: "notFound", verified } : unknown(`unsigned.${code}`);
    case "tooLate":
    case "unknown":
      return unknown(code);
  }
}

const isSuccess = (status: number): boolean => status >= 200 && status < 300;

/** A 2xx without a good signature carries the library's reason; its body is not looked at. */
function unsignedSuccess(reply: WechatReply): string | null {
  return reply.kind === "unsigned" && isSuccess(reply.status) ? reply.why : null;
}

export function payOutcome(reply: WechatReply, expected: Expected): Outcome {
  if (reply.kind === "silent") return reply.notSent ? { kind: "notSent" } : unknown(reply.why);
  const outcome = outcomeOf(reply, expected);
  return outcome.kind === "notFound" ? unknown("notFound") : outcome;
}

/** A refused query is a fault of ours and says nothing about the payment. */
export function queryOutcome(reply: WechatReply, expected: Expected): Outcome {
  if (reply.kind === "silent") return unknown(reply.why);
  const outcome = outcomeOf(reply, expected);
  return outcome.kind === "refused" ? unknown(outcome.code) : outcome;
}

function outcomeOf(reply: Exclude<WechatReply, { kind: "silent" }>, expected: Expected): Outcome {
  const bad = unsignedSuccess(reply);
  if (bad !== null) return unknown(bad);
  return isSuccess(reply.status) ? tradeOutcome(reply.body, expected) : problemOutcome(reply);
}

export function reverseOutcome(reply: WechatReply): ReverseOutcome {
  if (reply.kind === "silent") return unknown(reply.why);
  const bad = unsignedSuccess(reply);
  if (bad !== null) return unknown(bad);
  if (isSuccess(reply.status)) return { kind: "accepted" };
  if (!Problem.Check(reply.body)) return unknown(`http.${reply.status}`);
  const code = safeCode(reply.body.code);
  const meaning = classifyWechat(code);
  if (meaning.kind === "userPaying" || meaning.kind === "notFound") return { kind: "again", why: code };
  // Giving up on reversing is a decision about money, so an unsigned word isn't enough for it.
  if (meaning.kind === "tooLate" && reply.kind === "signed") return { kind: "tooLate", code };
  return unknown(code);
}

export function refundOutcome(
  reply: WechatReply,
  expected: { outTradeNo: string; refundNo: string; amountFen?: number },
): RefundOutcome {
  if (reply.kind === "silent") return unknown(reply.why);
  const bad = unsignedSuccess(reply);
  if (bad !== null) return unknown(bad);
  const { body } = reply;
  if (!isSuccess(reply.status)) {
    if (!Problem.Check(body)) return unknown(`http.${reply.status}`);
    const code = safeCode(body.code);
    const meaning = classifyWechat(code);
    if (reply.kind !== "signed") return unknown(`unsigned.${code}`);
    if (meaning.kind === "notFound") return { kind: "notFound" };
    return meaning.kind === "refused" ? { kind: "failed", code } : unknown(code);
  }
  if (!Refund.Check(body)) return unknown("noRefundState");
  if (body.out_trade_no !== expected.outTradeNo || body.out_refund_no !== expected.refundNo)
    return unknown("otherRefund");
  if (expected.amountFen !== undefined && body.amount.refund !== expected.amountFen) return unknown("otherAmount");
  switch (body.status) {
    case "SUCCESS":
      return { kind: "done", verified: true };
    case "PROCESSING":
      return { kind: "processing" };
    case "CLOSED":
    case "ABNORMAL":
      return { kind: "failed", code: body.status };
    default:
      return unknown(`refundState.${safeCode(body.status)}`);
  }
}
