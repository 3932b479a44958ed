import { expect, test } from "vitest";
import { testChannel } from "./testChannel.ts";

test("pays at once and confirms the same", async () => {
  const channel = testChannel();
  const request = { outTradeNo: "K01_1", amountFen: 5, authCode: "1", description: "x", terminalId: "K01" };
  const paid = await channel.pay(request);
  expect(paid).toEqual({ kind: "paid", verified: true, transactionId: "TK01_1", amountFen: 5, paidAt: null });
  expect(await channel.query(request)).toEqual(paid);
});
