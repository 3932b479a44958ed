import { Agent as HttpAgent } from "node:http";
import { Agent as HttpsAgent } from "node:https";
import { Type } from "typebox";
import { Compile } from "typebox/compile";
import { Decorator } from "wechatpay-axios-plugin";
import { nothingLeft, safeCode } from "../plain.ts";
import type { PlatformKeys } from "./platformKeys.ts";

export interface WechatConfig {
  mchid: string;
  /** Of the service account: payment codes and H5. */
  appid: string;
  /** Of the mini program, where there is one. */
  miniAppid?: string;
  /** Serial of the merchant's own certificate (hex). */
  serial: string;
  /** The merchant's private key, PEM. */
  privateKeyPem: string;
  /**
   * Serial → PEM of the platform's keys: `PUB_KEY_ID_…` public key, platform certificate, or both while migrating. Further
   * certificates are fetched with the APIv3 key (platformKeys.ts); with it, none at all need be named here.
   */
  platformCerts: Record<string, string>;
  /** Which of them replies are asked to be signed with; the public key if there is one. */
  replySerial?: string;
  /** 32 bytes; notifications are encrypted with it. Without it none can be read, and there is no prepay. */
  apiV3Key?: string;
  /** Where WeChat Pay sends notifications: public, without a query. Without it there is no prepay. */
  notifyUrl?: string;
  /** WeChat Pay's own host when left out. A path would enter the signed URL, so only a bare origin is taken. */
  baseUrl?: string;
  timeoutMs?: number;
  /** The whole download of one bill. */
  billTimeoutMs?: number;
}

/** One call's result, before anybody asks what it means. */
export type WechatReply =
  /** The bytes were signed by the platform; any HTTP status. */
  | { kind: "signed"; status: number; body: unknown }
  /** An error reply without a good signature: a hint, never a proof. */
  | { kind: "unsigned"; status: number; body: unknown; why: string }
  /** No usable reply. `notSent`: the connection never stood. */
  | { kind: "silent"; why: string; notSent: boolean };

export interface WechatCall {
  method: "GET" | "POST";
  path: string;
  query?: Record<string, string>;
  body?: unknown;
}

/** What the library calls a serial that it has no key for. */
const UNKNOWN_SERIAL = "EV3_RES_HEADER_PLATFORM_SERIAL";
const MAX_REPLY_BYTES = 1024 * 1024;
const DEFAULT_TIMEOUT_MS = 15_000;

/** The parts of an axios error that are looked at; its message, config and request hold the payment code. */
const Failure = Compile(
  Type.Object({
    code: Type.Optional(Type.String()),
    response: Type.Optional(Type.Object({ status: Type.Integer(), data: Type.Unknown() })),
  }),
);

function parse(data: unknown): unknown {
  if (typeof data !== "string") return data;
  try {
    return JSON.parse(data);
  } catch {
    return undefined;
  }
}

/** Of several certificates the one that came last. */
const replySerialOf = (serials: readonly string[], wanted: string | undefined): string | undefined =>
  serials.find((each) => each === wanted) ?? serials.find((each) => each.startsWith("PUB_KEY_ID_")) ?? serials.at(-1);

export const orderPath = (outTradeNo: string): string =>
  `v3/pay/transactions/out-trade-no/${encodeURIComponent(outTradeNo)}`;

/** @throws for a base URL with a path, which would enter the signed URL. */
export function wechatBase(config: WechatConfig): URL {
  const base = new URL(config.baseUrl ?? "https://api.mch.weixin.qq.com/");
  if (base.pathname !== "/") throw new Error("WeChat Pay: the base URL must not have a path");
  return base;
}

/**
 * Sends signed requests and verifies replies with `wechatpay-axios-plugin`. Beyond its defaults: error replies are
 * verified too (it skips them otherwise), proxies from the environment are ignored, redirects are not followed, and a
 * connection is used once, so that `pay` can't land on one the gateway is just closing.
 */
export function wechatClient(config: WechatConfig, keys: PlatformKeys): (call: WechatCall) => Promise<WechatReply> {
  const { replySerial, platformCerts } = config;
  if (replySerial !== undefined && !Object.hasOwn(platformCerts, replySerial))
    throw new Error(`WeChat Pay: no platform key with serial ${replySerial}`);
  const timeoutMs = config.timeoutMs ?? DEFAULT_TIMEOUT_MS;
  const make = keptWhile((pems: Readonly<Record<string, string>>) => clientWith(config, pems));

  return async function call({ method, path, query, body }) {
    await keys.ready(Date.now());
    const pems = keys.valid(Date.now());
    if (Object.keys(pems).length === 0) return { kind: "silent", why: "noPlatformKey", notSent: true };
    try {
      const response = await make(pems).v3.request<unknown>({
        method,
        url: path,
        // Not axios' own timeout, which starts anew with every byte that drips in.
        signal: AbortSignal.timeout(timeoutMs),
        ...(query === undefined ? {} : { params: query }),
        ...(body === undefined ? {} : { data: body }),
      });
      return { kind: "signed", status: response.status, body: response.data };
    } catch (error) {
      if (!Failure.Check(error)) return { kind: "silent", why: "noCode", notSent: false };
      const why = error.code === "ERR_CANCELED" ? "ETIMEDOUT" : safeCode(error.code);
      if (why === UNKNOWN_SERIAL) keys.missing(Date.now());
      if (error.response === undefined) return { kind: "silent", why, notSent: nothingLeft(why) };
      const { status, data } = error.response;
      return { kind: "unsigned", status, body: parse(data), why };
    }
  };
}

function clientWith(config: WechatConfig, pems: Readonly<Record<string, string>>): Decorator {
  return new Decorator({
    baseURL: wechatBase(config).href,
    proxy: false,
    maxRedirects: 0,
    maxContentLength: MAX_REPLY_BYTES,
    httpAgent: new HttpAgent({ keepAlive: false }),
    httpsAgent: new HttpsAgent({ keepAlive: false }),
    validateStatus: () => true,
    mchid: config.mchid,
    serial: config.serial,
    privateKey: config.privateKeyPem,
    certs: { ...pems },
    headers: { "Wechatpay-Serial": replySerialOf(Object.keys(pems), config.replySerial) ?? "" },
  });
}

/** Makes it anew only when what it is made of has changed. */
function keptWhile<T>(make: (pems: Readonly<Record<string, string>>) => T) {
  let last: { of: string; made: T } | null = null;
  return (pems: Readonly<Record<string, string>>): T => {
    const of = Object.keys(pems).join(" ");
    last = last?.of === of ? last : { of, made: make(pems) };
    return last.made;
  };
}
