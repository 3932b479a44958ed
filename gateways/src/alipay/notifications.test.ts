import { generateKeyPairSync, sign } from "node:crypto";
import { expect, test } from "vitest";
import { alipayForm, keyPair, NOW } from "../signed.testkit.ts";
import { alipayNotifications } from "./notifications.ts";

const alipay = keyPair();
const merchant = { appId: "2021000000000001", sellerId: "2088101", alipayPublicKey: alipay.publicKey };
const door = alipayNotifications(merchant);
/** Odd values on purpose: a sign of per cent, a plus, an empty one, JSON, Chinese. */
const trade = {
  app_id: merchant.appId,
  seller_id: merchant.sellerId,
  charset: "utf-8",
  version: "1.0",
  sign_type: "RSA2",
  notify_id: "2026112200222100000000001",
  notify_type: "trade_status_sync",
  notify_time: "2026-11-22 10:00:05",
  out_trade_no: "K01_000001",
  trade_no: "20261122",
  trade_status: "TRADE_SUCCESS",
  total_amount: "1199.70",
  receipt_amount: "1.00",
  gmt_payment: "2026-11-22 10:00:00",
  subject: "燃气 100% + 充值",
  fund_bill_list: '[{"amount":"1199.70","fundChannel":"ALIPAYACCOUNT"}]',
  passback_params: "",
};
const back = { refund_fee: "0.70", gmt_refund: "2026-11-22 11:00:00", out_biz_no: "R-1" };
const raw = (body: string | Buffer) => door.read({ headers: {}, body: Buffer.from(body) }, NOW);
const form = (change: Record<string, string> = {}, key = alipay.privateKey) => alipayForm({ ...trade, ...change }, key);
const refused = (why: string) => ({ kind: "refused", why });

test("a payment", () => {
  expect(raw(form())).toEqual({
    kind: "payment",
    id: "2026112200222100000000001",
    outTradeNo: "K01_000001",
    outcome: { kind: "paid", verified: true, transactionId: "20261122", amountFen: 119_970, paidAt: NOW },
  });
});

test.each([
  ["TRADE_FINISHED", "paid"],
  ["TRADE_CLOSED", "closed"],
  ["WAIT_BUYER_PAY", "inProgress"],
  ["SOMETHING", "unknown"],
])("%s is %s", (trade_status, kind) => {
  expect(raw(form({ trade_status }))).toMatchObject({ kind: "payment", outcome: { kind } });
});

test.each(["TRADE_SUCCESS", "TRADE_CLOSED"])(
  "%s with money back is a refund, never a payment closed unpaid",
  (state) => {
    expect(raw(form({ ...back, trade_status: state }))).toEqual({
      kind: "refund",
      id: "2026112200222100000000001",
      outTradeNo: "K01_000001",
      refundNo: "R-1",
      amountFen: null,
      outcome: { kind: "processing" },
    });
    expect(raw(form({ ...back, out_biz_no: "", trade_status: state }))).toMatchObject({
      kind: "other",
      type: "refund",
    });
    expect(raw(form({ ...back, refund_fee: "0.00", trade_status: state })).kind).toBe("payment");
    expect(raw(form({ ...back, refund_fee: "0.705", trade_status: state }))).toEqual(refused("malformed"));
  },
);

test("a repetition, sent later and signed anew, has the same id", () => {
  expect(raw(form({ notify_time: "2026-11-22 10:04:05" }))).toEqual(raw(form()));
});

test("the order of the fields on the wire doesn't count", () => {
  const fields = form().split("&");
  expect(raw(fields.reverse().join("&"))).toEqual(raw(form()));
});

test.each(Object.keys(trade))("another or no %s is forged", (name) => {
  const good = new URLSearchParams(form());
  good.set(name, `${good.get(name)}1`);
  expect(raw(good.toString())).toEqual(refused("badSignature"));
  good.delete(name);
  expect(raw(good.toString())).toEqual(refused("badSignature"));
});

test("an added field is forged, an empty one too", () => {
  for (const more of ["&refund_fee=0.70", "&x="]) expect(raw(form() + more)).toEqual(refused("badSignature"));
});

test("who signs with another key, another digest, or not at all", () => {
  expect(raw(form({}, keyPair().privateKey))).toEqual(refused("badSignature"));
  const text = Object.entries(trade)
    .filter(([name]) => name !== "sign_type")
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `${name}=${value}`)
    .join("&");
  const sha1 = sign("RSA-SHA1", Buffer.from(text), alipay.privateKey).toString("base64");
  for (const sign_type of ["RSA", "RSA2", ""]) {
    const body = new URLSearchParams({ ...trade, sign_type, sign: sha1 }).toString();
    expect(raw(body)).toEqual(refused("badSignature"));
  }
  expect(raw(new URLSearchParams(trade).toString())).toEqual(refused("unsigned"));
  expect(raw(new URLSearchParams({ ...trade, sign: "" }).toString())).toEqual(refused("unsigned"));
  const weak = generateKeyPairSync("rsa", { modulusLength: 1024 }).privateKey;
  expect(raw(form({}, weak.export({ type: "pkcs8", format: "pem" }).toString()))).toEqual(refused("badSignature"));
});

