/** Verified replies with fields changed or missing: money is said to be there only when all that says so is there. */
import fc from "fast-check";
import { expect, inject, test } from "vitest";
import * as alipay from "./alipay/replies.ts";
import { isOneSignedReply } from "./alipay/strictSdk.ts";
import { routeCode } from "./route.ts";
import { refundOutcome } from "./wechat/refundReplies.ts";
import * as wechat from "./wechat/replies.ts";

const numRuns = inject("long") ? 1_000_000 : 5_000;
const odd = fc.oneof(
  fc.constantFrom(
    null,
    "",
    0,
    -1,
    0.5,
    1e300,
    "1.005",
    "-1.00",
    "SUCCESS",
    "TRADE_CLOSED",
    "40004",
    "__proto__",
    [],
    {},
  ),
  fc.string({ maxLength: 8 }),
);
/** A body with up to three fields set to something else; `undefined` = left out. */
const changed = <T extends object>(base: T, more: readonly string[]) =>
  fc
    .array(fc.tuple(fc.constantFrom(...Object.keys(base), ...more), fc.option(odd, { nil: undefined })), {
      maxLength: 3,
    })
    .map((changes): Record<string, unknown> => ({ ...base, ...Object.fromEntries(changes) }));

const expected = { mchid: "1900000109", appids: ["wx0", "wx1"], outTradeNo: "K01_000001" };
const order = {
  mchid: expected.mchid,
  appid: "wx1",
  out_trade_no: expected.outTradeNo,
  trade_state: "SUCCESS",
  transaction_id: "42001",
  amount: { total: 100 },
};

test("WeChat: paid only when merchant, app, order, state, transaction and amount are all there", () => {
  const kinds = new Set<string>();
  const status = fc.oneof(fc.constant(200), fc.integer({ min: 200, max: 599 }));
  fc.assert(
    fc.property(changed(order, ["code", "success_time"]), status, fc.boolean(), (body, code, signed) => {
      const reply: Parameters<typeof wechat.queryOutcome>[0] = signed
        ? { kind: "signed", status: code, body }
        : { kind: "unsigned", status: code, body, why: "sign" };
      for (const outcome of [wechat.queryOutcome(reply, expected), wechat.payOutcome(reply, expected)]) {
        kinds.add(outcome.kind);
        if (outcome.kind !== "paid") continue;
        const whole =
          JSON.stringify({ ...order, code: 0, success_time: 0 }) ===
          JSON.stringify({ ...body, code: 0, success_time: 0 });
        const other = typeof body.transaction_id === "string" && body.transaction_id !== "";
        const same = (["mchid", "appid", "out_trade_no", "trade_state"] as const).every(
          (key) => body[key] === order[key],
        );
        if (!whole && !(other && same && body.amount === order.amount)) throw new Error("paid by half an answer");
        if (!signed || code >= 300 || outcome.amountFen !== 100) throw new Error("paid by an unverified answer");
      }
      wechat.reverseOutcome(reply);
      const refund = refundOutcome(reply, { outTradeNo: expected.outTradeNo, refundNo: "R1", amountFen: 100 });
      if (refund.kind === "done") throw new Error("a payment is no refund");
    }),
    { numRuns },
  );
  expect([...kinds]).toEqual(expect.arrayContaining(["paid", "unknown"]));
});

const trade = {
  code: "10000",
  trade_no: "2026",
  out_trade_no: expected.outTradeNo,
  total_amount: "1199.70",
  trade_status: "TRADE_SUCCESS",
};

