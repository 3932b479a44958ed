import { createHash, createPrivateKey, createPublicKey, type KeyObject, randomBytes, sign, verify } from "node:crypto";
import type { IncomingHttpHeaders, IncomingMessage } from "node:http";
import { jsonOf } from "../json.ts";
import { type Answered, type OneRequest, oneRequest, readBody } from "../oneRequest.ts";
import type { AcquirerScheme } from "../route.ts";

/** An acquirer that speaks docs/acquirer.md. */
export interface AcquirerConfig {
  /** Our number there. */
  merchant: string;
  /** A bare origin. */
  baseUrl: string;
  /** The merchant's private key, PEM. */
  privateKeyPem: string;
  /** The acquirer's public key, PEM. */
  acquirerPublicKeyPem: string;
  /** Which payment codes it takes; UnionPay alone when left out. */
  schemes?: readonly AcquirerScheme[];
  timeoutMs?: number;
  /** The whole download of one bill. */
  billTimeoutMs?: number;
  /** The clock of the signatures, in ms. */
  now?: () => number;
}

export type AcquirerCall = "pay" | "query" | "reverse" | "refund" | "refund-query" | "bill";
export type AcquirerReply =
  /** Signed by the acquirer for this very request. */
  | { kind: "signed"; body: unknown }
  /** Nothing that counts. `notSent`: the connection never stood. */
  | { kind: "silent"; why: string; notSent: boolean };

type Reader<T> = (reply: IncomingMessage) => Promise<{ bodySha256: string; value: T }>;
export interface AcquirerClient {
  call(name: AcquirerCall, body: object): Promise<AcquirerReply>;
  /** For an answer too large to be held: `read` takes its bytes, and counts only if they prove to be signed. */
  stream<T>(name: AcquirerCall, body: object, timeoutMs: number, read: Reader<T>): Promise<Answered<T>>;
}

const MAX_REPLY_BYTES = 1024 * 1024;
const MAX_SKEW_MS = 300_000;
const DEFAULT_TIMEOUT_MS = 15_000;
const silent = (why: string) => ({ kind: "silent", why, notSent: false }) as const;
const sha256 = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

/** Signs requests and verifies replies. @throws for keys that can't be read, and for a base URL with a path. */
export function acquirerClient(config: AcquirerConfig): AcquirerClient {
  const base = new URL(config.baseUrl);
  if (base.pathname !== "/") throw new Error("acquirer: the base URL must not have a path");
  const privateKey = createPrivateKey(config.privateKeyPem);
  const acquirerKey = createPublicKey(config.acquirerPublicKeyPem);
  if (createPublicKey(privateKey).equals(acquirerKey)) throw new Error("acquirer: our own public key was given as its");
  const now = config.now ?? Date.now;

  function requestOf(name: AcquirerCall, body: object): { request: OneRequest; nonce: string } {
    const url = new URL(`/v1/${name}`, base);
    const bytes = Buffer.from(JSON.stringify(body));
    const nonce = randomBytes(16).toString("hex");
    const timestamp = String(now());
    const message = `POST\n${url.pathname}\n${timestamp}\n${nonce}\n${sha256(bytes)}\n`;
    const headers = {
      "Content-Type": "application/json; charset=utf-8",
      "Accept-Encoding": "identity",
      "Acq-Merchant": config.merchant,
      "Acq-Timestamp": timestamp,
      "Acq-Nonce": nonce,
      "Acq-Signature": sign("RSA-SHA256", Buffer.from(message), privateKey).toString("base64"),
    };
    return { request: { method: "POST", url, headers, body: bytes }, nonce };
  }

  async function stream<T>(name: AcquirerCall, body: object, timeoutMs: number, read: Reader<T>): Promise<Answered<T>> {
    const { request, nonce } = requestOf(name, body);
    const answer = await oneRequest<Answered<T>>(request, timeoutMs, async (reply) => {
      if (reply.statusCode !== 200) return silent(`http.${reply.statusCode}`);
      const { bodySha256, value } = await read(reply);
      const bad = whyUnverified(reply.headers, { nonce, bodySha256 }, acquirerKey, now());
      return bad === null ? { kind: "answered", value } : silent(bad);
    });
    return answer.kind === "silent" ? answer : answer.value;
  }

  return {
    stream,
    async call(name, body) {
      const answer = await stream(name, body, config.timeoutMs ?? DEFAULT_TIMEOUT_MS, async (reply) => {
        const bytes = await readBody(reply, MAX_REPLY_BYTES);
        return { bodySha256: sha256(bytes), value: bytes };
      });
      return answer.kind === "silent" ? answer : { kind: "signed", body: jsonOf(answer.value) };
    },
  };
}

/** null when the acquirer signed these bytes just now as the answer to this request: another's nonce is another's. */
function whyUnverified(
  headers: IncomingHttpHeaders,
  answer: { nonce: string; bodySha256: string },
  key: KeyObject,
  now: number,
): string | null {
  const timestamp = headers["acq-timestamp"];
  const signature = headers["acq-signature"];
  if (typeof timestamp !== "string" || typeof signature !== "string") return "unsigned";
  if (!/^\d{1,16}$/.test(timestamp) || Math.abs(now - Number(timestamp)) > MAX_SKEW_MS) return "stale";
  const message = Buffer.from(`${answer.nonce}\n${timestamp}\n${answer.bodySha256}\n`);
  return verify("RSA-SHA256", message, key, Buffer.from(signature, "base64")) ? null : "badSignature";
}
