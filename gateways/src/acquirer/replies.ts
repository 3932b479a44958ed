import type { Outcome, RefundOutcome, ReverseOutcome } from "@citygas/core";
import { Type } from "typebox";
import { Compile } from "typebox/compile";
import { instant, safeCode } from "../plain.ts";
import type { AcquirerReply } from "./client.ts";

/** What an acquirer's verified answer means (docs/acquirer.md). Pure. */
export interface ExpectedOrder {
  merchant: string;
  outTradeNo: string;
}
export interface ExpectedRefund extends ExpectedOrder {
  refundNo: string;
  amountFen?: number;
}

const Answer = Compile(Type.Object({ result: Type.String(), reason: Type.Optional(Type.String()) }));
const Order = Compile(Type.Object({ merchant: Type.String(), outTradeNo: Type.String(), state: Type.String() }));
const Paid = Compile(
  Type.Object({
    transactionId: Type.String({ minLength: 1 }),
    amountFen: Type.Integer({ minimum: 0 }),
    paidAt: Type.Union([Type.String(), Type.Null()]),
  }),
);
const Refund = Compile(
  Type.Object({
    merchant: Type.String(),
    outTradeNo: Type.String(),
    refundNo: Type.String(),
    amountFen: Type.Integer({ minimum: 0 }),
    state: Type.String(),
  }),
);

const unknown = (why: string): { kind: "unknown"; why: string } => ({ kind: "unknown", why });

/** Result and reason, fit to be shown; null for what isn't an answer. */
export function answerOf(body: unknown): { result: string; reason: string } | null {
  return Answer.Check(body) ? { result: body.result, reason: safeCode(body.reason) } : null;
}

const REFUSALS: ReadonlyMap<string, "balance" | "code" | "risk" | "other"> = new Map([
  ["BALANCE", "balance"],
  ["CODE", "code"],
  ["RISK", "risk"],
  ["OTHER", "other"],
]);

export function payOutcome(reply: AcquirerReply, expected: ExpectedOrder): Outcome {
  if (reply.kind === "silent") return reply.notSent ? { kind: "notSent" } : unknown(reply.why);
  const answer = answerOf(reply.body);
  if (answer?.result === "REFUSED") {
    const text = REFUSALS.get(answer.reason);
    const code = answer.reason;
    return text === undefined ? unknown(`refused.${code}`) : { kind: "refused", verified: true, code, text };
  }
  return orderOutcome(reply.body, answer, expected);
}

export function queryOutcome(reply: AcquirerReply, expected: ExpectedOrder): Outcome {
  if (reply.kind === "silent") return unknown(reply.why);
  const answer = answerOf(reply.body);
  if (answer?.result === "NOT_FOUND") return { kind: "notFound", verified: true };
  return orderOutcome(reply.body, answer, expected);
}

function orderOutcome(body: unknown, answer: ReturnType<typeof answerOf>, expected: ExpectedOrder): Outcome {
  if (answer === null) return unknown("noResult");
  if (answer.result === "SETUP") return { kind: "misconfigured", code: answer.reason };
  if (answer.result !== "OK") return unknown(`${safeCode(answer.result)}.${answer.reason}`);
  if (!Order.Check(body)) return unknown("noState");
  if (body.merchant !== expected.merchant || body.outTradeNo !== expected.outTradeNo) return unknown("otherOrder");
  return stateOutcome(body.state, body);
}

function stateOutcome(state: string, body: unknown): Outcome {
  switch (state) {
    case "SUCCESS": {
      if (!Paid.Check(body)) return unknown("incompleteSuccess");
      const { transactionId, amountFen, paidAt } = body;
      return { kind: "paid", verified: true, transactionId, amountFen, paidAt: instant(paidAt) };
    }
    case "PAYING":
      return { kind: "inProgress", verified: true };
    case "NOTPAY":
      return { kind: "notPaid", verified: true };
    case "CLOSED":
    case "REVERSED":
      return { kind: "closed", verified: true };
    case "PAYERROR":
      return { kind: "payError", verified: true };
    default:
      return unknown(`state.${safeCode(state)}`);
  }
}

export function reverseOutcome(reply: AcquirerReply): ReverseOutcome {
  if (reply.kind === "silent") return unknown(reply.why);
  const answer = answerOf(reply.body);
  switch (answer?.result) {
    case "OK":
      return { kind: "accepted" };
    case "AGAIN":
      return { kind: "again", why: answer.reason };
    case "TOO_LATE":
      return { kind: "tooLate", code: answer.reason };
    default:
      return unknown(answer === null ? "noResult" : `${safeCode(answer.result)}.${answer.reason}`);
  }
}

/** Reasons of a failed refund that no repeating helps: too old, or the payer's account takes no money any more. */
const NEVER: ReadonlySet<string> = new Set(["EXPIRED", "PAYER"]);

export function refundOutcome(reply: AcquirerReply, expected: ExpectedRefund): RefundOutcome {
  if (reply.kind === "silent") return unknown(reply.why);
  const { body } = reply;
  const answer = answerOf(body);
  if (answer === null) return unknown("noResult");
  if (answer.result !== "OK") return unknown(`${safeCode(answer.result)}.${answer.reason}`);
  if (!Refund.Check(body)) return unknown("noRefundState");
  const { merchant, outTradeNo, refundNo, amountFen, state } = body;
  if (merchant !== expected.merchant || outTradeNo !== expected.outTradeNo || refundNo !== expected.refundNo)
    return unknown("otherRefund");
  if (expected.amountFen !== undefined && amountFen !== expected.amountFen) return unknown("otherAmount");
  switch (state) {
    case "SUCCESS":
      return { kind: "done", verified: true };
    case "PROCESSING":
      return { kind: "processing" };
    case "FAILED":
      return { kind: "failed", code: answer.reason, never: NEVER.has(answer.reason) };
    default:
      return unknown(`refundState.${safeCode(state)}`);
  }
}

export function refundQueryOutcome(reply: AcquirerReply, expected: ExpectedRefund): RefundOutcome {
  if (reply.kind === "signed" && answerOf(reply.body)?.result === "NOT_FOUND") return { kind: "notFound" };
  return refundOutcome(reply, expected);
}
