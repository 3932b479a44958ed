/** Messages of any kind: a reader never throws, and nothing that wasn't signed as a whole says anything. */
import fc from "fast-check";
import { expect, inject, test } from "vitest";
import { alipayNotifications } from "./alipay/notifications.ts";
import type { NotificationRead } from "./port.ts";
import {
  API_V3_KEY,
  alipayForm,
  CERT_SERIAL,
  encrypted,
  keyPair,
  keysOf,
  NOW,
  PUBLIC_KEY_ID,
  wechatEvent,
  wechatHeaders,
  wechatMessage,
  wechatPlatform,
} from "./signed.testkit.ts";
import { wechatNotifications } from "./wechat/notifications.ts";

const numRuns = inject("long") ? 1_000_000 : 10_000;
/** Signing costs a thousand times what refusing does. */
const signedRuns = inject("long") ? 20_000 : 300;
const platform = wechatPlatform();
const wechat = wechatNotifications(keysOf(platform), API_V3_KEY, { mchid: "1900000109", appids: ["wx1"] });
const order = {
  mchid: "1900000109",
  appid: "wx1",
  out_trade_no: "K01_000001",
  transaction_id: "42001",
  trade_state: "SUCCESS",
  amount: { total: 100 },
};
const genuine = wechatMessage(platform, wechatEvent("TRANSACTION.SUCCESS", encrypted(order)));

const alipayKeys = keyPair();
const alipay = alipayNotifications({ appId: "2021", sellerId: "2088", alipayPublicKey: alipayKeys.publicKey });
const trade = {
  app_id: "2021",
  seller_id: "2088",
  sign_type: "RSA2",
  notify_id: "N1",
  notify_type: "trade_status_sync",
  out_trade_no: "K01_000001",
  trade_no: "20261122",
  trade_status: "TRADE_SUCCESS",
  total_amount: "1.00",
};

const says = (read: NotificationRead): boolean => read.kind !== "refused";
/** One place in the bytes changed, added or left out. */
const mutated = (bytes: Uint8Array) =>
  fc
    .tuple(fc.nat(bytes.byteLength - 1), fc.integer({ min: 0, max: 255 }), fc.constantFrom("set", "add", "cut", "swap"))
    .map(([at, value, how]) => {
      const body = Buffer.from(bytes);
      if (how === "set") body[at] = value;
      if (how === "add") return Buffer.concat([body.subarray(0, at), Buffer.from([value]), body.subarray(at)]);
      if (how === "cut") return Buffer.concat([body.subarray(0, at), body.subarray(at + 1)]);
      if (how === "swap") return Buffer.concat([body.subarray(at), body.subarray(0, at)]);
      return body;
    });

test("WeChat Pay: bytes changed after signing say nothing", () => {
  let refused = 0;
  fc.assert(
    fc.property(mutated(genuine.body), (body) => {
      const read = wechat.read({ ...genuine, body }, NOW);
      if (says(read) !== Buffer.from(genuine.body).equals(body)) throw new Error(JSON.stringify(read));
      refused += says(read) ? 0 : 1;
    }),
    { numRuns },
  );
  expect(refused).toBeGreaterThan(numRuns / 2);
});

test("WeChat Pay: headers of any kind say nothing", () => {
  const text = fc.oneof(
    fc.string(),
    fc.constantFrom(PUBLIC_KEY_ID, CERT_SERIAL, String(NOW / 1000), "__proto__", "=="),
  );
  const names = Object.keys(genuine.headers);
  const changes = fc.array(fc.tuple(fc.constantFrom(...names), fc.option(text, { nil: undefined })), { minLength: 1 });
  fc.assert(
    fc.property(changes, (list) => {
      const headers = { ...genuine.headers, ...Object.fromEntries(list) };
      const same = names.every((name) => headers[name] === genuine.headers[name]);
      if (says(wechat.read({ ...genuine, headers }, NOW)) !== same) throw new Error(JSON.stringify(headers));
    }),
    { numRuns },
  );
});

