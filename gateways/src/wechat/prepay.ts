import { createPrivateKey } from "node:crypto";
import { beijingRfc3339 } from "../beijing.ts";
import { plainText } from "../plain.ts";
import type { PrepayDoor } from "../port.ts";
import { orderPath, type WechatCall, type WechatConfig, type WechatReply } from "./client.ts";
import { closeOutcome, prepayOutcome } from "./replies.ts";
import { signPay } from "./signing.ts";

const MAX_DESCRIPTION = 40; // 127 bytes at WeChat Pay; Chinese takes three each

/**
 * Paying on the customer's own phone: JSAPI and mini program share one endpoint and differ by the appid, which must be
 * the one that the openid belongs to (facts/payments.md §1.4, facts/wechat.md §5.5).
 */
export function wechatPrepay(
  config: WechatConfig,
  notifyUrl: string,
  call: (call: WechatCall) => Promise<WechatReply>,
): PrepayDoor {
  checkNotifyUrl(notifyUrl);
  const { mchid, appid, miniAppid } = config;
  const privateKey = createPrivateKey(config.privateKeyPem);
  const appidOf = (app: "h5" | "mini"): string | undefined => (app === "h5" ? appid : miniAppid);

  return {
    async prepare({ outTradeNo, amountFen, app, openid, description, expireAt }) {
      const ourAppid = appidOf(app);
      if (ourAppid === undefined) return { kind: "misconfigured", code: "noMiniAppid" };
      const body = {
        appid: ourAppid,
        mchid,
        description: plainText(description, MAX_DESCRIPTION),
        out_trade_no: outTradeNo,
        time_expire: beijingRfc3339(expireAt),
        notify_url: notifyUrl,
        amount: { total: amountFen, currency: "CNY" },
        payer: { openid },
      };
      return prepayOutcome(await call({ method: "POST", path: "v3/pay/transactions/jsapi", body }));
    },
    payParams({ app, prepayId }, now, nonce) {
      const appId = appidOf(app);
      if (appId === undefined) throw new Error("WeChat Pay: no appid of the mini program");
      if (!/^[0-9A-Za-z]{16,32}$/.test(nonce)) throw new RangeError("a nonce is 16 to 32 letters and digits");
      const timeStamp = String(Math.floor(now / 1000));
      const order = { appId, timeStamp, nonceStr: nonce, package: `prepay_id=${prepayId}` };
      return { ...order, signType: "RSA", paySign: signPay(order, privateKey) };
    },
    async close({ outTradeNo }) {
      const path = `${orderPath(outTradeNo)}/close`;
      return closeOutcome(await call({ method: "POST", path, body: { mchid } }));
    },
  };
}

/** WeChat Pay drops the query, and takes only what begins with http(s). */
function checkNotifyUrl(text: string): void {
  const url = new URL(text);
  const plain = url.search === "" && url.hash === "" && (url.protocol === "https:" || url.protocol === "http:");
  if (!plain) throw new Error("WeChat Pay: the notify URL must be http(s) without a query");
}
