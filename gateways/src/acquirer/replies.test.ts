import fc from "fast-check";
import { expect, inject, test } from "vitest";
import type { AcquirerReply } from "./client.ts";
import { payOutcome, queryOutcome, refundOutcome, refundQueryOutcome, reverseOutcome } from "./replies.ts";

const expected = { merchant: "M1", outTradeNo: "K01_000001" };
const expectedRefund = { ...expected, refundNo: "R1", amountFen: 40 };
const order = {
  result: "OK",
  merchant: "M1",
  outTradeNo: "K01_000001",
  transactionId: "T1",
  amountFen: 100,
  state: "SUCCESS",
  paidAt: null,
};
const refund = {
  result: "OK",
  merchant: "M1",
  outTradeNo: "K01_000001",
  refundNo: "R1",
  amountFen: 40,
  state: "SUCCESS",
};
const signed = (body: unknown): AcquirerReply => ({ kind: "signed", body });

test.each([
  ["SUCCESS", "paid"],
  ["PAYING", "inProgress"],
  ["NOTPAY", "notPaid"],
  ["CLOSED", "closed"],
  ["REVERSED", "closed"],
  ["PAYERROR", "payError"],
  ["ELSE", "unknown"],
])("state %s is %s", (state, kind) => {
  expect(queryOutcome(signed({ ...order, state }), expected).kind).toBe(kind);
  expect(payOutcome(signed({ ...order, state }), expected).kind).toBe(kind);
});

test.each([{ merchant: "M2" }, { outTradeNo: "K01_000002" }])(
  "an answer about another order is unknown: %o",
  (change) => {
    for (const state of ["SUCCESS", "CLOSED", "NOTPAY"])
      expect(queryOutcome(signed({ ...order, state, ...change }), expected)).toEqual({
        kind: "unknown",
        why: "otherOrder",
      });
  },
);

test.each([
  { transactionId: null },
  { transactionId: "" },
  { amountFen: 0.5 },
  { amountFen: "100" },
  { amountFen: -1 },
])("a success that isn't all there is unknown: %o", (change) => {
  expect(queryOutcome(signed({ ...order, ...change }), expected).kind).toBe("unknown");
});

test.each([
  ["BALANCE", "balance"],
  ["CODE", "code"],
  ["RISK", "risk"],
  ["OTHER", "other"],
])("REFUSED %s refuses a payment, and says nothing when a query gets it", (reason, text) => {
  const reply = signed({ result: "REFUSED", reason });
  expect(payOutcome(reply, expected)).toEqual({ kind: "refused", verified: true, code: reason, text });
  expect(queryOutcome(reply, expected).kind).toBe("unknown");
});

test("what the acquirer doesn't know, or says in words of its own, is unknown", () => {
  for (const body of [
    { result: "ERROR", reason: "SYSTEM" },
    { result: "REFUSED", reason: "constructor" },
    { result: "REFUSED" },
    { result: "LATER" },
    {},
    null,
    "OK",
  ])
    expect(payOutcome(signed(body), expected).kind).toBe("unknown");
  expect(payOutcome(signed({ result: "NOT_FOUND" }), expected).kind).toBe("unknown");
  expect(queryOutcome(signed({ result: "NOT_FOUND" }), expected)).toEqual({ kind: "notFound", verified: true });
  const setup = { result: "SETUP", reason: "MERCHANT" };
  expect(payOutcome(signed(setup), expected)).toEqual({ kind: "misconfigured", code: "MERCHANT" });
});

test("a reverse", () => {
  expect(reverseOutcome(signed({ result: "OK" }))).toEqual({ kind: "accepted" });
  expect(reverseOutcome(signed({ result: "AGAIN", reason: "PAYING" }))).toEqual({ kind: "again", why: "PAYING" });
  expect(reverseOutcome(signed({ result: "TOO_LATE", reason: "WINDOW" }))).toEqual({ kind: "tooLate", code: "WINDOW" });
  expect(reverseOutcome(signed({ result: "ERROR" })).kind).toBe("unknown");
});

test("a refund", () => {
  const of = (change: object) => refundOutcome(signed({ ...refund, ...change }), expectedRefund);
  expect(of({})).toEqual({ kind: "done", verified: true });
  expect(of({ state: "PROCESSING" })).toEqual({ kind: "processing" });
  const failed = (reason: string) => of({ state: "FAILED", reason });
  expect(failed("EXPIRED")).toEqual({ kind: "failed", code: "EXPIRED", never: true });
  expect(failed("PAYER")).toEqual({ kind: "failed", code: "PAYER", never: true });
  expect(failed("BALANCE")).toEqual({ kind: "failed", code: "BALANCE", never: false });
  for (const change of [{ amountFen: 41 }, { refundNo: "R2" }, { merchant: "M2" }, { state: "?" }, { result: "ERROR" }])
    expect(of(change).kind).toBe("unknown");
  expect(refundOutcome(signed({ result: "NOT_FOUND" }), expectedRefund).kind).toBe("unknown");
  expect(refundQueryOutcome(signed({ result: "NOT_FOUND" }), expectedRefund)).toEqual({ kind: "notFound" });
});

test("verified answers with fields changed: money only when all that says so is there", () => {
  const odd = fc.oneof(fc.constantFrom(null, "", 0, -1, 0.5, "OK", "SUCCESS", "__proto__", [], {}), fc.string());
  const changed = (base: object) =>
    fc
      .array(fc.tuple(fc.constantFrom(...Object.keys(base), "reason"), fc.option(odd, { nil: undefined })), {
        maxLength: 3,
      })
      .map((changes) => ({ ...base, ...Object.fromEntries(changes) }));
  const kinds = new Set<string>();
  fc.assert(
    fc.property(fc.oneof(changed(order), changed(refund), fc.jsonValue()), (body) => {
      const reply = signed(body);
      for (const outcome of [payOutcome(reply, expected), queryOutcome(reply, expected)]) {
        kinds.add(outcome.kind);
        if (outcome.kind !== "paid") continue;
        expect(body).toMatchObject({ result: "OK", merchant: "M1", outTradeNo: "K01_000001", state: "SUCCESS" });
        expect(body).toMatchObject({ amountFen: outcome.amountFen, transactionId: outcome.transactionId });
      }
      reverseOutcome(reply);
      const back = refundOutcome(reply, expectedRefund);
      kinds.add(back.kind);
      if (back.kind === "done") expect(body).toMatchObject({ ...refund });
    }),
    { numRuns: inject("long") ? 1_000_000 : 10_000 },
  );
  expect([...kinds]).toEqual(expect.arrayContaining(["paid", "done", "unknown"]));
});
