import { createSign } from "node:crypto";
import { describe, expect, test } from "vitest";
import { AMOUNT_FEN, useWire, wordOf } from "./wire.testkit.ts";

/** Prepared orders at WeChat Pay's wire, and the wallet over them. */
const wire = useWire();
const OK = { err_msg: "get_brand_wcpay_request:ok" };
const fail = (err_desc: string) => ({ err_msg: "get_brand_wcpay_request:fail", err_desc });

function payParams(prepayId: unknown, change: Partial<Record<"appId" | "package" | "signType", string>> = {}) {
  const { appid, privateKeyPem } = wire.gateways.merchant.wechat;
  const timeStamp = String(Math.floor(wire.clock.now / 1000));
  const params = {
    appId: appid,
    timeStamp,
    nonceStr: "0123456789abcdef",
    package: `prepay_id=${prepayId}`,
    signType: "RSA",
  };
  const message = `${params.appId}\n${timeStamp}\n${params.nonceStr}\n${params.package}\n`;
  const paySign = createSign("RSA-SHA256").update(message).sign(privateKeyPem, "base64");
  return { ...params, paySign, ...change };
}

describe("prepare", () => {
  test("the same again gives the id again, other content is refused, an id is for two hours", async () => {
    const order = wire.order();
    const first = await wire.prepay(order, { time_expire: new Date(wire.clock.now + 6 * 3600_000).toISOString() });
    expect(first).toMatchObject({
      status: 200,
      verified: true,
      body: { prepay_id: expect.stringMatching(/^wx\d{14}/) },
    });
    const time_expire = new Date(wire.clock.now + 6 * 3600_000).toISOString();
    expect((await wire.prepay(order, { time_expire })).body).toEqual(first.body);
    const amount = { total: AMOUNT_FEN + 1, currency: "CNY" };
    expect(await wire.prepay(order, { time_expire, amount })).toMatchObject({
      status: 400,
      body: { code: "INVALID_REQUEST" },
    });
    wire.clock.now += 2 * 3600_000;
    const prepayId = String(first.body.prepay_id);
    expect(wire.gateways.cashier.answer({ prepayId }, "p1", true)).toEqual(fail("订单已支付、已关闭或已过期"));
    const later = await wire.prepay(order, { time_expire });
    expect(later.body.prepay_id).not.toBe(prepayId);
    expect(wire.gateways.cashier.answer({ prepayId: String(later.body.prepay_id) }, "p1", true)).toEqual(OK);
  });

  test("both apps may order, a stranger's may not; what is malformed is refused", async () => {
    const { miniAppid } = wire.gateways.merchant.wechat;
    expect(await wire.prepay(wire.order(), { appid: miniAppid })).toMatchObject({ status: 200 });
    expect(wordOf("wechat", await wire.prepay(wire.order(), { appid: "wx0000" }))).toBe("APPID_MCHID_NOT_MATCH");
    for (const bad of [
      { notify_url: "http://h/x?y=1" },
      { time_expire: "tomorrow" },
      { payer: {} },
      { amount: { total: 0 } },
    ]) {
      expect(wordOf("wechat", await wire.prepay(wire.order(), bad))).toBe("PARAM_ERROR");
    }
    const past = { time_expire: new Date(wire.clock.now).toISOString() };
    expect(wordOf("wechat", await wire.prepay(wire.order(), past))).toBe("PARAM_ERROR");
  });

  test("an order ends at its time_expire by itself", async () => {
    const order = wire.order();
    const time_expire = new Date(wire.clock.now + 15 * 60_000).toISOString();
    const { body } = await wire.prepay(order, { time_expire });
    wire.clock.now += 15 * 60_000 - 1;
    expect(wordOf("wechat", await wire.query("wechat", order))).toBe("NOTPAY");
    wire.clock.now += 1;
    expect(wordOf("wechat", await wire.query("wechat", order))).toBe("CLOSED");
    expect(wire.gateways.cashier.answer({ prepayId: String(body.prepay_id) }, "p1", true).err_msg).toMatch(/fail$/);
  });
});

