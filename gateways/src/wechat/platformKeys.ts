import { createPrivateKey, createPublicKey, type KeyObject, X509Certificate } from "node:crypto";
import type { Instant } from "@citygas/core";
import { Type } from "typebox";
import { Compile } from "typebox/compile";
import { jsonOf } from "../json.ts";
import { oneRequest, readBody } from "../oneRequest.ts";
import { decrypt } from "./cipher.ts";
import { authorization, signedBytes } from "./signing.ts";

/**
 * The platform's keys by serial (facts/payments.md §1.2): a public key `PUB_KEY_ID_…` that was set up once, and
 * certificates, which the platform replaces every few years and hands out itself, encrypted with the APIv3 key. They are
 * asked for twice a day where the merchant has any, and when something comes with a serial that nobody knows, at most
 * once a minute. What came with it is not believed meanwhile: a reply is unknown, a notification comes again.
 */
export interface PlatformKeys {
  /** undefined: not known, or no longer valid. */
  key(serial: string, now: Instant): KeyObject | undefined;
  /** Serial → PEM of all that are valid, those that came last at the end. */
  valid(now: Instant): Readonly<Record<string, string>>;
  /** Where nothing is known yet, waits for the first answer; never rejects. */
  ready(now: Instant): Promise<void>;
  /** Something was signed under a serial that is not known: asks the platform, not too often. */
  missing(now: Instant): void;
  /** Resolves when no question is under way. */
  asked(): Promise<void>;
}

export interface KeySource {
  base: URL;
  mchid: string;
  /** Serial of the merchant's own certificate. */
  serial: string;
  privateKeyPem: string;
  /** Serial → PEM, public key or certificate. */
  platformCerts: Readonly<Record<string, string>>;
  /** Without it no certificate can be read, and none is asked for. */
  apiV3Key?: string;
  timeoutMs: number;
}

interface Known {
  pem: string;
  key: KeyObject;
  /** null: a public key has no end. */
  valid: { from: Instant; until: Instant } | null;
}

const PATH = "/v3/certificates";
const ASK_EVERY_MS = 12 * 3_600_000;
const ASK_AT_MOST_EVERY_MS = 60_000;
const MAX_SKEW_MS = 300_000;
const MAX_BODY_BYTES = 256 * 1024;
const MIN_RSA_BITS = 2_048;

const Listed = Compile(
  Type.Object({
    data: Type.Array(
      Type.Object({
        serial_no: Type.String({ pattern: "^[0-9A-Fa-f]{8,40}$" }),
        encrypt_certificate: Type.Object({
          algorithm: Type.Literal("AEAD_AES_256_GCM"),
          nonce: Type.String(),
          associated_data: Type.Optional(Type.String()),
          ciphertext: Type.String(),
        }),
      }),
      { maxItems: 100 },
    ),
  }),
);

