import { limits } from "../bills/download.ts";
import { plainText } from "../plain.ts";
import type { CodePayChannel } from "../port.ts";
import { type AcquirerScheme, schemeOf } from "../route.ts";
import { acquirerBills } from "./bill.ts";
import { type AcquirerConfig, acquirerClient } from "./client.ts";
import { payOutcome, queryOutcome, refundOutcome, refundQueryOutcome, reverseOutcome } from "./replies.ts";

const MAX_TEXT = 80;
const SCHEMES: Record<AcquirerScheme, string> = { unionpay: "UNIONPAY", ecny: "ECNY" };

/**
 * A bank or aggregator that takes the codes of other wallets (docs/acquirer.md). e-CNY is off unless named: only its
 * public code range is known. Construction throws for a set-up that can't work.
 */
export function acquirerChannel(config: AcquirerConfig): CodePayChannel {
  const { merchant, schemes = ["unionpay"] } = config;
  const client = acquirerClient(config);

  return {
    name: "acquirer",
    schemes,
    bills: acquirerBills(client, limits(config.billTimeoutMs)),
    async pay({ outTradeNo, amountFen, authCode, description, terminalId }) {
      const scheme = schemeOf(authCode);
      if (scheme === undefined || !schemes.includes(scheme)) return { kind: "notSent" };
      const text = plainText(description, MAX_TEXT);
      const body = { outTradeNo, amountFen, authCode, scheme: SCHEMES[scheme], description: text, terminalId };
      return payOutcome(await client.call("pay", body), { merchant, outTradeNo });
    },
    async query({ outTradeNo }) {
      return queryOutcome(await client.call("query", { outTradeNo }), { merchant, outTradeNo });
    },
    async reverse({ outTradeNo }) {
      return reverseOutcome(await client.call("reverse", { outTradeNo }));
    },
    async refund({ outTradeNo, refundNo, amountFen, totalFen, reason }) {
      const body = { outTradeNo, refundNo, amountFen, totalFen, reason: plainText(reason, MAX_TEXT) };
      return refundOutcome(await client.call("refund", body), { merchant, outTradeNo, refundNo, amountFen });
    },
    async queryRefund({ outTradeNo, refundNo }) {
      const reply = await client.call("refund-query", { outTradeNo, refundNo });
      return refundQueryOutcome(reply, { merchant, outTradeNo, refundNo });
    },
  };
}
