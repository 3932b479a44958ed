import { createCipheriv, createPrivateKey, createSign, randomBytes } from "node:crypto";
import { tradeStatus } from "./alipay.ts";
import { beijingClock, beijingTime, yuan } from "./http.ts";
import type { GatewayKeys } from "./keys.ts";
import { type BankEvent, refundedFen } from "./money.ts";
import type { CallbackRow, Trade } from "./rows.ts";
import { refundMessage, tradeBody } from "./wechatBodies.ts";
import { makePlatformSigner, STALE_BY_S, type WechatMerchant } from "./wechatSigning.ts";

/**
 * What the gateways write to their merchant (facts/payments.md §1.3, §2.1): the content when it happens, the envelope at
 * each sending.
 */
export interface CallbackMerchant {
  wechat: WechatMerchant;
  appId: string;
  sellerId: string;
}
export type CallbackContent = Pick<CallbackRow, "gateway" | "event" | "outTradeNo" | "refundNo" | "url" | "payload">;

/** Null: this is told to nobody. Code payments at WeChat Pay have no message, and the acquirer sends none at all. */
export function contentOf(event: BankEvent, merchant: CallbackMerchant, now: number): CallbackContent | null {
  if (event.trade.gateway === "wechat") return wechatContent(event, merchant.wechat);
  return event.trade.gateway === "alipay" ? alipayContent(event, merchant, now) : null;
}

function wechatContent(event: BankEvent, merchant: WechatMerchant): CallbackContent | null {
  const { trade } = event;
  const of = { gateway: "wechat", outTradeNo: trade.outTradeNo } as const;
  if (event.kind === "paid" && trade.prepay !== null && trade.notifyUrl !== null) {
    const payload = JSON.stringify(tradeBody(trade, merchant));
    return { ...of, event: "TRANSACTION.SUCCESS", refundNo: null, url: trade.notifyUrl, payload };
  }
  if (event.kind === "refund" && event.refund.notifyUrl !== null) {
    const { refund } = event;
    const payload = JSON.stringify(refundMessage(trade, refund, merchant.mchid));
    const names = { success: "SUCCESS", abnormal: "ABNORMAL", closed: "CLOSED", processing: "PROCESSING" } as const;
    return {
      ...of,
      event: `REFUND.${names[refund.state]}`,
      refundNo: refund.refundNo,
      url: refund.notifyUrl ?? "",
      payload,
    };
  }
  return null;
}

function alipayContent(event: BankEvent, merchant: CallbackMerchant, now: number): CallbackContent | null {
  const { trade } = event;
  if (trade.notifyUrl === null) return null;
  // A refund that is told is one that moved money; `refund_fee` is the sum of all so far. From memory.
  const refund = event.kind === "refund" ? event.refund : null;
  if (refund !== null && refund.state !== "success") return null;
  const payload = JSON.stringify({
    notify_type: "trade_status_sync",
    charset: "utf-8",
    version: "1.0",
    sign_type: "RSA2",
    app_id: merchant.appId,
    seller_id: merchant.sellerId,
    ...alipayTrade(trade),
    ...(refund === null
      ? {}
      : {
          refund_fee: yuan(refundedFen(trade)),
          out_biz_no: refund.refundNo,
          gmt_refund: `${beijingClock(refund.doneAt ?? now)}.000`,
        }),
    ...(event.kind === "closed" || event.kind === "reversed" ? { gmt_close: beijingClock(now) } : {}),
  });
  const refundNo = refund?.refundNo ?? null;
  return {
    gateway: "alipay",
    event: tradeStatus(trade),
    outTradeNo: trade.outTradeNo,
    refundNo,
    url: trade.notifyUrl,
    payload,
  };
}

