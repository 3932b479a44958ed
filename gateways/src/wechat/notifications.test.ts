import { createCipheriv } from "node:crypto";
import { expect, test } from "vitest";
import {
  API_V3_KEY,
  CERT_SERIAL,
  encrypted,
  keysOf,
  NOW,
  PUBLIC_KEY_ID,
  wechatEvent,
  wechatHeaders,
  wechatMessage,
  wechatPlatform,
} from "../signed.testkit.ts";
import { wechatNotifications } from "./notifications.ts";

const platform = wechatPlatform();
const ours = { mchid: "1900000109", appids: ["wxh5", "wxmini"] };
const door = wechatNotifications(keysOf(platform), API_V3_KEY, ours);
const order = {
  mchid: ours.mchid,
  appid: "wxh5",
  out_trade_no: "K01_000001",
  transaction_id: "4200001",
  trade_state: "SUCCESS",
  success_time: "2026-11-22T10:00:00+08:00",
  amount: { total: 119_970, payer_total: 100, currency: "CNY" },
};
const refund = {
  mchid: ours.mchid,
  out_trade_no: "K01_000001",
  out_refund_no: "R-1",
  refund_status: "SUCCESS",
  amount: { total: 119_970, refund: 70, payer_refund: 1 },
};
const paid = (change: object = {}) => wechatEvent("TRANSACTION.SUCCESS", encrypted({ ...order, ...change }));
const read = (body: string, options?: { serial?: string; at?: number }) =>
  door.read(wechatMessage(platform, body, options), NOW);
const refused = (why: string) => ({ kind: "refused", why });

test.each([PUBLIC_KEY_ID, CERT_SERIAL])("a payment, signed with %s", (serial) => {
  expect(read(paid(), { serial })).toEqual({
    kind: "payment",
    id: "EV-2018022511223320873",
    outTradeNo: "K01_000001",
    // The order's amount; what the payer gave after coupons is another.
    outcome: { kind: "paid", verified: true, transactionId: "4200001", amountFen: 119_970, paidAt: NOW },
  });
});

test("the mini program's payments are ours too", () => {
  expect(read(paid({ appid: "wxmini" })).kind).toBe("payment");
});

test.each([
  ["SUCCESS", { kind: "done", verified: true }],
  ["PROCESSING", { kind: "processing" }],
  ["ABNORMAL", { kind: "failed", code: "ABNORMAL", never: true }],
  ["CLOSED", { kind: "failed", code: "CLOSED", never: true }],
])("a refund: %s", (state, outcome) => {
  const body = wechatEvent(`REFUND.${state}`, encrypted({ ...refund, refund_status: state }, "refund"));
  expect(read(body)).toEqual({
    kind: "refund",
    id: "EV-2018022511223320873",
    outTradeNo: "K01_000001",
    refundNo: "R-1",
    amountFen: 70,
    outcome,
  });
});

test("a repetition has the same id, whatever key and time it is signed with", () => {
  const body = paid();
  const again = read(body, { serial: CERT_SERIAL, at: NOW + 15_000 });
  expect(again).toEqual(read(body));
});

test("what isn't followed is genuine all the same", () => {
  expect(read(wechatEvent("COUPON.USE", encrypted({})))).toMatchObject({ kind: "other", type: "COUPON.USE" });
});

test("without one of its four headers a message is unsigned", () => {
  const body = Buffer.from(paid());
  const headers = wechatHeaders(platform, body);
  for (const name of Object.keys(headers)) {
    expect(door.read({ headers: { ...headers, [name]: undefined }, body }, NOW)).toEqual(refused("unsigned"));
  }
});

test("a probe is told apart from a forgery", () => {
  const message = wechatMessage(platform, paid());
  const headers = { ...message.headers, "wechatpay-signature": "WECHATPAY/SIGNTEST/b3JkaW5hcnk=" };
  expect(door.read({ ...message, headers }, NOW)).toEqual(refused("signatureProbe"));
});

test.each(["PUB_KEY_ID_0000000000000000000000000000000000", "constructor", `${PUBLIC_KEY_ID}, ${PUBLIC_KEY_ID}`])(
  "serial %s is nobody's",
  (serial) => {
    const message = wechatMessage(platform, paid());
    const headers = { ...message.headers, "wechatpay-serial": serial };
    expect(door.read({ ...message, headers }, NOW)).toEqual(refused("unknownKey"));
  },
);

test("a good signature under the other key's serial is bad", () => {
  const message = wechatMessage(platform, paid(), { serial: PUBLIC_KEY_ID });
  const headers = { ...message.headers, "wechatpay-serial": CERT_SERIAL };
  expect(door.read({ ...message, headers }, NOW)).toEqual(refused("badSignature"));
});

test("a message counts for less than 300 s in both directions", () => {
  for (const skewS of [-299, 0, 299]) expect(read(paid(), { at: NOW + skewS * 1000 }).kind).toBe("payment");
  for (const skewS of [-300, 300, -86_400]) expect(read(paid(), { at: NOW + skewS * 1000 })).toEqual(refused("stale"));
  const message = wechatMessage(platform, paid());
  for (const text of ["", "now", "1e9", "-1", "99999999999999"]) {
    const headers = { ...message.headers, "wechatpay-timestamp": text };
    expect(door.read({ ...message, headers }, NOW)).toEqual(refused("stale"));
  }
});

test("replayed under a fresh time it is forged: the time is signed", () => {
  const message = wechatMessage(platform, paid(), { at: NOW - 3600_000 });
  const headers = { ...message.headers, "wechatpay-timestamp": String(NOW / 1000) };
  expect(door.read({ ...message, headers }, NOW)).toEqual(refused("badSignature"));
});

