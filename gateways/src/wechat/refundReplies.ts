import type { RefundOutcome } from "@citygas/core";
import { Type } from "typebox";
import { Compile } from "typebox/compile";
import { safeCode } from "../plain.ts";
import type { WechatReply } from "./client.ts";
import { classifyWechat, refundFailure } from "./codes.ts";
import { isSuccess, Problem, unknown, unsignedSuccess } from "./replies.ts";

/** What WeChat Pay says of a refund (facts/payments.md §1.4). Pure. */
const Refund = Compile(
  Type.Object({
    out_trade_no: Type.String(),
    out_refund_no: Type.String(),
    amount: Type.Object({ refund: Type.Integer({ minimum: 0 }) }),
  }),
);

export interface ExpectedRefund {
  outTradeNo: string;
  refundNo: string;
  amountFen?: number;
}

export function refundOutcome(reply: WechatReply, expected: ExpectedRefund): RefundOutcome {
  if (reply.kind === "silent") return unknown(reply.why);
  const bad = unsignedSuccess(reply);
  if (bad !== null) return unknown(bad);
  const { body } = reply;
  if (!isSuccess(reply.status)) {
    if (!Problem.Check(body)) return unknown(`http.${reply.status}`);
    const code = safeCode(body.code);
    if (reply.kind !== "signed") return unknown(`unsigned.${code}`);
    if (classifyWechat(code).kind === "notFound") return { kind: "notFound" };
    const failure = refundFailure(code);
    return failure === undefined ? unknown(code) : { kind: "failed", code, never: failure.never };
  }
  const refund = readRefund(body, "status");
  if (refund === null) return unknown("noRefundState");
  if (refund.outTradeNo !== expected.outTradeNo || refund.refundNo !== expected.refundNo) return unknown("otherRefund");
  if (expected.amountFen !== undefined && refund.amountFen !== expected.amountFen) return unknown("otherAmount");
  return refund.outcome;
}

/** What a refund says of itself; its state stands in `status` in replies, in `refund_status` in notifications. */
export function readRefund(
  body: unknown,
  stateField: "status" | "refund_status",
): { outTradeNo: string; refundNo: string; amountFen: number; outcome: RefundOutcome } | null {
  if (!Refund.Check(body)) return null;
  const state: unknown = Object.entries(body).find(([name]) => name === stateField)?.[1];
  if (typeof state !== "string") return null;
  const { out_trade_no: outTradeNo, out_refund_no: refundNo, amount } = body;
  return { outTradeNo, refundNo, amountFen: amount.refund, outcome: stateOutcome(state) };
}

function stateOutcome(state: string): RefundOutcome {
  switch (state) {
    case "SUCCESS":
      return { kind: "done", verified: true };
    case "PROCESSING":
      return { kind: "processing" };
    // Final under this number: closed after seven days without money on our account, or the payer's card takes none.
    case "CLOSED":
    case "ABNORMAL":
      return { kind: "failed", code: state, never: true };
    default:
      return unknown(`refundState.${safeCode(state)}`);
  }
}
