import { type KeyObject, verify } from "node:crypto";
import { Formatter, Rsa } from "wechatpay-axios-plugin";

/** Texts that WeChat Pay signs or wants signed, outside of the client's own calls (facts/payments.md §1.1, §1.2, §1.4). */

/** What a front end hands to the wallet; the same for H5 and mini program. */
export function signPay(
  order: { appId: string; timeStamp: string; nonceStr: string; package: string },
  privateKey: KeyObject,
): string {
  return Rsa.sign(payMessage(order), privateKey);
}

export function payMessage(order: { appId: string; timeStamp: string; nonceStr: string; package: string }): string {
  return Formatter.joinedByLineFeed(order.appId, order.timeStamp, order.nonceStr, order.package);
}

/** The `Authorization` of a GET that doesn't go through the client. */
export function authorization(
  merchant: { mchid: string; serial: string; privateKey: KeyObject },
  pathAndQuery: string,
): string {
  const nonce = Formatter.nonce();
  const timestamp = Formatter.timestamp();
  const signature = Rsa.sign(Formatter.request("GET", pathAndQuery, timestamp, nonce), merchant.privateKey);
  return Formatter.authorization(merchant.mchid, nonce, signature, timestamp, merchant.serial);
}

/** 256 bytes or more in base64, complete: the decoder of Node would take anything. */
const SIGNATURE = /^[0-9A-Za-z+/]{342,1024}={0,2}$/;

/**
 * Whether the platform signed these very bytes. Not by the library, which asks for text: bytes decoded and encoded again
 * are others.
 */
export function signedBytes(
  message: { timestamp: string; nonce: string; body: Uint8Array },
  signature: string,
  key: KeyObject,
): boolean {
  if (!SIGNATURE.test(signature)) return false;
  const head = Buffer.from(`${message.timestamp}\n${message.nonce}\n`);
  const bytes = Buffer.concat([head, message.body, Buffer.from("\n")]);
  return verify("RSA-SHA256", bytes, key, Buffer.from(signature, "base64"));
}