/** @throws for a key that can't be read, and where nothing could ever verify a reply. */
export function platformKeys(source: KeySource): PlatformKeys {
  const { apiV3Key } = source;
  const known = new Map(Object.entries(source.platformCerts).map(([serial, pem]) => [serial, knownOf(pem)]));
  if (known.size === 0 && apiV3Key === undefined)
    throw new Error("WeChat Pay: no platform key to verify replies with, and no APIv3 key to fetch one");
  const privateKey = createPrivateKey(source.privateKeyPem);
  let since: Instant | null = null;
  let askedAt: Instant | null = null;
  let asking: Promise<void> | null = null;

  const count = (each: Known, now: Instant): boolean =>
    each.valid === null || (now >= each.valid.from && now < each.valid.until);

  const ask = (now: Instant): Promise<void> => {
    if (apiV3Key === undefined) return Promise.resolve();
    askedAt = now;
    asking ??= fetched(apiV3Key, now).finally(() => {
      asking = null;
    });
    return asking;
  };
  /** Never rejects: what can't be had is asked for again. */
  const fetched = async (key: string, now: Instant): Promise<void> => {
    const headers = { Authorization: authorization({ ...source, privateKey }, PATH), Accept: "application/json" };
    const request = { method: "GET", url: new URL(PATH, source.base), headers } as const;
    const reply = await oneRequest(request, source.timeoutMs, async (message) => ({
      status: message.statusCode ?? 0,
      headers: message.headers,
      body: await readBody(message, MAX_BODY_BYTES),
    }));
    if (reply.kind === "silent" || reply.value.status !== 200) return;
    const { headers: said, body } = reply.value;
    const read = (name: string): string => String(said[name] ?? "");
    const found = certificatesOf(body, key);
    const timestamp = read("wechatpay-timestamp");
    const skewMs = Math.abs(Date.now() - Number(timestamp) * 1_000);
    // Signed by one we know, or by one of those it brings: the cipher has shown that they come from the platform.
    const signer = found.get(read("wechatpay-serial")) ?? known.get(read("wechatpay-serial"));
    const signed = { timestamp, nonce: read("wechatpay-nonce"), body };
    if (!(skewMs < MAX_SKEW_MS) || signer === undefined) return;
    if (!signedBytes(signed, read("wechatpay-signature"), signer.key)) return;
    for (const [serial, each] of found) if (!known.has(serial) && count(each, now)) known.set(serial, each);
  };
  const askWhenDue = (now: Instant): void => {
    // What it begins with is as good as fetched just now.
    since ??= now;
    const hasCertificates = [...known.values()].some(({ valid }) => valid !== null);
    if (hasCertificates && now - Math.max(since, askedAt ?? since) >= ASK_EVERY_MS) void ask(now);
  };

  return {
    key(serial, now) {
      askWhenDue(now);
      const found = known.get(serial);
      return found !== undefined && count(found, now) ? found.key : undefined;
    },
    valid(now) {
      askWhenDue(now);
      const pems = [...known].flatMap(([serial, each]) => (count(each, now) ? [[serial, each.pem] as const] : []));
      return Object.fromEntries(pems);
    },
    async ready(now) {
      const some = [...known.values()].some((each) => count(each, now));
      if (some || (askedAt !== null && now - askedAt < ASK_AT_MOST_EVERY_MS && asking === null)) return;
      await ask(now);
    },
    missing(now) {
      if (askedAt === null || now - askedAt >= ASK_AT_MOST_EVERY_MS) void ask(now);
    },
    asked: async () => void (await asking),
  };
}

function knownOf(pem: string): Known {
  if (!pem.includes("BEGIN CERTIFICATE")) return { pem, key: createPublicKey(pem), valid: null };
  const certificate = new X509Certificate(pem);
  const valid = { from: Date.parse(certificate.validFrom), until: Date.parse(certificate.validTo) };
  return { pem, key: certificate.publicKey, valid };
}

/** What of the list can be decrypted with our key and is what it says it is. */
function certificatesOf(body: Uint8Array, apiV3Key: string): Map<string, Known> {
  const list = jsonOf(body);
  const found = new Map<string, Known>();
  if (!Listed.Check(list)) return found;
  for (const { serial_no, encrypt_certificate: packed } of list.data) {
    const pem = decrypt(packed, apiV3Key)?.toString("utf8");
    const certificate = pem === undefined ? null : certificateIn(pem);
    if (pem === undefined || certificate === null) continue;
    const { publicKey, serialNumber } = certificate;
    const bits = publicKey.asymmetricKeyType === "rsa" ? (publicKey.asymmetricKeyDetails?.modulusLength ?? 0) : 0;
    if (serialNumber.toUpperCase() === serial_no.toUpperCase() && bits >= MIN_RSA_BITS)
      found.set(serial_no, knownOf(pem));
  }
  return found;
}

function certificateIn(pem: string): X509Certificate | null {
  try {
    return new X509Certificate(pem);
  } catch {
    return null;
  }
}