test("WeChat Pay: whatever the platform signs and encrypts is read or refused, paid only when it says so", () => {
  const odd = fc.oneof(fc.jsonValue(), fc.constantFrom("SUCCESS", "REFUND", "wx1", 0.5, -1));
  const changes = fc.array(fc.tuple(fc.constantFrom(...Object.keys(order)), fc.option(odd, { nil: undefined })), {
    maxLength: 2,
  });
  const plain = fc.oneof(
    changes.map((list) => ({ ...order, ...Object.fromEntries(list) })),
    fc.jsonValue(),
  );
  const type = fc.constantFrom("TRANSACTION.SUCCESS", "REFUND.SUCCESS", "REFUND.", "ELSE", "");
  const kinds = new Set<string>();
  fc.assert(
    fc.property(plain, type, (value, event) => {
      const read = wechat.read(wechatMessage(platform, wechatEvent(event, encrypted(value))), NOW);
      kinds.add(read.kind);
      if (read.kind === "payment" && read.outcome.kind === "paid") {
        expect(value).toMatchObject({ mchid: order.mchid, appid: order.appid, trade_state: "SUCCESS" });
        expect(value).toMatchObject({ amount: { total: read.outcome.amountFen }, out_trade_no: read.outTradeNo });
      }
    }),
    { numRuns: signedRuns },
  );
  expect([...kinds]).toEqual(expect.arrayContaining(["payment", "refused", "other"]));
});

test("WeChat Pay: any signed bytes are read or refused", () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.uint8Array({ maxLength: 200 }),
        fc.json().map((text) => Buffer.from(text)),
      ),
      (bytes) => {
        const body = Buffer.from(bytes);
        expect(wechat.read({ headers: wechatHeaders(platform, body), body }, NOW)).toMatchObject({ kind: "refused" });
      },
    ),
    { numRuns: signedRuns },
  );
});

test("Alipay: bytes changed after signing say the same or nothing", () => {
  const good = Buffer.from(alipayForm(trade, alipayKeys.privateKey));
  const wanted = JSON.stringify(alipay.read({ headers: {}, body: good }, NOW));
  let refused = 0;
  fc.assert(
    fc.property(mutated(good), (body) => {
      const read = alipay.read({ headers: {}, body }, NOW);
      // A byte may be written otherwise and mean the same: `+` and `%2B` don't, `%2b` and `%2B` do.
      if (says(read) && JSON.stringify(read) !== wanted) throw new Error(JSON.stringify(read));
      refused += says(read) ? 0 : 1;
    }),
    { numRuns },
  );
  expect(refused).toBeGreaterThan(numRuns / 2);
});

test("Alipay: any form is read or refused; signed ones are paid only when they say so", () => {
  const value = fc.oneof(fc.string(), fc.constantFrom("TRADE_CLOSED", "1.005", "0.00", "a&refund_fee=1", "%", ""));
  const name = fc.constantFrom(...Object.keys(trade), "refund_fee", "out_biz_no", "charset", "x");
  const base = fc.constantFrom(trade, { ...trade, refund_fee: "0.40", out_biz_no: "R-1" });
  const changed = fc
    .tuple(base, fc.array(fc.tuple(name, value), { maxLength: 3 }))
    .map(([fields, list]) => ({ ...fields, ...Object.fromEntries(list) }));
  const kinds = new Set<string>();
  fc.assert(
    fc.property(changed, (fields) => {
      const body = Buffer.from(alipayForm(fields, alipayKeys.privateKey));
      const read = alipay.read({ headers: {}, body }, NOW);
      kinds.add(read.kind);
      if (read.kind === "payment" && read.outcome.kind === "paid") {
        expect(["TRADE_SUCCESS", "TRADE_FINISHED"]).toContain(fields.trade_status);
        expect(fields).toMatchObject({ app_id: trade.app_id, seller_id: trade.seller_id });
      }
    }),
    { numRuns: signedRuns },
  );
  expect([...kinds]).toEqual(expect.arrayContaining(["payment", "refused", "refund"]));
});

test("Alipay: bytes of any kind are refused", () => {
  const pieces = fc.constantFrom("sign=", "&", "=", "%", "%ff", "app_id=2021", "sign_type=RSA2", "\u0000", "+");
  const text = fc.oneof(
    fc.uint8Array({ maxLength: 300 }),
    fc.array(pieces, { maxLength: 20 }).map((list) => Buffer.from(list.join(""))),
  );
  fc.assert(
    fc.property(text, (body) => {
      if (says(alipay.read({ headers: {}, body }, NOW))) throw new Error("said something");
    }),
    { numRuns },
  );
});
