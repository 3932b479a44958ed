import { plainText } from "../plain.ts";
import type { CodePayChannel } from "../port.ts";
import { alipayBills } from "./bills.ts";
import { type AlipayConfig, alipayClient, alipayGateway, readKeys } from "./client.ts";
import { fenToYuan } from "./money.ts";
import { alipayNotifications } from "./notifications.ts";
import { payOutcome, queryOutcome, refundOutcome, refundQueryOutcome, reverseOutcome } from "./replies.ts";

const MAX_SUBJECT = 128;
const MAX_REASON = 128;
const MAX_TERMINAL_ID = 32;
/** Alipay's own default is three hours: a dead server would leave a payable order behind for that long. */
const TIMEOUT_EXPRESS = "2m";

/**
 * Alipay face-to-face payment over gateway 2.0 (facts/payments.md §2). Construction throws for keys that are missing
 * or can't be read, and for a notify URL without the seller's number.
 */
export function alipayChannel(config: AlipayConfig): CodePayChannel {
  const { appId, sellerId, notifyUrl, billTimeoutMs } = config;
  const call = alipayClient(config);
  const { alipayPublicKey } = readKeys(config);
  if (notifyUrl !== undefined && sellerId === undefined)
    throw new Error("Alipay: notifications can't be told from another merchant's without the seller's number");
  const download = { gatewayUrl: alipayGateway(config), ...(billTimeoutMs === undefined ? {} : { billTimeoutMs }) };

  return {
    name: "alipay",
    ...(sellerId === undefined ? {} : { notifications: alipayNotifications({ appId, sellerId, alipayPublicKey }) }),
    bills: alipayBills(call, download),
    async pay({ outTradeNo, amountFen, authCode, description, terminalId, storeId }) {
      const order = {
        out_trade_no: outTradeNo,
        scene: "bar_code",
        auth_code: authCode,
        subject: plainText(description, MAX_SUBJECT),
        total_amount: fenToYuan(amountFen),
        timeout_express: TIMEOUT_EXPRESS,
        terminal_id: terminalId.slice(0, MAX_TERMINAL_ID),
        ...(storeId === undefined ? {} : { store_id: storeId }),
      };
      return payOutcome(await call("alipay.trade.pay", order, notifyUrl), outTradeNo);
    },
    async query({ outTradeNo }) {
      return queryOutcome(await call("alipay.trade.query", { out_trade_no: outTradeNo }), outTradeNo);
    },
    async reverse({ outTradeNo }) {
      return reverseOutcome(await call("alipay.trade.cancel", { out_trade_no: outTradeNo }), outTradeNo);
    },
    async refund({ outTradeNo, refundNo, amountFen, reason }) {
      const reply = await call("alipay.trade.refund", {
        out_trade_no: outTradeNo,
        refund_amount: fenToYuan(amountFen),
        out_request_no: refundNo,
        refund_reason: plainText(reason, MAX_REASON),
      });
      return refundOutcome(reply, outTradeNo);
    },
    async queryRefund({ outTradeNo, refundNo }) {
      const order = { out_trade_no: outTradeNo, out_request_no: refundNo };
      return refundQueryOutcome(await call("alipay.trade.fastpay.refund.query", order), outTradeNo, refundNo);
    },
  };
}
