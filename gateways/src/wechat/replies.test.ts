import fc from "fast-check";
import { expect, test } from "vitest";
import type { WechatReply } from "./client.ts";
import { refundOutcome } from "./refundReplies.ts";
import { payOutcome, queryOutcome, reverseOutcome } from "./replies.ts";

const expected = { mchid: "1900000109", appids: ["wx0", "wx1"], outTradeNo: "K01_000001" };
const identity = { mchid: expected.mchid, appid: "wx1", out_trade_no: expected.outTradeNo };
const success = { ...identity, trade_state: "SUCCESS", transaction_id: "42001", amount: { total: 100 } };
const signed = (body: unknown, status = 200): WechatReply => ({ kind: "signed", status, body });
const unsigned = (code: string, status = 400): WechatReply => ({
  kind: "unsigned",
  status,
  body: { code },
  why: "EV3",
});

test.each([
  ["SUCCESS", "paid"],
  ["NOTPAY", "notPaid"],
  ["CLOSED", "closed"],
  ["REVOKED", "closed"],
  ["PAYERROR", "payError"],
  ["USERPAYING", "inProgress"],
  ["ACCEPT", "inProgress"],
  ["REFUND", "unknown"],
  ["SOMETHING", "unknown"],
])("trade_state %s is %s", (state, kind) => {
  expect(queryOutcome(signed({ ...success, trade_state: state }), expected).kind).toBe(kind);
});

test.each(["mchid", "appid", "out_trade_no"] as const)("a verified reply with another or no %s is unknown", (field) => {
  const { [field]: _, ...without } = success;
  for (const state of ["SUCCESS", "CLOSED", "REVOKED", "NOTPAY", "PAYERROR"]) {
    for (const body of [{ ...success, [field]: "other" }, without]) {
      const outcome = queryOutcome(signed({ ...body, trade_state: state }), expected);
      expect(outcome).toEqual({ kind: "unknown", why: "otherOrder" });
    }
  }
});

test("a success needs its number and a whole amount; another amount is told, not hidden", () => {
  const { transaction_id: _, ...noNumber } = success;
  for (const body of [noNumber, { ...success, amount: { total: 1.5 } }, { ...success, amount: { total: "100" } }]) {
    expect(queryOutcome(signed(body), expected).kind).toBe("unknown");
  }
  expect(queryOutcome(signed({ ...success, amount: { total: 7 } }), expected)).toMatchObject({
    kind: "paid",
    amountFen: 7,
  });
});

test.each([
  ["NOT_ENOUGH", "balance"],
  ["NOTENOUGH", "balance"],
  ["AUTH_CODE_INVALID", "code"],
  ["AUTHCODEEXPIRE", "code"],
  ["AUTH_CODE_ERROR", "code"],
  ["TRADE_ERROR", "other"],
  ["PARAM_ERROR", "other"],
  ["INVALID_REQUEST", "other"],
])("%s refuses a payment, and says nothing when a query gets it", (code, text) => {
  expect(payOutcome(signed({ code }, 403), expected)).toEqual({ kind: "refused", verified: true, code, text });
  expect(payOutcome(unsigned(code), expected)).toEqual({ kind: "refused", verified: false, code, text });
  expect(queryOutcome(signed({ code }, 403), expected)).toEqual({ kind: "unknown", why: code });
});

test.each(["SIGN_ERROR", "NO_AUTH", "APPID_MCHID_NOT_MATCH", "MCH_NOT_EXISTS"])("%s is our own set-up", (code) => {
  expect(payOutcome(unsigned(code, 401), expected)).toEqual({ kind: "misconfigured", code });
});

test.each([
  "SYSTEM_ERROR",
  "BANKERROR",
  "OUT_TRADE_NO_USED",
  "ORDERPAID",
  "ORDERCLOSED",
  "ORDERREVERSED",
  "ORDER_NOT_EXIST",
  "FREQUENCY_LIMITED",
  "RATELIMIT_EXCEEDED",
  "NEVER_HEARD_OF",
  "constructor",
])("%s on a payment is unknown", (code) => {
  expect(payOutcome(signed({ code }, 400), expected).kind).toBe("unknown");
});

