import type { CodePayChannel } from "./port.ts";

/**
 * A channel inside the process without network or signatures: every payment is paid at once. For measuring the rest
 * of a purchase. It remembers nothing, so its query confirms whatever it is asked about.
 */
export function testChannel(): CodePayChannel {
  const paid = async ({ outTradeNo, amountFen }: { outTradeNo: string; amountFen: number }) =>
    ({ kind: "paid", verified: true, transactionId: `T${outTradeNo}`, amountFen, paidAt: null }) as const;
  return {
    name: "test",
    pay: paid,
    query: paid,
    reverse: async () => ({ kind: "accepted" }),
    refund: async () => ({ kind: "done", verified: true }),
    queryRefund: async () => ({ kind: "done", verified: true }),
  };
}
