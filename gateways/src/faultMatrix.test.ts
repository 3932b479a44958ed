import { describe, expect, test } from "vitest";
import { AMOUNT_FEN, payRequest, SHORT_MS, useKit } from "./sandboxed.testkit.ts";

const kit = useKit();
const names = ["wechat", "alipay", "acquirer"] as const;
/** After this a gateway closes an order that nobody paid. */
const CLOSES_AFTER_MS = { wechat: 45_000, alipay: 120_000, acquirer: 60_000 };

describe.each(names)("%s, nothing wrong", (name) => {
  test("a payment is paid, confirmed by query, charged once", async () => {
    const { outTradeNo, outcome } = await kit.pay(name);
    expect(outcome).toMatchObject({ kind: "paid", verified: true, amountFen: AMOUNT_FEN, paidAt: kit.clock.now });
    const query = await kit.channel(name).query({ outTradeNo, amountFen: AMOUNT_FEN });
    expect(query).toEqual(outcome);
    expect(kit.netFen()).toBe(AMOUNT_FEN);
  });

  test("an order nobody made is not found, by a signed answer", async () => {
    const query = await kit.channel(name).query({ outTradeNo: kit.order(), amountFen: 1 });
    expect(query).toEqual({ kind: "notFound", verified: true });
  });

  test("reversing a paid order gives the money back, reversing an unpaid one closes it", async () => {
    const channel = kit.channel(name);
    const paid = await kit.pay(name);
    expect(await channel.reverse(paid)).toEqual({ kind: "accepted" });
    kit.gateways.wallets.setPhone("phone-1", { askPassword: true });
    const open = await kit.pay(name);
    expect(open.outcome).toEqual({ kind: "inProgress", verified: true });
    expect(await channel.reverse(open)).toEqual({ kind: "accepted" });
    for (const { outTradeNo } of [paid, open]) {
      expect(await channel.query({ outTradeNo, amountFen: AMOUNT_FEN })).toEqual({ kind: "closed", verified: true });
    }
    expect(kit.netFen()).toBe(0);
  });

  test("an order made later than a reverse can still be reversed; too old ones are too late", async () => {
    const { outTradeNo } = await kit.pay(name);
    kit.clock.now += 8 * 24 * 3600_000;
    expect(await kit.channel(name).reverse({ outTradeNo })).toMatchObject({ kind: "tooLate" });
    expect(kit.netFen()).toBe(AMOUNT_FEN);
  });

  test("a refund moves money once however often it is asked for", async () => {
    const channel = kit.channel(name);
    const { outTradeNo } = await kit.pay(name);
    const refund = {
      outTradeNo,
      refundNo: `R-${outTradeNo}`,
      amountFen: AMOUNT_FEN,
      totalFen: AMOUNT_FEN,
      reason: "未写卡",
    };
    expect(await channel.queryRefund(refund)).toEqual({ kind: "notFound" });
    expect(await channel.refund(refund)).toEqual({ kind: "done", verified: true });
    expect(["done", "processing"]).toContain((await channel.refund(refund)).kind);
    expect(await channel.queryRefund(refund)).toEqual({ kind: "done", verified: true });
    expect(await channel.refund({ ...refund, amountFen: 1 })).toMatchObject({ kind: "failed" });
    expect(kit.netFen()).toBe(0);
  });
});