test("a signature is whole, and nothing but one", () => {
  const good = new URLSearchParams(form());
  const sign = good.get("sign") ?? "";
  const bare = sign.replace(/=+$/, "");
  // Node's decoder would take each of these for the same bytes.
  const same = [`${sign}!`, `${sign} `, `${sign}\n`, `${sign}${sign}`, `${sign.slice(0, 100)} ${sign.slice(100)}`];
  const urlSafe = sign.replaceAll("+", "-").replaceAll("/", "_");
  for (const each of [...same, `${bare}===`, ` ${sign}`, ...(urlSafe === sign ? [] : [urlSafe])]) {
    good.set("sign", each);
    expect(raw(good.toString())).toEqual(refused("badSignature"));
  }
  for (const each of [bare.slice(0, -4), "A", "=", "AAAA"]) {
    good.set("sign", each);
    expect(raw(good.toString())).toEqual(refused("badSignature"));
  }
  good.set("sign", sign);
  expect(raw(good.toString()).kind).toBe("payment");
});

test("without a word which signature it is, it is none", () => {
  for (const change of [[], ["sign_type", ""], ["sign_type", "rsa2"], ["sign_type", "RSA2,RSA"]] as const) {
    const good = new URLSearchParams(form());
    good.delete("sign_type");
    if (change.length === 2) good.set(change[0], change[1]);
    expect(raw(good.toString())).toEqual(refused("badSignature"));
  }
});

test.each(["app_id", "seller_id"])("no %s is not ours, though genuine", (name) => {
  const { [name as "app_id"]: _, ...rest } = trade;
  expect(raw(alipayForm(rest, alipay.privateKey))).toEqual(refused("notOurs"));
});

test("a signature over sign_type too is not Alipay's", () => {
  const text = Object.entries(trade)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `${name}=${value}`)
    .join("&");
  const other = sign("RSA-SHA256", Buffer.from(text), alipay.privateKey).toString("base64");
  expect(raw(new URLSearchParams({ ...trade, sign: other }).toString())).toEqual(refused("badSignature"));
});

test("a genuine signature covers no other split of its text", () => {
  // The text is the same whether `refund_fee` is a field or the end of `receipt_amount`: a refund shown as a payment.
  const genuine = { ...trade, refund_fee: "1199.70", out_biz_no: "R-1" };
  const { refund_fee, ...rest } = genuine;
  const hidden = { ...rest, receipt_amount: `${trade.receipt_amount}&refund_fee=${refund_fee}` };
  expect(raw(alipayForm(genuine, alipay.privateKey)).kind).toBe("refund");
  expect(raw(alipayForm(hidden, alipay.privateKey, genuine))).toEqual(refused("malformed"));
  const outer = { ...trade, passback_params: "a&seller_id=2088101" };
  expect(raw(alipayForm(outer, alipay.privateKey))).toEqual(refused("malformed"));
});

test.each([
  ["app_id", "2021000000000002"],
  ["seller_id", "2088102"],
])("another %s is not ours, though genuine", (name, value) => {
  expect(raw(form({ [name]: value }))).toEqual(refused("notOurs"));
});

test("genuine, and about nothing we follow", () => {
  expect(raw(form({ notify_type: "dut_user_sign" }))).toMatchObject({ kind: "other", type: "dut_user_sign" });
});

test("forms that aren't exactly one are malformed", () => {
  const good = form();
  for (const body of [
    "",
    "&",
    "=1",
    "a",
    `${good}&`,
    `${good}&trade_no=2`,
    `${good}&%73ubject=x`,
    `${good}&x=%`,
    `${good}&x=%ff`,
    `${good}&X-Y=1`,
    `${good}&${Array.from({ length: 100 }, (_, i) => `x${i}=`).join("&")}`,
    `${good}&x=${"1".repeat(64 * 1024)}`,
    Buffer.concat([Buffer.from(`${good}&x=`), Buffer.from([0xff])]),
    JSON.stringify(trade),
  ]) {
    expect(raw(body)).toEqual(refused("malformed"));
  }
});

test("without an id, or in another alphabet, it is malformed though signed", () => {
  for (const change of [{ notify_id: "" }, { notify_id: "a b" }, { out_trade_no: "" }, { charset: "GBK" }])
    expect(raw(form(change))).toEqual(refused("malformed"));
  const { notify_type: _, ...rest } = trade;
  expect(raw(alipayForm(rest, alipay.privateKey))).toEqual(refused("malformed"));
});

test("Alipay wants seven characters", () => {
  expect(door.answer(true)).toMatchObject({ status: 200, body: "success" });
  expect(door.answer(false).body).not.toBe("success");
});
