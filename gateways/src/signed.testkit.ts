import { createCipheriv, createHash, generateKeyPairSync, randomBytes, sign } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { RawNotification } from "./port.ts";
import { type PlatformKeys, platformKeys } from "./wechat/platformKeys.ts";

/** The other side's signatures, made by keys of our own, for messages that no honest gateway would send. */
export function keyPair(): { privateKey: string; publicKey: string } {
  return generateKeyPairSync("rsa", {
    modulusLength: 2048,
    publicKeyEncoding: { type: "spki", format: "pem" },
    privateKeyEncoding: { type: "pkcs8", format: "pem" },
  });
}

export const rsa = (text: string | Buffer, privateKey: string): string =>
  sign("RSA-SHA256", typeof text === "string" ? Buffer.from(text) : text, privateKey).toString("base64");

export const NOW = Date.UTC(2026, 10, 22, 2, 0, 0);
export const API_V3_KEY = "0123456789abcdefghijklmnopqrstuv";
export const PUBLIC_KEY_ID = "PUB_KEY_ID_0119000001092026010100000000000001";
export const CERT_SERIAL = "5F1C7A0B3D9E42688A40C1D2E3F405162738495A";

export interface WechatPlatform {
  platformCerts: Record<string, string>;
  keys: Record<string, string>;
}
/** A platform in the middle of a migration: it signs with either kind of key. */
export function wechatPlatform(): WechatPlatform {
  const [newer, older] = [keyPair(), keyPair()];
  return {
    platformCerts: { [PUBLIC_KEY_ID]: newer.publicKey, [CERT_SERIAL]: older.publicKey },
    keys: { [PUBLIC_KEY_ID]: newer.privateKey, [CERT_SERIAL]: older.privateKey },
  };
}

/** Those keys and no others. */
export const keysOf = ({ platformCerts }: WechatPlatform): PlatformKeys =>
  platformKeys({
    base: new URL("http://127.0.0.1:9"),
    mchid: "1900000109",
    serial: "444F4864EA9B34415A3AFA4F6C4CE1F4E7C1E5AD",
    privateKeyPem: keyPair().privateKey,
    platformCerts,
    timeoutMs: 100,
  });

export function wechatHeaders(
  { keys }: WechatPlatform,
  body: string | Buffer,
  { serial = PUBLIC_KEY_ID, at = NOW } = {},
): Record<string, string> {
  const [timestamp, nonce] = [String(Math.floor(at / 1000)), randomBytes(16).toString("hex")];
  const bytes = Buffer.concat([Buffer.from(`${timestamp}\n${nonce}\n`), Buffer.from(body), Buffer.from("\n")]);
  return {
    "wechatpay-timestamp": timestamp,
    "wechatpay-nonce": nonce,
    "wechatpay-serial": serial,
    "wechatpay-signature": rsa(bytes, keys[serial] ?? ""),
  };
}

/** Encrypts like WeChat Pay: the tag stands behind the text. */
export const encrypted = (value: unknown, aad = "transaction", key = API_V3_KEY) =>
  encryptedText(JSON.stringify(value), aad, key);

export function encryptedText(plain: string, aad: string, key = API_V3_KEY) {
  const nonce = randomBytes(6).toString("hex");
  const cipher = createCipheriv("aes-256-gcm", key, nonce).setAAD(Buffer.from(aad));
  const text = Buffer.concat([cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
  const ciphertext = text.toString("base64");
  return { original_type: aad, algorithm: "AEAD_AES_256_GCM", ciphertext, associated_data: aad, nonce };
}

export function wechatEvent(type: string, resource: object, id = "EV-2018022511223320873"): string {
  return JSON.stringify({
    id,
    create_time: "2026-11-22T10:00:00+08:00",
    resource_type: "encrypt-resource",
    event_type: type,
    resource,
  });
}

export function wechatMessage(
  platform: WechatPlatform,
  body: string | Buffer,
  options?: { serial?: string; at?: number },
): RawNotification {
  return { headers: wechatHeaders(platform, body, options), body: Buffer.from(body) };
}

/** Answers a WeChat Pay call, well signed unless told otherwise. */
export function wechatReply(
  platform: WechatPlatform,
  response: ServerResponse,
  status: number,
  value?: unknown,
  headers?: Record<string, string>,
): void {
  const body = value === undefined ? "" : JSON.stringify(value);
  response.writeHead(status, headers ?? wechatHeaders(platform, body, { at: Date.now() })).end(body);
}

/** A form as Alipay sends it; `signed` is what the signature covers, where that isn't what is sent. */
export function alipayForm(fields: Record<string, string>, privateKey: string, signed = fields): string {
  const text = Object.keys(signed)
    .filter((name) => name !== "sign" && name !== "sign_type")
    .sort()
    .map((name) => `${name}=${signed[name]}`)
    .join("&");
  return new URLSearchParams({ ...fields, sign: rsa(text, privateKey) }).toString();
}

/** An acquirer's signature (docs/acquirer.md) over the answer to the request with that nonce. */
export function acquirerHeaders(nonce: string, body: string, privateKey: string, at = NOW): Record<string, string> {
  const hash = createHash("sha256").update(body).digest("hex");
  return { "Acq-Timestamp": String(at), "Acq-Signature": rsa(`${nonce}\n${at}\n${hash}\n`, privateKey) };
}

/** Answers an acquirer's call; every part can be made wrong. */
export function acquirerReply(
  request: IncomingMessage,
  response: ServerResponse,
  privateKey: string,
  body: string,
  { status = 200, at = NOW, nonce = String(request.headers["acq-nonce"]), sent = body } = {},
): void {
  response.writeHead(status, acquirerHeaders(nonce, body, privateKey, at)).end(sent);
}