describe.each(names)("%s, the payer", (name) => {
  const query = (outTradeNo: string) => kit.channel(name).query({ outTradeNo, amountFen: AMOUNT_FEN });

  test("enters the password: in progress until then, paid after", async () => {
    kit.gateways.wallets.setPhone("phone-1", { askPassword: true });
    const { outTradeNo, outcome } = await kit.pay(name);
    expect(outcome).toEqual({ kind: "inProgress", verified: true });
    expect(await query(outTradeNo)).toEqual({ kind: "inProgress", verified: true });
    expect(kit.netFen()).toBe(0);
    expect(kit.gateways.wallets.enterPassword("phone-1", true)).toBe("answered");
    expect(await query(outTradeNo)).toMatchObject({ kind: "paid", amountFen: AMOUNT_FEN });
  });

  test("closes the password box: never paid, and a reverse ends the order", async () => {
    kit.gateways.wallets.setPhone("phone-1", { askPassword: true });
    const { outTradeNo } = await kit.pay(name);
    expect(kit.gateways.wallets.enterPassword("phone-1", false)).toBe("answered");
    expect((await query(outTradeNo)).kind).toBe(name === "alipay" ? "closed" : "payError");
    await kit.channel(name).reverse({ outTradeNo });
    expect((await query(outTradeNo)).kind).toBe("closed");
    expect(kit.netFen()).toBe(0);
  });

  test("has no money", async () => {
    kit.gateways.wallets.setPhone("phone-1", { noBalance: true });
    const { outTradeNo, outcome } = await kit.pay(name);
    expect(outcome).toMatchObject({ kind: "refused", verified: true, text: "balance" });
    expect((await query(outTradeNo)).kind).toBe(name === "wechat" ? "notPaid" : "notFound");
  });

  test("shows a code twice, or one of long ago", async () => {
    const channel = kit.channel(name);
    const authCode = kit.code(name);
    await channel.pay(payRequest(kit.order(), authCode));
    const again = await channel.pay(payRequest(kit.order(), authCode));
    expect(again).toMatchObject({ kind: "refused", text: "code" });
    const old = kit.code(name);
    kit.clock.now += 91_000;
    expect(await channel.pay(payRequest(kit.order(), old))).toMatchObject({ kind: "refused", text: "code" });
    expect(kit.netFen()).toBe(AMOUNT_FEN);
  });

  test("walks away: the gateway closes the order by itself", async () => {
    kit.gateways.wallets.setPhone("phone-1", { askPassword: true });
    const { outTradeNo } = await kit.pay(name);
    kit.clock.now += CLOSES_AFTER_MS[name] - 1;
    expect((await query(outTradeNo)).kind).toBe("inProgress");
    kit.clock.now += 1;
    expect(await query(outTradeNo)).toEqual({ kind: "closed", verified: true });
  });
});

