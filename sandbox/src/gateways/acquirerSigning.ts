import { createHash, createPrivateKey, createPublicKey, createSign, createVerify } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";
import type { FaultTaker } from "./faults.ts";
import type { Answer } from "./http.ts";
import type { GatewayKeys } from "./keys.ts";

/** The acquirer's two directions of signing (docs/acquirer.md), from its side. */
const ALLOWED_SKEW_MS = 300_000;
const STALE_BY_MS = 400_000;
const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");

export interface AcquirerRequest {
  path: string;
  headers: IncomingHttpHeaders;
  body: string;
}

/** A check that says null when a request is our merchant's, made now and for the first time; else the SETUP reason. */
export function makeAcquirerCheck(merchant: string, keys: GatewayKeys, wallClock: () => number) {
  const key = createPublicKey(keys.acquirerMerchant.publicKeyPem);
  /** Nonce → until when it must not come again; after that its timestamp is too old anyway. In order of their time. */
  const used = new Map<string, number>();

  function isFresh(nonce: string, now: number): boolean {
    for (const [old, until] of used) {
      if (until > now) break;
      used.delete(old);
    }
    if (!/^[0-9a-zA-Z]{16,64}$/.test(nonce) || used.has(nonce)) return false;
    used.set(nonce, now + 2 * ALLOWED_SKEW_MS);
    return true;
  }

  return function check({ path, headers, body }: AcquirerRequest): "MERCHANT" | "SIGNATURE" | null {
    const named = (name: string): string => String(headers[name] ?? "");
    if (named("acq-merchant") !== merchant) return "MERCHANT";
    const [timestamp, nonce] = [named("acq-timestamp"), named("acq-nonce")];
    const now = wallClock();
    if (!/^\d{1,16}$/.test(timestamp) || Math.abs(now - Number(timestamp)) > ALLOWED_SKEW_MS) return "SIGNATURE";
    const message = `POST\n${path}\n${timestamp}\n${nonce}\n${sha256(body)}\n`;
    const good = createVerify("RSA-SHA256").update(message).verify(key, named("acq-signature"), "base64");
    return good && isFresh(nonce, now) ? null : "SIGNATURE";
  };
}

/** Signs an answer to the request with that nonce. */
export function makeAcquirerSigner(keys: GatewayKeys, faults: FaultTaker, wallClock: () => number) {
  const key = createPrivateKey(keys.acquirerPlatform.privateKeyPem);
  return function reply(nonce: string, value: unknown): Answer {
    const body = JSON.stringify(value);
    const plain = { "Content-Type": "application/json; charset=utf-8" };
    if (faults.take("unsigned", "acquirer")) return { kind: "reply", status: 200, headers: plain, body };
    const timestamp = String(wallClock() - (faults.take("staleTimestamp", "acquirer") ? STALE_BY_MS : 0));
    const signed = faults.take("badSignature", "acquirer")
      ? "other bytes"
      : `${nonce}\n${timestamp}\n${sha256(body)}\n`;
    const signature = createSign("RSA-SHA256").update(signed).sign(key, "base64");
    const headers = { ...plain, "Acq-Timestamp": timestamp, "Acq-Signature": signature };
    return { kind: "reply", status: 200, headers, body };
  };
}
