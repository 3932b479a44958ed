import type { CloseOutcome, Outcome, PrepayOutcome, ReverseOutcome } from "@citygas/core";
import { Type } from "typebox";
import { Compile } from "typebox/compile";
import { instant, safeCode } from "../plain.ts";
import type { WechatReply } from "./client.ts";
import { classifyWechat } from "./codes.ts";

/**
 * What a WeChat Pay reply means (facts/payments.md §1.4–§1.6). Pure. The HTTP status says nothing about the money:
 * 202 is a payment still open, and an order's state stands in `trade_state` only.
 */
export interface Ours {
  mchid: string;
  /** Of the service account and of the mini program: an order carries the one it was made in. */
  appids: readonly string[];
}
export interface Expected extends Ours {
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
const Prepay = Compile(Type.Object({ prepay_id: Type.String({ pattern: "^[0-9A-Za-z_-]{1,64}$" }) }));
export const Problem = Compile(Type.Object({ code: Type.String() }));
export const unknown = (why: string): { kind: "unknown"; why: string } => ({ kind: "unknown", why });

function isOurs(body: unknown, expected: Expected): boolean {
  if (!Identity.Check(body)) return false;
  const sameMerchant = body.mchid === expected.mchid && expected.appids.includes(body.appid);
  return sameMerchant && body.out_trade_no === expected.outTradeNo;
}

/** What an order says of itself, in a signed query reply as in a decrypted notification. */
export function tradeOutcome(body: unknown, expected: Expected): Outcome {
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
    case "alreadyPaid":
    case "alreadyClosed":
    case "unknown":
      return unknown(code);
  }
}

export const isSuccess = (status: number): boolean => status >= 200 && status < 300;

/** A 2xx without a good signature carries the library's reason; its body is not looked at. */
export function unsignedSuccess(reply: WechatReply): string | null {
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

/** Whether an order to be paid later stands. A refusal without a signature says nothing, like anywhere. */
export function prepayOutcome(reply: WechatReply): PrepayOutcome {
  if (reply.kind === "silent") return reply.notSent ? { kind: "notSent" } : unknown(reply.why);
  const bad = unsignedSuccess(reply);
  if (bad !== null) return unknown(bad);
  const { body } = reply;
  if (isSuccess(reply.status))
    return Prepay.Check(body) ? { kind: "prepared", prepayId: body.prepay_id } : unknown("noPrepayId");
  if (!Problem.Check(body)) return unknown(`http.${reply.status}`);
  const code = safeCode(body.code);
  if (reply.kind !== "signed") return unknown(`unsigned.${code}`);
  const { kind } = classifyWechat(code);
  return kind === "refused" || kind === "misconfigured" ? { kind, code } : unknown(code);
}

/**
 * A hint in every case (port.ts), so an error without a signature may give one too. 204 is signed over the empty body
 * (facts/payments.md §1.2).
 */
export function closeOutcome(reply: WechatReply): CloseOutcome {
  if (reply.kind === "silent") return unknown(reply.why);
  const bad = unsignedSuccess(reply);
  if (bad !== null) return unknown(bad);
  if (isSuccess(reply.status)) return { kind: "accepted" };
  if (!Problem.Check(reply.body)) return unknown(`http.${reply.status}`);
  const code = safeCode(reply.body.code);
  switch (classifyWechat(code).kind) {
    case "alreadyPaid":
      return { kind: "alreadyPaid" };
    case "alreadyClosed":
      return { kind: "accepted" };
    case "userPaying":
    case "notFound":
      return { kind: "again", why: code };
    case "refused":
    case "misconfigured":
    case "tooLate":
    case "unknown":
      return unknown(code);
  }
}
