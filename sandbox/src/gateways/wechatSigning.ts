import { createPrivateKey, createPublicKey, createSign, createVerify, type KeyObject, randomBytes } from "node:crypto";
import type { FaultTaker } from "./faults.ts";
import type { Answer } from "./http.ts";
import { type GatewayKeys, newestCertificate } from "./keys.ts";

/** WeChat Pay's two directions of signing (facts/payments.md §1.1, §1.2), from the gateway's side. */
export interface WechatMerchant {
  mchid: string;
  /** Of the service account. */
  appid: string;
  miniAppid: string;
  /** Serial of the merchant's certificate, named in each request. */
  serial: string;
}

/** The name of the platform's public key; a certificate goes by its serial. */
export const PUBLIC_KEY_ID = "PUB_KEY_ID_0119000001092026010100000000000001";
const UNKNOWN_SERIAL = "PUB_KEY_ID_0000000000000000000000000000000000";
const ALLOWED_SKEW_S = 300;
export const STALE_BY_S = 400;

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

/** What WeChat Pay puts into the headers of replies and messages. */
export interface PlatformHeaders {
  "Wechatpay-Timestamp": string;
  "Wechatpay-Nonce": string;
  "Wechatpay-Signature": string;
  "Wechatpay-Serial": string;
  "Wechatpay-Signature-Type": string;
}

/** Signs with the key of that serial. `timestamp` in seconds. */
export function makePlatformSigner(keys: GatewayKeys) {
  const publicKey = createPrivateKey(keys.wechatPublicKey.privateKeyPem);
  const keyOf = (serial: string): KeyObject => {
    const found = keys.wechatCertificates.find((each) => each.serial === serial);
    return found === undefined ? publicKey : createPrivateKey(found.privateKeyPem);
  };
  return function sign(what: { timestamp: number; nonce: string; body: string; serial: string }): PlatformHeaders {
    const message = `${what.timestamp}\n${what.nonce}\n${what.body}\n`;
    return {
      "Wechatpay-Timestamp": String(what.timestamp),
      "Wechatpay-Nonce": what.nonce,
      "Wechatpay-Signature": createSign("RSA-SHA256").update(message).sign(keyOf(what.serial), "base64"),
      "Wechatpay-Serial": what.serial,
      "Wechatpay-Signature-Type": "WECHATPAY2-SHA256-RSA2048",
    };
  };
}

/** Signs replies; which key is used follows the serial the request asked for, as it does for a migrating merchant. */
export function makeReplySigner(keys: GatewayKeys, faults: Pick<FaultTaker, "take">, wallClock: () => number) {
  const sign = makePlatformSigner(keys);
  return function reply(status: number, value: unknown, askedSerial: string | undefined): Answer {
    // A close is answered with 204 and nothing; nothing is what is signed then.
    const body = value === undefined ? "" : JSON.stringify(value);
    const nonce = randomBytes(16).toString("hex");
    const plain = { "Content-Type": "application/json; charset=utf-8", "Request-ID": `08${nonce}` };
    if (faults.take("unsigned", "wechat")) return { kind: "reply", status, headers: plain, body };
    const age = faults.take("staleTimestamp", "wechat") ? STALE_BY_S : 0;
    const timestamp = Math.floor(wallClock() / 1000) - age;
    const known = [PUBLIC_KEY_ID, ...keys.wechatCertificates.map((each) => each.serial)];
    const serial = known.find((each) => each === askedSerial) ?? newestCertificate(keys).serial;
    const signedBody = faults.take("badSignature", "wechat") ? "other bytes" : body;
    const headers = { ...plain, ...sign({ timestamp, nonce, body: signedBody, serial }) };
    if (faults.take("wrongSerial", "wechat")) headers["Wechatpay-Serial"] = UNKNOWN_SERIAL;
    return { kind: "reply", status, headers, body };
  };
}

/** What the payer's page hands to the wallet (facts/payments.md §1.4). */
export interface PayParams {
  appId: string;
  timeStamp: string;
  nonceStr: string;
  package: string;
  signType: string;
  paySign: string;
}

/** The wallet's own check: signed by our merchant for this app and this prepay id. */
export function makePaySignCheck(keys: GatewayKeys) {
  const key = createPublicKey(keys.wechatMerchant.publicKeyPem);
  return function check({ appId, timeStamp, nonceStr, package: pack, signType, paySign }: PayParams): boolean {
    if (signType !== "RSA" || !/^\d{10}$/.test(timeStamp) || nonceStr.length > 32) return false;
    const message = `${appId}\n${timeStamp}\n${nonceStr}\n${pack}\n`;
    return createVerify("RSA-SHA256").update(message).verify(key, paySign, "base64");
  };
}
