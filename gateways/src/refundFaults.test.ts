/** The sandbox's faults of refunds and of the line, one by one, against each adapter. */
import { describe, expect, test } from "vitest";
import { AMOUNT_FEN, useKit } from "./sandboxed.testkit.ts";

const kit = useKit();
const YEAR_MS = 365 * 24 * 3600_000;

describe.each(["wechat", "alipay", "acquirer"] as const)("%s", (name) => {
  async function paidOrder() {
    const { outTradeNo } = await kit.pay(name);
    return { outTradeNo, refundNo: `R-${outTradeNo}`, amountFen: AMOUNT_FEN, totalFen: AMOUNT_FEN, reason: "测试" };
  }

  test.each(["refundWindowOver", "payerAccountClosed"] as const)("%s: failed, for ever", async (fault) => {
    const refund = await paidOrder();
    kit.gateways.faults.arm(fault, { gateway: name });
    expect(await kit.channel(name).refund(refund)).toMatchObject({ kind: "failed", never: true });
    expect(await kit.channel(name).queryRefund(refund)).toEqual({ kind: "notFound" });
    expect(kit.netFen()).toBe(AMOUNT_FEN);
  });

  test("a year later: failed, for ever", async () => {
    const refund = await paidOrder();
    kit.clock.now += YEAR_MS + 1;
    expect(await kit.channel(name).refund(refund)).toMatchObject({ kind: "failed", never: true });
  });

  test("refundAbnormal: for a person to see", async () => {
    const refund = await paidOrder();
    kit.gateways.faults.arm("refundAbnormal", { gateway: name });
    // At Alipay this is an empty merchant account, which can be filled.
    const never = name !== "alipay";
    expect(await kit.channel(name).refund(refund)).toMatchObject({ kind: "failed", never });
    expect(kit.netFen()).toBe(AMOUNT_FEN);
  });

  test("refundDropped: unknown, though done; asked again it moves nothing more", async () => {
    const refund = await paidOrder();
    kit.gateways.faults.arm("refundDropped", { gateway: name });
    expect((await kit.channel(name).refund(refund)).kind).toBe("unknown");
    expect(await kit.channel(name).queryRefund(refund)).toEqual({ kind: "done", verified: true });
    expect(["done", "processing"]).toContain((await kit.channel(name).refund(refund)).kind);
    expect(kit.netFen()).toBe(0);
  });

  test("refundForever: never said to be done", async () => {
    const refund = await paidOrder();
    kit.gateways.faults.arm("refundForever", { gateway: name });
    expect((await kit.channel(name).refund(refund)).kind).toBe("processing");
    for (let asked = 0; asked < 3; asked += 1)
      expect(["processing", "notFound"]).toContain((await kit.channel(name).queryRefund(refund)).kind);
    expect(kit.netFen()).toBe(AMOUNT_FEN);
  });

  test("garbage: unknown to every call", async () => {
    const channel = kit.channel(name);
    const refund = await paidOrder();
    kit.gateways.faults.arm("garbage", { gateway: name, times: "always" });
    expect((await kit.pay(name)).outcome.kind).toBe("unknown");
    expect((await channel.query(refund)).kind).toBe("unknown");
    expect((await channel.refund(refund)).kind).toBe("unknown");
    expect((await channel.queryRefund(refund)).kind).toBe("unknown");
    expect((await channel.reverse(refund)).kind).toBe("unknown");
  });

  test("connectionRefused: the payment was not sent, anything else is unknown", async () => {
    const refund = await paidOrder();
    kit.gateways.faults.arm("connectionRefused", { gateway: name, times: "always" });
    await kit.gateways.faultsApplied();
    expect((await kit.pay(name)).outcome).toEqual({ kind: "notSent" });
    expect((await kit.channel(name).query(refund)).kind).toBe("unknown");
    expect((await kit.channel(name).refund(refund)).kind).toBe("unknown");
    kit.gateways.faults.disarmAll();
    await kit.gateways.faultsApplied();
    expect((await kit.channel(name).query(refund)).kind).toBe("paid");
  });
});

test.each(["wechat", "alipay"] as const)("%s knows no such order: failed, and a person looks first", async (name) => {
  const refund = { outTradeNo: kit.order(), refundNo: "R-1", amountFen: 1, totalFen: 1, reason: "测试" };
  expect(await kit.channel(name).refund(refund)).toMatchObject({ kind: "failed", never: false });
});

test.each(["wechat", "acquirer"] as const)("%s closes a refund without moving money", async (name) => {
  const { outTradeNo } = await kit.pay(name);
  kit.gateways.faults.arm("refundClosed", { gateway: name });
  const refund = { outTradeNo, refundNo: `R-${outTradeNo}`, amountFen: 1, totalFen: AMOUNT_FEN, reason: "测试" };
  expect(await kit.channel(name).refund(refund)).toMatchObject({ kind: "failed" });
  expect(await kit.channel(name).queryRefund(refund)).toMatchObject({ kind: "failed" });
  expect(kit.netFen()).toBe(AMOUNT_FEN);
});

test("Alipay's success that is rolled back: the confirming query tells", async () => {
  kit.gateways.faults.arm("rolledBack");
  const { outTradeNo, outcome } = await kit.pay("alipay");
  expect(outcome.kind).toBe("paid");
  expect((await kit.channel("alipay").query({ outTradeNo, amountFen: AMOUNT_FEN })).kind).toBe("closed");
  expect(kit.netFen()).toBe(0);
});

test.each([
  ["wechat", "other"],
  ["alipay", "risk"],
  ["acquirer", "risk"],
] as const)("%s refuses what looks risky", async (name, text) => {
  kit.gateways.faults.arm("riskRefused", { gateway: name });
  expect((await kit.pay(name)).outcome).toMatchObject({ kind: "refused", text });
  expect(kit.netFen()).toBe(0);
});

test("the acquirer takes digital yuan when it is told to", async () => {
  const shown = kit.gateways.wallets.showCode("phone-1", "ecny");
  const request = { amountFen: AMOUNT_FEN, authCode: shown?.code ?? "", description: "燃气", terminalId: "K01" };
  const off = kit.channel("acquirer");
  expect(await off.pay({ ...request, outTradeNo: kit.order() })).toEqual({ kind: "notSent" });
  const on = kit.channel("acquirer", { schemes: ["unionpay", "ecny"] });
  expect((await on.pay({ ...request, outTradeNo: kit.order() })).kind).toBe("paid");
  expect(kit.netFen()).toBe(AMOUNT_FEN);
});

test.each(["badSignature", "unsigned", "staleTimestamp"] as const)("%s of the acquirer is unknown", async (fault) => {
  kit.gateways.faults.arm(fault, { gateway: "acquirer" });
  const { outTradeNo, outcome } = await kit.pay("acquirer");
  expect(outcome.kind).toBe("unknown");
  expect((await kit.channel("acquirer").query({ outTradeNo, amountFen: AMOUNT_FEN })).kind).toBe("paid");
});