test("Alipay: paid only with success, our order, a trade number and an amount that can be read", () => {
  const kinds = new Set<string>();
  fc.assert(
    fc.property(changed(trade, ["sub_code", "gmt_payment", "send_pay_date", "retry_flag", "action"]), (body) => {
      const reply: Parameters<typeof alipay.queryOutcome>[0] = { kind: "signed", body };
      const answers = [alipay.queryOutcome(reply, expected.outTradeNo), alipay.payOutcome(reply, expected.outTradeNo)];
      for (const [index, outcome] of answers.entries()) {
        kinds.add(outcome.kind);
        if (outcome.kind !== "paid") continue;
        const ours = body.code === "10000" && body.out_trade_no === trade.out_trade_no;
        const stated = index === 1 || body.trade_status === "TRADE_SUCCESS";
        const amount = body.total_amount === "1199.70" ? 119_970 : Math.round(Number(body.total_amount) * 100);
        if (!ours || !stated || typeof body.trade_no !== "string") throw new Error("paid by half an answer");
        if (!Number.isSafeInteger(outcome.amountFen) || outcome.amountFen !== amount) throw new Error("another amount");
      }
      alipay.reverseOutcome(reply, expected.outTradeNo);
      alipay.refundOutcome(reply, expected.outTradeNo);
      if (alipay.refundQueryOutcome(reply, expected.outTradeNo, "R1").kind === "done") throw new Error("no refund");
    }),
    { numRuns },
  );
  expect([...kinds]).toEqual(expect.arrayContaining(["paid", "unknown", "closed"]));
});

test("Alipay: one signed reply is one object with one `sign` behind it", () => {
  const key = "alipay_trade_query_response";
  const piece = fc.constantFrom(
    `"${key}"`,
    '"sign"',
    '"error_response"',
    ":",
    "{",
    "}",
    ",",
    '"abc="',
    "null",
    " ",
    "1",
  );
  const text = fc.oneof(
    fc.array(piece, { maxLength: 14 }).map((list) => list.join("")),
    fc.array(piece, { maxLength: 6 }).map((list) => `{"${key}":{"code":"1"${list.join("")}},"sign":"abc="}`),
    fc.array(piece, { maxLength: 6 }).map((list) => `{"${key}":{"code":"1"},${list.join("")}"sign":"abc="}`),
  );
  let good = 0;
  fc.assert(
    fc.property(text, (raw) => {
      if (!isOneSignedReply(raw, key)) return;
      good += 1;
      if (!raw.trim().startsWith("{") || !/"sign":? ?:? ?"abc="\}? ?\}?/.test(raw)) throw new Error("no signed reply");
    }),
    { numRuns },
  );
  expect(good).toBeGreaterThan(0);
});

test("a scanned text goes to one wallet only as a run of digits of its own range", () => {
  const digit = fc.constantFrom(..."0123456789");
  const text = fc.oneof(
    fc.string({ unit: digit, minLength: 15, maxLength: 25 }),
    fc
      .tuple(fc.integer({ min: 0, max: 99 }), fc.string({ unit: digit, minLength: 13, maxLength: 23 }))
      .map(([head, rest]) => `${head}${rest}`),
    fc
      .tuple(fc.string({ unit: digit, minLength: 15, maxLength: 20 }), fc.string({ maxLength: 2 }))
      .map(([head, rest]) => head + rest),
    fc.string(),
  );
  const seen = new Set<string>();
  fc.assert(
    fc.property(text, (raw) => {
      const route = routeCode(raw);
      const code = raw.trim();
      const digits = /^\d+$/.test(code);
      const head = Number(code.slice(0, 2));
      const isWechat = digits && code.length === 18 && head >= 10 && head <= 15;
      const isAlipay = digits && code.length >= 16 && code.length <= 24 && head >= 25 && head <= 30;
      const wanted = isWechat ? "wechat" : isAlipay ? "alipay" : undefined;
      const channel = "channel" in route ? route.channel : undefined;
      if (channel !== wanted) throw new Error(`${JSON.stringify(route)} for ${JSON.stringify(raw)}`);
      seen.add(channel ?? "none");
    }),
    { numRuns },
  );
  expect([...seen].sort()).toEqual(["alipay", "none", "wechat"]);
});
