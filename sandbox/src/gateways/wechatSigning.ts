import { createPrivateKey, createPublicKey, createSign, createVerify, randomBytes } from "node:crypto";
import type { FaultTaker } from "./faults.ts";
import type { Answer } from "./http.ts";
import type { GatewayKeys } from "./keys.ts";

/** WeChat Pay's two directions of signing (facts/payments.md §1.1, §1.2), from the gateway's side. */
export interface WechatMerchant {
  mchid: string;
  appid: string;
  /** Serial of the merchant's certificate, named in each request. */
  serial: string;
}

/** Serials of the platform's keys: the newer public key, and the older platform certificate. */
export const PUBLIC_KEY_ID = "PUB_KEY_ID_0119000001092026010100000000000001";
export const PLATFORM_SERIAL = "5F1C7A0B3D9E42688A40C1D2E3F405162738495A";
const UNKNOWN_SERIAL = "PUB_KEY_ID_0000000000000000000000000000000000";
const ALLOWED_SKEW_S = 300;
const STALE_BY_S = 400;

/** A check that says null when a request is signed by our merchant for these very bytes, else what is wrong. */
export function makeRequestCheck(merchant: WechatMerchant, keys: GatewayKeys, wallClock: () => number) {
  const key = createPublicKey(keys.wechatMerchant.publicKeyPem);
  const scheme = "WECHATPAY2-SHA256-RSA2048 ";

  return function check(request: { method: string; url: string; authorization: string; body: string }): string | null {
    if (!request.authorization.startsWith(scheme)) return "Authorization scheme";
    const fields = new Map<string, string>();
    for (const [, name = "", value = ""] of request.authorization.matchAll(/(\w+)="([^"]*)"/g)) fields.set(name, value);
    const field = (name: string) => fields.get(name) ?? "";
    if (field("mchid") !== merchant.mchid) return "mchid";
    if (field("serial_no") !== merchant.serial) return "serial_no";
    const skew = Math.abs(wallClock() / 1000 - Number(field("timestamp")));
    if (!(skew < ALLOWED_SKEW_S)) return "timestamp";
    const message = `${request.method}\n${request.url}\n${field("timestamp")}\n${field("nonce_str")}\n${request.body}\n`;
    const good = createVerify("RSA-SHA256").update(message).verify(key, field("signature"), "base64");
    return good ? null : "signature";
  };
}

/** Signs replies; which key is used follows the serial the request asked for, as it does for a migrating merchant. */
export function makeReplySigner(keys: GatewayKeys, faults: FaultTaker, wallClock: () => number) {
  const publicKey = createPrivateKey(keys.wechatPublicKey.privateKeyPem);
  const platformKey = createPrivateKey(keys.wechatPlatform.privateKeyPem);
  return function reply(status: number, value: unknown, askedSerial: string | undefined): Answer {
    const body = JSON.stringify(value);
    const nonce = randomBytes(16).toString("hex");
    const plain = { "Content-Type": "application/json; charset=utf-8", "Request-ID": `08${nonce}` };
    if (faults.take("unsigned", "wechat")) return { kind: "reply", status, headers: plain, body };
    const byPublicKey = askedSerial === PUBLIC_KEY_ID;
    const age = faults.take("staleTimestamp", "wechat") ? STALE_BY_S : 0;
    const timestamp = String(Math.floor(wallClock() / 1000) - age);
    const message = faults.take("badSignature", "wechat") ? "other bytes" : `${timestamp}\n${nonce}\n${body}\n`;
    const key = byPublicKey ? publicKey : platformKey;
    const serial = byPublicKey ? PUBLIC_KEY_ID : PLATFORM_SERIAL;
    const headers = {
      ...plain,
      "Wechatpay-Timestamp": timestamp,
      "Wechatpay-Nonce": nonce,
      "Wechatpay-Signature": createSign("RSA-SHA256").update(message).sign(key, "base64"),
      "Wechatpay-Serial": faults.take("wrongSerial", "wechat") ? UNKNOWN_SERIAL : serial,
      "Wechatpay-Signature-Type": "WECHATPAY2-SHA256-RSA2048",
    };
    return { kind: "reply", status, headers, body };
  };
}