describe("the cashier", () => {
  test("opens on a good paySign of the app that ordered, and on nothing else", async () => {
    const { body } = await wire.prepay(wire.order());
    const { cashier } = wire.gateways;
    const good = payParams(body.prepay_id);
    expect(cashier.look(good)).toMatchObject({ order: { amountFen: AMOUNT_FEN, state: "notPaid" } });
    for (const change of [
      { appId: wire.gateways.merchant.wechat.miniAppid },
      { package: "prepay_id=wx1" },
      { signType: "MD5" },
    ]) {
      expect(cashier.look({ ...good, ...change })).toEqual(fail("支付验证签名失败"));
    }
    const { body: mini } = await wire.prepay(wire.order(), { appid: wire.gateways.merchant.wechat.miniAppid });
    expect(cashier.answer(payParams(mini.prepay_id), "p1", true)).toEqual(fail("appid与下单时不一致"));
  });

  test("pays once, from the payer's own wallet; going back pays nothing", async () => {
    const order = wire.order();
    const { body } = await wire.prepay(order);
    const params = payParams(body.prepay_id);
    const { cashier, wallets } = wire.gateways;
    expect(cashier.open("p1").map(({ outTradeNo }) => outTradeNo)).toContain(order);
    expect(cashier.open("p2").map(({ outTradeNo }) => outTradeNo)).not.toContain(order);
    expect(cashier.answer(params, "p1", false)).toEqual({ err_msg: "get_brand_wcpay_request:cancel" });
    expect(cashier.answer(params, "p2", true)).toEqual(fail("下单用户与支付用户不一致"));
    wallets.setPhone("p1", { noBalance: true });
    expect(cashier.answer(params, "p1", true)).toEqual(fail("余额不足"));
    wallets.setPhone("p1", { noBalance: false });
    expect(wire.netFen("wechat", order)).toBe(0);
    expect(cashier.answer(params, "p1", true)).toEqual(OK);
    expect(cashier.answer(params, "p1", true).err_msg).toMatch(/fail$/);
    expect(wire.netFen("wechat", order)).toBe(AMOUNT_FEN);
    expect((await wire.query("wechat", order)).body).toMatchObject({
      trade_state: "SUCCESS",
      trade_type: "JSAPI",
      payer: { openid: "o-p1" },
      amount: { total: AMOUNT_FEN },
    });
    expect(wordOf("wechat", await wire.prepay(order))).toBe("ORDERPAID");
  });
});

describe("close", () => {
  test("an unpaid order: 204, signed over nothing, also again", async () => {
    const order = wire.order();
    await wire.prepay(order);
    for (const _ of [1, 2]) expect(await wire.close(order)).toMatchObject({ status: 204, text: "", verified: true });
    expect(wordOf("wechat", await wire.query("wechat", order))).toBe("CLOSED");
    expect(wordOf("wechat", await wire.prepay(order))).toBe("ORDER_CLOSED");
  });

  test("a paid one is refused, a scanned one can only be reversed, and a prepared one only be closed", async () => {
    const order = wire.order();
    const { body } = await wire.prepay(order);
    wire.gateways.cashier.answer({ prepayId: String(body.prepay_id) }, "p1", true);
    expect(await wire.close(order)).toMatchObject({ status: 400, body: { code: "ORDERPAID" }, verified: true });
    const scanned = await wire.paid("wechat");
    expect((await wire.close(scanned)).body.message).toContain("268449641");
    expect(wordOf("wechat", await wire.reverse("wechat", order))).toBe("INVALID_REQUEST");
    expect(wordOf("wechat", await wire.close(wire.order()))).toBe("ORDER_NOT_EXIST");
  });
});

test("a refund is refused when a year is over, to the millisecond", async () => {
  const [first, second] = [await wire.paid("wechat"), await wire.paid("wechat")];
  wire.clock.now += 365 * 24 * 3600_000;
  expect(wordOf("wechat", await wire.refund("wechat", first, `R-${first}`))).toBe("SUCCESS");
  wire.clock.now += 1;
  expect(wordOf("wechat", await wire.refund("wechat", second, `R-${second}`))).toBe("TRADE_OVERDUE");
  expect(wire.netFen("wechat", second)).toBe(AMOUNT_FEN);
});
