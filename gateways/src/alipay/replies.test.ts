import fc from "fast-check";
import { expect, test } from "vitest";
import type { AlipayReply } from "./client.ts";
import { payOutcome, queryOutcome, refundOutcome, refundQueryOutcome, reverseOutcome } from "./replies.ts";

const NO = "K01_000001";
const signed = (body: unknown): AlipayReply => ({ kind: "signed", body });
const paid = { code: "10000", trade_no: "2026", out_trade_no: NO, total_amount: "1199.70" };
const failed = (sub_code: string) => signed({ code: "40004", sub_code });

test("10000 on a payment is paid only for our number, with the amount it names", () => {
  const outcome = payOutcome(signed({ ...paid, gmt_payment: "2026-11-22 10:00:00" }), NO);
  expect(outcome).toEqual({
    kind: "paid",
    verified: true,
    transactionId: "2026",
    amountFen: 119_970,
    paidAt: Date.UTC(2026, 10, 22, 2),
  });
  expect(payOutcome(signed({ ...paid, out_trade_no: "other" }), NO).kind).toBe("unknown");
  expect(payOutcome(signed({ ...paid, total_amount: "1.00" }), NO)).toMatchObject({ kind: "paid", amountFen: 100 });
  expect(payOutcome(signed({ ...paid, total_amount: "much" }), NO).kind).toBe("unknown");
});

test.each([
  ["WAIT_BUYER_PAY", "inProgress"],
  ["TRADE_SUCCESS", "paid"],
  ["TRADE_FINISHED", "paid"],
  ["TRADE_CLOSED", "closed"],
  ["SOMETHING", "unknown"],
])("trade_status %s is %s", (status, kind) => {
  expect(queryOutcome(signed({ ...paid, trade_status: status }), NO).kind).toBe(kind);
  expect(queryOutcome(signed({ ...paid, trade_status: status, out_trade_no: "other" }), NO).kind).toBe("unknown");
});

test.each([
  ["ACQ.PAYMENT_AUTH_CODE_INVALID", "code"],
  ["ACQ.BUYER_BALANCE_NOT_ENOUGH", "balance"],
  ["ACQ.BUYER_BANKCARD_BALANCE_NOT_ENOUGH", "balance"],
  ["ACQ.PAYMENT_REQUEST_HAS_RISK", "risk"],
  ["ACQ.TOTAL_FEE_EXCEED", "other"],
])("%s refuses a payment, and says nothing when a query gets it", (code, text) => {
  expect(payOutcome(failed(code), NO)).toEqual({ kind: "refused", verified: true, code, text });
  expect(queryOutcome(failed(code), NO)).toEqual({ kind: "unknown", why: code });
});

test.each([
  "ACQ.SYSTEM_ERROR",
  "ACQ.TRADE_HAS_SUCCESS",
  "ACQ.CONTEXT_INCONSISTENT",
  "ACQ.TRADE_STATUS_ERROR",
  "ACQ.TRADE_BUYER_NOT_MATCH",
  "ACQ.TRADE_NOT_EXIST",
  "ACQ.NEVER_HEARD_OF",
  "constructor",
])("%s on a payment is unknown", (code) => {
  expect(payOutcome(failed(code), NO)).toEqual({ kind: "unknown", why: code });
});

test("20000 is unknown, the other common codes are our set-up", () => {
  // Whatever stands beside it: only 40004 refuses.
  expect(payOutcome(signed({ code: "20000", sub_code: "ACQ.BUYER_BALANCE_NOT_ENOUGH" }), NO).kind).toBe("unknown");
  expect(payOutcome(signed({ code: "20000", sub_code: "isp.unknow-error" }), NO).kind).toBe("unknown");
  for (const code of ["40001", "40002", "40003", "40006", "20001"]) {
    expect(payOutcome(signed({ code }), NO)).toEqual({ kind: "misconfigured", code });
  }
  expect(payOutcome(failed("ACQ.MERCHANT_AGREEMENT_INVALID"), NO).kind).toBe("misconfigured");
});

test("a cancel", () => {
  const cancel = (body: object) =>
    reverseOutcome(signed({ code: "10000", out_trade_no: NO, retry_flag: "N", ...body }), NO);
  expect([cancel({ action: "close" }), cancel({ action: "refund" })]).toEqual(Array(2).fill({ kind: "accepted" }));
  expect(cancel({}).kind).toBe("again");
  expect(cancel({ action: "close", retry_flag: "Y" }).kind).toBe("again");
  expect(cancel({ action: "close", out_trade_no: "other" }).kind).toBe("unknown");
  expect(reverseOutcome(failed("ACQ.TRADE_CANCEL_TIME_OUT"), NO).kind).toBe("tooLate");
  expect(reverseOutcome(failed("ACQ.SYSTEM_ERROR"), NO).kind).toBe("unknown");
});

test("a refund is done when funds changed, or when a query shows its data", () => {
  const refund = (body: object) => refundOutcome(signed({ code: "10000", out_trade_no: NO, ...body }), NO).kind;
  expect([refund({ fund_change: "Y" }), refund({ fund_change: "N" }), refund({})]).toEqual([
    "done",
    "processing",
    "processing",
  ]);
  expect(refundOutcome(failed("ACQ.SELLER_BALANCE_NOT_ENOUGH"), NO).kind).toBe("failed");
  expect(refundOutcome(failed("ACQ.SYSTEM_ERROR"), NO).kind).toBe("unknown");
  const data = { out_trade_no: NO, out_request_no: "R1", refund_status: "REFUND_SUCCESS" };
  const query = (body: object) => refundQueryOutcome(signed({ code: "10000", ...body }), NO, "R1").kind;
  expect([query({}), query(data), query({ ...data, out_request_no: "R2" })]).toEqual(["notFound", "done", "unknown"]);
  expect(query({ ...data, refund_status: "REFUND_PROCESSING" })).toBe("processing");
  const others = [refund({ fund_change: "Y", out_trade_no: "other" }), query({ ...data, out_trade_no: "other" })];
  expect(others).toEqual(["unknown", "unknown"]);
});

test.each([
  ["ACQ.SELLER_BALANCE_NOT_ENOUGH", { kind: "failed", never: false }],
  ["ACQ.DISCORDANT_REPEAT_REQUEST", { kind: "failed", never: false }],
  ["ACQ.TRADE_NOT_ALLOW_REFUND", { kind: "failed", never: false }],
  ["ACQ.TRADE_HAS_FINISHED", { kind: "failed", never: true }],
  ["ACQ.BUYER_NOT_EXIST", { kind: "failed", never: true }],
  ["ACQ.BUYER_ENABLE_STATUS_FORBID", { kind: "failed", never: true }],
  ["ACQ.TRADE_HAS_CLOSE", { kind: "unknown" }],
  ["ACQ.NEVER_HEARD_OF", { kind: "unknown" }],
])("%s on a refund", (code, outcome) => {
  expect(refundOutcome(failed(code), NO)).toMatchObject(outcome);
});

test("no body whatever makes a payment final unless it is all there", () => {
  fc.assert(
    fc.property(fc.jsonValue(), (body) => {
      expect(queryOutcome(signed(body), NO).kind).toBe("unknown");
      expect(payOutcome(signed(body), NO).kind).toBe("unknown");
    }),
  );
});
