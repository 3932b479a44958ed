import { plainText } from "../plain.ts";
import type { CodePayChannel } from "../port.ts";
import { type WechatConfig, wechatClient } from "./client.ts";
import { payOutcome, queryOutcome, refundOutcome, reverseOutcome } from "./replies.ts";

const MAX_DESCRIPTION = 40; // 127 bytes at WeChat Pay; Chinese takes three each
const MAX_REASON = 26; // 80 bytes

/**
 * WeChat Pay API v3 code payment (facts/payments.md §1). Construction throws for a set-up that can't work: no
 * merchant key, no platform key to verify with, a base URL with a path.
 */
export function wechatChannel(config: WechatConfig): CodePayChannel {
  const { mchid, appid } = config;
  const call = wechatClient(config);
  const orderPath = (outTradeNo: string) => `v3/pay/transactions/out-trade-no/${encodeURIComponent(outTradeNo)}`;

  return {
    name: "wechat",
    async pay({ outTradeNo, amountFen, authCode, description, terminalId, storeId, deviceIp }) {
      const body = {
        appid,
        mchid,
        description: plainText(description, MAX_DESCRIPTION),
        out_trade_no: outTradeNo,
        payer: { auth_code: authCode },
        amount: { total: amountFen, currency: "CNY" },
        scene_info: {
          device_id: terminalId,
          ...(deviceIp === undefined ? {} : { device_ip: deviceIp }),
          store_info: { out_id: storeId ?? terminalId },
        },
      };
      const reply = await call({ method: "POST", path: "v3/pay/transactions/codepay", body });
      return payOutcome(reply, { mchid, appid, outTradeNo });
    },
    async query({ outTradeNo }) {
      const reply = await call({ method: "GET", path: orderPath(outTradeNo), query: { mchid } });
      return queryOutcome(reply, { mchid, appid, outTradeNo });
    },
    async reverse({ outTradeNo }) {
      const body = { appid, mchid };
      return reverseOutcome(await call({ method: "POST", path: `${orderPath(outTradeNo)}/reverse`, body }));
    },
    async refund({ outTradeNo, refundNo, amountFen, totalFen, reason }) {
      const body = {
        out_trade_no: outTradeNo,
        out_refund_no: refundNo,
        reason: plainText(reason, MAX_REASON),
        amount: { refund: amountFen, total: totalFen, currency: "CNY" },
      };
      const reply = await call({ method: "POST", path: "v3/refund/domestic/refunds", body });
      const outcome = refundOutcome(reply, { outTradeNo, refundNo, amountFen });
      // No order under this number is no "refund not found": there is nothing to give back.
      return outcome.kind === "notFound" ? { kind: "failed", code: "ORDER_NOT_EXIST" } : outcome;
    },
    async queryRefund({ outTradeNo, refundNo }) {
      const path = `v3/refund/domestic/refunds/${encodeURIComponent(refundNo)}`;
      return refundOutcome(await call({ method: "GET", path }), { outTradeNo, refundNo });
    },
  };
}
