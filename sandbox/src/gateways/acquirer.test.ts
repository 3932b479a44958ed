import { expect, test } from "vitest";
import { makeFaults } from "./faults.ts";
import { feeFenOf } from "./money.ts";
import { AMOUNT_FEN, useWire } from "./wire.testkit.ts";

/** The acquirer's own rules at its wire. */
const wire = useWire();
const SIGNATURE = { result: "SETUP", reason: "SIGNATURE" };

test("UnionPay and e-CNY codes pay from their own wallets, and not under the other's name", async () => {
  const { wallets } = wire.gateways;
  for (const [wallet, form] of [
    ["unionpay", /^62\d{17}$/],
    ["ecny", /^01\d{17}$/],
  ] as const) {
    const code = wallets.showCode("p1", wallet)?.code ?? "";
    expect(code).toMatch(form);
    const order = wire.order();
    const scheme = wallet === "ecny" ? "UNIONPAY" : "ECNY";
    const body = { outTradeNo: order, amountFen: AMOUNT_FEN, authCode: code, description: "燃气费", terminalId: "K01" };
    expect((await wire.acquirer("pay", { ...body, scheme })).body).toEqual({ result: "REFUSED", reason: "CODE" });
    const before = wallets.phone("p1")?.balanceFen[wallet] ?? 0;
    expect((await wire.pay("acquirer", order, code)).body).toMatchObject({
      result: "OK",
      state: "SUCCESS",
      amountFen: AMOUNT_FEN,
    });
    expect(wallets.phone("p1")?.balanceFen[wallet]).toBe(before - AMOUNT_FEN);
  }
});

test("a nonce serves once, a time within five minutes, a path its own signature", async () => {
  const order = { outTradeNo: wire.order() };
  const nonce = "0123456789abcdef";
  expect((await wire.acquirer("query", order, { nonce })).body).toEqual({ result: "NOT_FOUND" });
  expect(await wire.acquirer("query", order, { nonce })).toMatchObject({ body: SIGNATURE, verified: true });
  expect((await wire.acquirer("query", order, { nonce: "short" })).body).toEqual(SIGNATURE);
  for (const [offMs, expected] of [
    [300_000, { result: "NOT_FOUND" }],
    [300_001, SIGNATURE],
    [-300_001, SIGNATURE],
  ] as const) {
    expect((await wire.acquirer("query", order, { timestamp: wire.clock.now - offMs })).body).toEqual(expected);
  }
});

test("a replayed pay call charges nobody", async () => {
  const { merchant, faults } = wire.gateways;
  expect(merchant.acquirer.baseUrl).toBe(wire.gateways.acquirerUrl);
  faults.arm("lateArrival", { gateway: "acquirer" });
  const order = wire.order();
  const nonce = "abcdef0123456789";
  const body = {
    outTradeNo: order,
    amountFen: AMOUNT_FEN,
    authCode: wire.code("acquirer"),
    scheme: "UNIONPAY",
    description: "燃气费",
    terminalId: "K01",
  };
  expect((await wire.acquirer("pay", body, { nonce })).status).toBeNull();
  expect((await wire.acquirer("pay", body, { nonce })).body).toEqual(SIGNATURE);
  expect(wire.netFen("acquirer", order)).toBe(0);
});

test("what is malformed says nothing about an order, and an unknown path is no call", async () => {
  expect((await wire.acquirer("pay", { outTradeNo: "x" })).body).toEqual({ result: "ERROR", reason: "REQUEST" });
  expect((await wire.acquirer("refund", [])).body).toEqual({ result: "ERROR", reason: "REQUEST" });
  expect((await wire.acquirer("elsewhere", {})).status).toBe(404);
});

test("the fee is 0.6 % to the nearest fen, half up", () => {
  expect([1, 83, 84, 250, 251, 12_000].map(feeFenOf)).toEqual([0, 0, 1, 2, 2, 72]);
});

test("a switch has its own time unless it is told another", () => {
  const faults = makeFaults();
  faults.arm("autoReverse");
  faults.arm("paidAfter", { seconds: 3, times: 2 });
  expect([faults.takeMs("autoReverse", "wechat"), faults.takeMs("autoReverse", "wechat")]).toEqual([45_000, null]);
  expect([1, 2, 3].map(() => faults.takeMs("paidAfter", "alipay"))).toEqual([3_000, 3_000, null]);
});
