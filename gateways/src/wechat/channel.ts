import { plainText } from "../plain.ts";
import type { CodePayChannel } from "../port.ts";
import { wechatBills } from "./bills.ts";
import { orderPath, type WechatConfig, wechatBase, wechatClient } from "./client.ts";
import { wechatNotifications } from "./notifications.ts";
import { platformKeys } from "./platformKeys.ts";
import { wechatPrepay } from "./prepay.ts";
import { refundOutcome } from "./refundReplies.ts";
import { type Ours, payOutcome, queryOutcome, reverseOutcome } from "./replies.ts";

const MAX_DESCRIPTION = 40; // 127 bytes at WeChat Pay; Chinese takes three each
const MAX_REASON = 26; // 80 bytes
const keysTimeoutMs = 15_000;

/**
 * WeChat Pay API v3 (facts/payments.md §1). Construction throws for a set-up that can't work: no merchant key, no
 * platform key to verify with, a base URL with a path, a notify URL without the key to read what comes there.
 */
export function wechatChannel(config: WechatConfig): CodePayChannel {
  const { mchid, appid, miniAppid, apiV3Key, notifyUrl } = config;
  const keys = platformKeys({ ...config, base: wechatBase(config), timeoutMs: config.timeoutMs ?? keysTimeoutMs });
  const call = wechatClient(config, keys);
  const ours: Ours = { mchid, appids: miniAppid === undefined ? [appid] : [appid, miniAppid] };
  if (notifyUrl !== undefined && apiV3Key === undefined)
    throw new Error("WeChat Pay: notifications can't be read without the APIv3 key");

  return {
    name: "wechat",
    ...(notifyUrl === undefined ? {} : { prepay: wechatPrepay(config, notifyUrl, call) }),
    ...(apiV3Key === undefined ? {} : { notifications: wechatNotifications(keys, apiV3Key, ours) }),
    bills: wechatBills(config, call),
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
      return payOutcome(reply, { ...ours, outTradeNo });
    },
    async query({ outTradeNo }) {
      const reply = await call({ method: "GET", path: orderPath(outTradeNo), query: { mchid } });
      return queryOutcome(reply, { ...ours, outTradeNo });
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
        ...(notifyUrl === undefined ? {} : { notify_url: notifyUrl }),
        amount: { refund: amountFen, total: totalFen, currency: "CNY" },
      };
      const reply = await call({ method: "POST", path: "v3/refund/domestic/refunds", body });
      const outcome = refundOutcome(reply, { outTradeNo, refundNo, amountFen });
      // No order under this number is no "refund not found": there is nothing to give back.
      // Nor is it to be paid out in another way, so a person looks first.
      return outcome.kind === "notFound" ? { kind: "failed", code: "ORDER_NOT_EXIST", never: false } : outcome;
    },
    async queryRefund({ outTradeNo, refundNo }) {
      const path = `v3/refund/domestic/refunds/${encodeURIComponent(refundNo)}`;
      return refundOutcome(await call({ method: "GET", path }), { outTradeNo, refundNo });
    },
  };
}