describe.each(names)("%s, faults", (name) => {
  const query = (outTradeNo: string) => kit.channel(name).query({ outTradeNo, amountFen: AMOUNT_FEN });

  test.each(["dropReply", "systemError"] as const)("%s: unknown, though charged; the query knows", async (fault) => {
    kit.gateways.faults.arm(fault, { gateway: name });
    const { outTradeNo, outcome } = await kit.pay(name);
    expect(outcome.kind).toBe("unknown");
    expect(await query(outTradeNo)).toMatchObject({ kind: "paid", amountFen: AMOUNT_FEN });
    expect(kit.netFen()).toBe(AMOUNT_FEN);
  });

  test.each(["dropReply", "gatewayDown"] as const)("%s: the pay call is sent once", async (fault) => {
    kit.gateways.faults.arm(fault, { gateway: name });
    const { outTradeNo } = await kit.pay(name);
    // A second sending would find the fault used up and be carried out.
    const pays = kit.seen.filter((call) => call.call === "pay");
    expect(pays.map((call) => call.ref)).toEqual(fault === "dropReply" ? [outTradeNo] : []);
  });

  test("gatewayDown: unknown, and nothing happened", async () => {
    kit.gateways.faults.arm("gatewayDown", { gateway: name, times: "always" });
    const { outTradeNo, outcome } = await kit.pay(name);
    expect(outcome).toEqual({ kind: "unknown", why: expect.any(String) });
    expect((await query(outTradeNo)).kind).toBe("unknown");
    expect((await kit.channel(name).reverse({ outTradeNo })).kind).toBe("unknown");
    kit.gateways.faults.disarmAll();
    expect((await query(outTradeNo)).kind).toBe("notFound");
  });

  test("slow: a timeout is unknown, though charged", async () => {
    const channel = kit.channel(name, { timeoutMs: SHORT_MS });
    kit.gateways.faults.arm("slow", { gateway: name });
    const { outTradeNo, outcome } = await kit.pay(name, channel);
    expect(outcome.kind).toBe("unknown");
    await expect.poll(async () => (await query(outTradeNo)).kind).toBe("paid");
  });

  test("lateArrival: not found first, paid afterwards", async () => {
    kit.gateways.faults.arm("lateArrival", { gateway: name });
    const { outTradeNo, outcome } = await kit.pay(name);
    expect(outcome.kind).toBe("unknown");
    expect((await query(outTradeNo)).kind).toBe("notFound");
    expect((await query(outTradeNo)).kind).toBe("paid");
  });

  test("lateAfterReverse: a reverse that overtakes the payment changes nothing", async () => {
    kit.gateways.faults.arm("lateAfterReverse", { gateway: name });
    const { outTradeNo } = await kit.pay(name);
    expect((await query(outTradeNo)).kind).toBe("notFound");
    expect((await kit.channel(name).reverse({ outTradeNo })).kind).toBe("again");
    expect((await query(outTradeNo)).kind).toBe("paid");
    expect(await kit.channel(name).reverse({ outTradeNo })).toEqual({ kind: "accepted" });
    expect(kit.netFen()).toBe(0);
  });

  test("reverseNoEffect: only the query tells", async () => {
    kit.gateways.faults.arm("reverseNoEffect", { gateway: name });
    const { outTradeNo } = await kit.pay(name);
    expect(await kit.channel(name).reverse({ outTradeNo })).toEqual({ kind: "accepted" });
    expect((await query(outTradeNo)).kind).toBe("paid");
  });

  test("userPayingForever: stays in progress past the gateway's own limit, until reversed", async () => {
    kit.gateways.faults.arm("userPayingForever", { gateway: name });
    const { outTradeNo, outcome } = await kit.pay(name);
    expect(outcome.kind).toBe("inProgress");
    expect(kit.gateways.wallets.enterPassword("phone-1", true)).toBe("ignored");
    kit.clock.now += 3600_000;
    expect((await query(outTradeNo)).kind).toBe("inProgress");
    await kit.channel(name).reverse({ outTradeNo });
    expect((await query(outTradeNo)).kind).toBe("closed");
  });

  test.each([
    ["notEnough", "balance"],
    ["authCodeInvalid", "code"],
  ] as const)("%s: refused", async (fault, text) => {
    kit.gateways.faults.arm(fault, { gateway: name });
    expect((await kit.pay(name)).outcome).toMatchObject({ kind: "refused", text });
    expect(kit.netFen()).toBe(0);
  });

  test("refundProcessing: done at the second query, money moved then", async () => {
    const channel = kit.channel(name);
    const { outTradeNo } = await kit.pay(name);
    kit.gateways.faults.arm("refundProcessing", { gateway: name });
    const refund = { outTradeNo, refundNo: `R-${outTradeNo}`, amountFen: 100, totalFen: AMOUNT_FEN, reason: "测试" };
    expect(await channel.refund(refund)).toEqual({ kind: "processing" });
    // Alipay's refund query has no word for "processing": there is no refund data yet.
    expect((await channel.queryRefund(refund)).kind).toBe(name === "alipay" ? "notFound" : "processing");
    expect(kit.netFen()).toBe(AMOUNT_FEN);
    expect(await channel.queryRefund(refund)).toEqual({ kind: "done", verified: true });
    expect(kit.netFen()).toBe(AMOUNT_FEN - 100);
  });
});

describe("one gateway's own faults", () => {
  test("WeChat Pay refuses a reverse while paying: again", async () => {
    const { outTradeNo } = await kit.pay("wechat");
    kit.gateways.faults.arm("reverseUserPaying");
    expect(await kit.channel("wechat").reverse({ outTradeNo })).toEqual({ kind: "again", why: "USERPAYING" });
    expect(await kit.channel("wechat").reverse({ outTradeNo })).toEqual({ kind: "accepted" });
  });

  test("Alipay asks for another cancel: again", async () => {
    const { outTradeNo } = await kit.pay("alipay");
    kit.gateways.faults.arm("cancelRetry");
    expect((await kit.channel("alipay").reverse({ outTradeNo })).kind).toBe("again");
    expect(await kit.channel("alipay").reverse({ outTradeNo })).toEqual({ kind: "accepted" });
  });

  test("Alipay's 20000 is unknown, though charged", async () => {
    kit.gateways.faults.arm("serviceUnknown");
    expect((await kit.pay("alipay")).outcome).toMatchObject({ kind: "unknown" });
    expect(kit.netFen()).toBe(AMOUNT_FEN);
  });

  test("an order number is refused a second time, and that is no failure of the first", async () => {
    for (const name of names) {
      const { outTradeNo } = await kit.pay(name);
      const again = await kit.channel(name).pay(payRequest(outTradeNo, kit.code(name)));
      expect(again.kind).toBe("unknown");
    }
    expect(kit.netFen()).toBe(names.length * AMOUNT_FEN);
  });
});