test("one bit, one doubled field, one parse and print are other bytes", () => {
  // As the platform may well print it: other white space than JSON.stringify's.
  const text = paid().replaceAll('","', '", "');
  const message = wechatMessage(platform, text);
  expect(door.read(message, NOW).kind).toBe("payment");
  const flipped = Buffer.from(text);
  flipped[40] = (flipped[40] ?? 0) ^ 1;
  const doubled = Buffer.from(text.replace("{", '{"id":"EV-2",'));
  const printed = Buffer.from(JSON.stringify(JSON.parse(text)));
  for (const body of [flipped, doubled, printed, Buffer.concat([message.body, Buffer.from("\n")])]) {
    expect(door.read({ ...message, body }, NOW)).toEqual(refused("badSignature"));
  }
});

test("bytes that are no UTF-8 aren't taken for what they look like", () => {
  const bytes = Buffer.from(paid().replace("EV-", "EV\u00fd"), "latin1");
  expect(door.read(wechatMessage(platform, bytes), NOW)).toEqual(refused("malformed"));
  const message = wechatMessage(platform, "\ufffd");
  expect(door.read({ ...message, body: Buffer.from([0xff]) }, NOW)).toEqual(refused("badSignature"));
});

test("a signature with anything around it is bad", () => {
  const message = wechatMessage(platform, paid());
  const good = message.headers["wechatpay-signature"] ?? "";
  for (const signature of [`${good}, ${good}`, ` ${good}`, good.slice(0, -4), "", "AAAA"]) {
    const headers = { ...message.headers, "wechatpay-signature": signature };
    expect(door.read({ ...message, headers }, NOW)).toEqual(refused("badSignature"));
  }
});

test("a changed cipher, nonce or associated data can't be decrypted, nor one of another key", () => {
  const good = encrypted(order);
  const bytes = Buffer.from(good.ciphertext, "base64");
  bytes[5] = (bytes[5] ?? 0) ^ 1;
  const empty = createCipheriv("aes-256-gcm", API_V3_KEY, good.nonce).setAAD(Buffer.from(good.associated_data));
  empty.final();
  const tag = Buffer.from(good.ciphertext, "base64").subarray(-16).toString("base64");
  for (const resource of [
    { ...good, ciphertext: bytes.toString("base64") },
    { ...good, ciphertext: "" },
    { ...good, ciphertext: tag },
    // Four bytes of a genuine tag over nothing: some would take them for a short tag.
    { ...good, ciphertext: empty.getAuthTag().subarray(0, 4).toString("base64") },
    { ...good, ciphertext: good.ciphertext.slice(0, 12) },
    { ...good, associated_data: "refund" },
    { ...good, nonce: "000000000000" },
    encrypted(order, "transaction", `${API_V3_KEY.slice(1)}x`),
  ]) {
    expect(read(wechatEvent("TRANSACTION.SUCCESS", resource))).toEqual(refused("undecryptable"));
  }
  const { associated_data: _, ...withoutAad } = encrypted(order, "");
  expect(read(wechatEvent("TRANSACTION.SUCCESS", withoutAad)).kind).toBe("payment");
});

test.each([
  ["another merchant", "TRANSACTION.SUCCESS", { ...order, mchid: "1" }, "notOurs"],
  ["another app", "TRANSACTION.SUCCESS", { ...order, appid: "wx" }, "notOurs"],
  ["another merchant's refund", "REFUND.SUCCESS", { ...refund, mchid: "1" }, "notOurs"],
  ["no order number", "TRANSACTION.SUCCESS", { ...order, out_trade_no: "" }, "malformed"],
  ["a refund without state", "REFUND.SUCCESS", { ...refund, refund_status: 1 }, "malformed"],
  [
    "a refund with a query's state",
    "REFUND.SUCCESS",
    { ...refund, refund_status: undefined, status: "SUCCESS" },
    "malformed",
  ],
  ["a refund of half a fen", "REFUND.SUCCESS", { ...refund, amount: { refund: 0.5 } }, "malformed"],
  ["nothing", "REFUND.SUCCESS", null, "malformed"],
])("%s", (_name, type, value, why) => {
  expect(read(wechatEvent(type, encrypted(value)))).toEqual(refused(why));
});

test("an order that isn't all there is told as unknown, so that it is asked for", () => {
  for (const change of [{ transaction_id: "" }, { amount: { total: "119970" } }, { trade_state: "REFUND" }]) {
    expect(read(paid(change))).toMatchObject({ kind: "payment", outcome: { kind: "unknown" } });
  }
  expect(read(paid({ trade_state: "CLOSED" }))).toMatchObject({ outcome: { kind: "closed", verified: true } });
});

test("envelopes of another form, and huge ones, are malformed though signed", () => {
  const event = JSON.parse(paid());
  const resource = { ...event.resource };
  for (const body of [
    "",
    "null",
    "[]",
    JSON.stringify({ ...event, id: "" }),
    JSON.stringify({ ...event, id: "a b" }),
    JSON.stringify({ ...event, event_type: undefined }),
    JSON.stringify({ ...event, resource_type: "plain" }),
    JSON.stringify({ ...event, resource: { ...resource, algorithm: "AES" } }),
    JSON.stringify({ ...event, resource: { ...resource, nonce: "short" } }),
    JSON.stringify({ ...event, padding: "x".repeat(64 * 1024) }),
  ]) {
    expect(read(body)).toEqual(refused("malformed"));
  }
});

test("taken is 2xx; not taken is neither, so that it comes again", () => {
  expect(door.answer(true)).toMatchObject({ status: 200 });
  expect(door.answer(false)).toMatchObject({ status: 500, body: '{"code":"FAIL","message":"失败"}' });
});

test("the APIv3 key has 32 bytes", () => {
  expect(() => wechatNotifications(keysOf(platform), "短", ours)).toThrow("32 bytes");
});