function alipayTrade(trade: Trade): Record<string, string> {
  const paid: Record<string, string> =
    trade.paidAt === null
      ? {}
      : {
          receipt_amount: yuan(trade.amountFen),
          buyer_pay_amount: yuan(trade.amountFen),
          invoice_amount: yuan(trade.amountFen),
          gmt_payment: beijingClock(trade.paidAt),
          fund_bill_list: JSON.stringify([{ amount: yuan(trade.amountFen), fundChannel: "ALIPAYACCOUNT" }]),
        };
  return {
    trade_no: trade.tradeNo,
    out_trade_no: trade.outTradeNo,
    total_amount: yuan(trade.amountFen),
    subject: trade.description,
    trade_status: tradeStatus(trade),
    buyer_logon_id: "138****0000",
    gmt_create: beijingClock(trade.createdAt),
    ...paid,
  };
}

/** How one sending is made wrong. */
export type Spoil = "forged" | "stale" | "probe" | "undecryptable" | null;
export interface Letter {
  headers: Record<string, string>;
  body: string;
}

const TYPES: Readonly<Record<string, string>> = { TRANSACTION: "transaction", REFUND: "refund" };

/** Seals messages anew for each sending: other nonces and times, the same id. */
export function makeEnvelopes(keys: GatewayKeys, wallClock: () => number) {
  const sign = makePlatformSigner(keys);
  const alipayKey = createPrivateKey(keys.alipayPlatform.privateKeyPem);
  // A forger has some key, under whatever name: here the merchant's own, which is no gateway's.
  const forger = createPrivateKey(keys.wechatMerchant.privateKeyPem);

  function encrypted(row: CallbackRow, spoil: Spoil): Record<string, string> {
    const nonce = randomBytes(6).toString("hex");
    const type = TYPES[row.event.split(".")[0] ?? ""] ?? "transaction";
    const key = spoil === "undecryptable" ? "0".repeat(32) : keys.wechatApiV3Key;
    const cipher = createCipheriv("aes-256-gcm", key, nonce).setAAD(Buffer.from(type));
    const text = Buffer.concat([cipher.update(row.payload, "utf8"), cipher.final(), cipher.getAuthTag()]);
    return {
      original_type: type,
      algorithm: "AEAD_AES_256_GCM",
      ciphertext: text.toString("base64"),
      associated_data: type,
      nonce,
    };
  }

  function wechat(row: CallbackRow, serial: string, spoil: Spoil): Letter {
    const body = JSON.stringify({
      id: row.id,
      create_time: beijingTime(row.createdAt),
      resource_type: "encrypt-resource",
      event_type: row.event,
      summary: row.event.startsWith("REFUND") ? "退款通知" : "支付成功",
      resource: encrypted(row, spoil),
    });
    const nonce = randomBytes(16).toString("hex");
    const timestamp = Math.floor(wallClock() / 1000) - (spoil === "stale" ? STALE_BY_S : 0);
    const headers = sign({ timestamp, nonce, body, serial });
    if (spoil === "probe") headers["Wechatpay-Signature"] = `WECHATPAY/SIGNTEST/${headers["Wechatpay-Signature"]}`;
    if (spoil === "forged") {
      const message = `${timestamp}\n${nonce}\n${body}\n`;
      headers["Wechatpay-Signature"] = createSign("RSA-SHA256").update(message).sign(forger, "base64");
    }
    return { headers: { ...headers, "Content-Type": "application/json" }, body };
  }

  function alipay(row: CallbackRow, spoil: Spoil): Letter {
    // The payload was written by this module: an object of strings.
    const fields: Record<string, string> = JSON.parse(row.payload);
    fields.notify_id = row.id;
    fields.notify_time = beijingClock(wallClock());
    const text = Object.keys(fields)
      .filter((name) => name !== "sign_type")
      .sort()
      .map((name) => `${name}=${fields[name]}`)
      .join("&");
    const key = spoil === "forged" ? forger : alipayKey;
    fields.sign = createSign("RSA-SHA256").update(text, "utf8").sign(key, "base64");
    const headers = { "Content-Type": "application/x-www-form-urlencoded; charset=utf-8" };
    return { headers, body: new URLSearchParams(fields).toString() };
  }

  return (row: CallbackRow, serial: string, spoil: Spoil): Letter =>
    row.gateway === "wechat" ? wechat(row, serial, spoil) : alipay(row, spoil);
}