test("only a signed not-found counts, and only on a query", () => {
  expect(queryOutcome(signed({ code: "ORDERNOTEXIST" }, 404), expected)).toEqual({ kind: "notFound", verified: true });
  expect(queryOutcome(unsigned("ORDER_NOT_EXIST", 404), expected).kind).toBe("unknown");
});

test("a reverse is too late only by a signed word", () => {
  expect(reverseOutcome(signed({ code: "REVERSE_EXPIRE" }, 400))).toEqual({ kind: "tooLate", code: "REVERSE_EXPIRE" });
  expect(reverseOutcome(unsigned("REVERSE_EXPIRE")).kind).toBe("unknown");
  expect(reverseOutcome(unsigned("USERPAYING")).kind).toBe("again");
});

test("a refund is what its own numbers and amount say", () => {
  const body = { out_trade_no: "K1", out_refund_no: "R1", status: "SUCCESS", amount: { refund: 5 } };
  const wanted = { outTradeNo: "K1", refundNo: "R1", amountFen: 5 };
  const kind = (change: object) => refundOutcome(signed({ ...body, ...change }), wanted).kind;
  expect(kind({})).toBe("done");
  expect(kind({ status: "PROCESSING" })).toBe("processing");
  expect([kind({ status: "CLOSED" }), kind({ status: "ABNORMAL" })]).toEqual(["failed", "failed"]);
  for (const other of [{ status: "?" }, { out_trade_no: "K2" }, { out_refund_no: "R2" }, { amount: { refund: 6 } }])
    expect(kind(other), JSON.stringify(other)).toBe("unknown");
  expect(refundOutcome(unsigned("PARAM_ERROR"), wanted).kind).toBe("unknown");
});

test.each<[string, object]>([
  ["NOT_ENOUGH", { kind: "failed", code: "NOT_ENOUGH", never: false }],
  ["NOTENOUGH", { kind: "failed", code: "NOTENOUGH", never: false }],
  ["PARAM_ERROR", { kind: "failed", never: false }],
  ["INVALID_REQUEST", { kind: "failed", never: false }],
  ["REFUND_FEE_MISMATCH", { kind: "failed", never: false }],
  ["USER_ACCOUNT_ABNORMAL", { kind: "failed", never: true }],
  ["TRADE_OVERDUE", { kind: "failed", never: true }],
  ["RESOURCE_NOT_EXISTS", { kind: "notFound" }],
  ["SYSTEM_ERROR", { kind: "unknown" }],
  ["BIZERR_NEED_RETRY", { kind: "unknown" }],
  ["TRADE_ERROR", { kind: "unknown" }],
  ["NEVER_HEARD_OF", { kind: "unknown" }],
])("%s on a refund; without a signature it says nothing", (code, outcome) => {
  const wanted = { outTradeNo: expected.outTradeNo, refundNo: "R1" };
  expect(refundOutcome(signed({ code }, 403), wanted)).toMatchObject(outcome);
  expect(refundOutcome(unsigned(code, 403), wanted)).toEqual({ kind: "unknown", why: `unsigned.${code}` });
});

test.each(["ABNORMAL", "CLOSED"])("a refund that ended as %s never moves money by itself", (status) => {
  const body = { out_trade_no: expected.outTradeNo, out_refund_no: "R1", status, amount: { refund: 1 } };
  const wanted = { outTradeNo: expected.outTradeNo, refundNo: "R1" };
  expect(refundOutcome(signed(body), wanted)).toEqual({ kind: "failed", code: status, never: true });
});

test("no body whatever makes a payment final unless it is all there", () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.integer({ min: 200, max: 599 }), (body, status) => {
      const outcome = queryOutcome(signed(body, status), expected);
      expect(["unknown", "inProgress", "misconfigured"]).toContain(outcome.kind);
    }),
  );
});
