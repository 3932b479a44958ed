import { createPrivateKey, createPublicKey } from "node:crypto";
import type { AlipaySdkConfig } from "alipay-sdk";
import { Type } from "typebox";
import { Compile } from "typebox/compile";
import { beijingText } from "../beijing.ts";
import { nothingLeft, safeCode } from "../plain.ts";
import { SendOnceAgent, sendingOnce } from "./sendOnce.ts";
import { StrictAlipaySdk } from "./strictSdk.ts";

export interface AlipayConfig {
  appId: string;
  /** The app's private key: PEM (PKCS#1 or PKCS#8) or the bare base64 (PKCS#8) that Alipay's tools show. */
  privateKeyPem: string;
  /** Alipay's public key (not the app's): PEM or bare base64. */
  alipayPublicKeyPem: string;
  /** Alipay's own gateway when left out. */
  gatewayUrl?: string;
  /** The merchant's number at Alipay (2088…). Without it notifications can't be told from another's, and none is read. */
  sellerId?: string;
  /** Where Alipay sends notifications of the payments it is given. */
  notifyUrl?: string;
  timeoutMs?: number;
  /** The whole download of one bill. */
  billTimeoutMs?: number;
  /** The clock of the request timestamp, in ms. */
  now?: () => number;
}

export type AlipayReply =
  /** The reply's own object, its signature verified. */
  | { kind: "signed"; body: unknown }
  /** No reply that counts; `why` may quote a code of an unverified body. `notSent`: the connection never stood. */
  | { kind: "silent"; why: string; notSent: boolean };

const DEFAULT_TIMEOUT_MS = 15_000;
const SDK_GRACE_MS = 1_000;

/** The parts of an SDK error that are looked at; its message and causes may hold the request. */
const WithCause = Compile(
  Type.Object({
    code: Type.Optional(Type.String()),
    name: Type.Optional(Type.String()),
    cause: Type.Optional(Type.Unknown()),
  }),
);
const WithRaw = Compile(Type.Object({ responseDataRaw: Type.String() }));
const ErrorResponse = Compile(
  Type.Object({ error_response: Type.Object({ code: Type.String(), sub_code: Type.Optional(Type.String()) }) }),
);

const MAX_CAUSES = 5;

/** The innermost network code of an error, such as ECONNREFUSED; the error's name if there is none. */
function networkCode(error: unknown): string {
  let code = "noCode";
  let each: unknown = error;
  for (let depth = 0; depth < MAX_CAUSES && WithCause.Check(each); depth += 1) {
    code = safeCode(each.code ?? each.name);
    each = each.cause;
  }
  return code;
}

/** Names an `error_response`, which Alipay may send unsigned or signed in a way the SDK can't verify. */
function rawHint(error: unknown): string | null {
  if (!WithRaw.Check(error)) return null;
  try {
    const raw: unknown = JSON.parse(error.responseDataRaw);
    if (!ErrorResponse.Check(raw)) return "badReply";
    return `errorResponse.${safeCode(raw.error_response.sub_code ?? raw.error_response.code)}`;
  } catch {
    return "badReply";
  }
}

function pem(key: string, label: "PRIVATE KEY" | "PUBLIC KEY"): string {
  return key.includes("-----BEGIN") ? key : `-----BEGIN ${label}-----\n${key.trim()}\n-----END ${label}-----`;
}

export const alipayGateway = (config: AlipayConfig): string =>
  config.gatewayUrl ?? "https://openapi.alipay.com/gateway.do";

/** Both keys are read here, because the SDK only prints a warning for a missing one and then verifies nothing. */
export function readKeys(config: AlipayConfig): { privateKey: string; alipayPublicKey: string } {
  if (config.alipayPublicKeyPem.trim() === "") throw new Error("Alipay: no public key of Alipay to verify with");
  const privateKey = createPrivateKey(pem(config.privateKeyPem, "PRIVATE KEY"));
  const publicKey = createPublicKey(pem(config.alipayPublicKeyPem, "PUBLIC KEY"));
  const own = createPublicKey(privateKey);
  if (own.equals(publicKey)) throw new Error("Alipay: the app's own public key was given as Alipay's");
  return {
    privateKey: privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
    alipayPublicKey: publicKey.export({ type: "spki", format: "pem" }).toString(),
  };
}

/** The call's time limit, also for a gateway that drips byte by byte; what comes after it is ignored. */
async function within<T>(work: Promise<T>, timeoutMs: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(Object.assign(new Error("timeout"), { code: "ETIMEDOUT" })), timeoutMs);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Calls gateway.do through `alipay-sdk` with every reply verified. Beyond its defaults: `validateSign` always, Beijing
 * time from our own clock whatever the zone of the process, one request per call, names left as they come on the wire.
 */
export function alipayClient(
  config: AlipayConfig,
): (method: string, bizContent: Record<string, string>, notifyUrl?: string) => Promise<AlipayReply> {
  const { privateKey, alipayPublicKey } = readKeys(config);
  const timeoutMs = config.timeoutMs ?? DEFAULT_TIMEOUT_MS;
  const now = config.now ?? Date.now;
  const settings: AlipaySdkConfig = {
    appId: config.appId,
    privateKey,
    keyType: "PKCS8",
    signType: "RSA2",
    alipayPublicKey,
    gateway: alipayGateway(config),
    // Per wait for bytes, and coarse; the limit of the whole call is held by `within`.
    timeout: timeoutMs + SDK_GRACE_MS,
    camelcase: false,
  };
  // Not enumerable: the SDK copies its settings key by key, deeply, and would take the agent apart. Its type asks for a
  // proxy agent but any dispatcher serves.
  Object.defineProperty(settings, "proxyAgent", { value: new SendOnceAgent(timeoutMs), enumerable: false });
  const sdk = new StrictAlipaySdk(settings);

  return async function call(method, bizContent, notifyUrl) {
    const common = notifyUrl === undefined ? {} : { notify_url: notifyUrl };
    const parameters = { bizContent, timestamp: beijingText(now()), ...common };
    try {
      const work = sendingOnce(() => sdk.exec(method, parameters, { validateSign: true }));
      return { kind: "signed", body: await within<unknown>(work, timeoutMs) };
    } catch (error) {
      const why = networkCode(error);
      return { kind: "silent", why: rawHint(error) ?? why, notSent: nothingLeft(why) };
    }
  };
}
