import type { Instant } from "@citygas/core";
import { Type } from "typebox";
import { Compile } from "typebox/compile";
import { jsonOf } from "../json.ts";
import type { NotificationDoor, NotificationRead, NotificationRefusal, RawNotification } from "../port.ts";
import { decrypt } from "./cipher.ts";
import type { PlatformKeys } from "./platformKeys.ts";
import { readRefund } from "./refundReplies.ts";
import { type Ours, tradeOutcome } from "./replies.ts";
import { signedBytes } from "./signing.ts";

/**
 * What WeChat Pay sends by itself (facts/payments.md §1.2, §1.3). In this order: a known key by its serial, the time,
 * the signature over the bytes as they came, then the cipher, then the words; so nothing unverified is ever parsed.
 */
const MAX_SKEW_S = 300;
/** Genuine ones have some 2 kB. */
const MAX_BODY_BYTES = 64 * 1024;
const PROBE = "WECHATPAY/SIGNTEST/";

const Envelope = Compile(
  Type.Object({
    id: Type.String({ pattern: "^[0-9A-Za-z_-]{1,64}$" }),
    event_type: Type.String({ pattern: "^[A-Z0-9_.]{1,64}$" }),
    resource_type: Type.Literal("encrypt-resource"),
    resource: Type.Object({
      algorithm: Type.Literal("AEAD_AES_256_GCM"),
      ciphertext: Type.String(),
      nonce: Type.String({ minLength: 12, maxLength: 12 }),
      associated_data: Type.Optional(Type.String()),
    }),
  }),
);
const Trade = Compile(
  Type.Object({ mchid: Type.String(), appid: Type.String(), out_trade_no: Type.String({ minLength: 1 }) }),
);
const Merchant = Compile(Type.Object({ mchid: Type.String() }));

const refused = (why: NotificationRefusal): NotificationRead => ({ kind: "refused", why });

/** @param keys of both kinds: while a merchant migrates, notifications come signed with either. */
export function wechatNotifications(keys: PlatformKeys, apiV3Key: string, ours: Ours): NotificationDoor {
  if (Buffer.byteLength(apiV3Key) !== 32) throw new Error("WeChat Pay: the APIv3 key has 32 bytes");

  return {
    read(message, now) {
      const bad = whyUnverified(message, now, keys);
      if (bad !== null) return refused(bad);
      const envelope = jsonOf(message.body);
      if (!Envelope.Check(envelope)) return refused("malformed");
      const { id, event_type: type, resource } = envelope;
      if (type !== "TRANSACTION.SUCCESS" && !type.startsWith("REFUND.")) return { kind: "other", id, type };
      const plain = decrypt(resource, apiV3Key);
      if (plain === null) return refused("undecryptable");
      const body = jsonOf(plain);
      return type === "TRANSACTION.SUCCESS" ? readTrade(id, body, ours) : readRefunded(id, body, ours);
    },
    answer(taken) {
      const contentType = "application/json; charset=utf-8";
      const body = JSON.stringify(taken ? { code: "SUCCESS" } : { code: "FAIL", message: "失败" });
      return { status: taken ? 200 : 500, contentType, body };
    },
  };
}

/** null when the platform signed these bytes just now. */
function whyUnverified(
  { headers, body }: RawNotification,
  now: Instant,
  keys: PlatformKeys,
): NotificationRefusal | null {
  const timestamp = headers["wechatpay-timestamp"];
  const nonce = headers["wechatpay-nonce"];
  const signature = headers["wechatpay-signature"];
  const serial = headers["wechatpay-serial"];
  if (timestamp === undefined || nonce === undefined || signature === undefined || serial === undefined)
    return "unsigned";
  if (signature.startsWith(PROBE)) return "signatureProbe";
  const key = keys.key(serial, now);
  if (key === undefined) {
    keys.missing(now);
    return "unknownKey";
  }
  if (!/^\d{1,12}$/.test(timestamp) || Math.abs(now / 1000 - Number(timestamp)) >= MAX_SKEW_S) return "stale";
  if (body.byteLength > MAX_BODY_BYTES) return "malformed";
  return signedBytes({ timestamp, nonce, body }, signature, key) ? null : "badSignature";
}

function readTrade(id: string, body: unknown, ours: Ours): NotificationRead {
  if (!Trade.Check(body)) return refused("malformed");
  if (body.mchid !== ours.mchid || !ours.appids.includes(body.appid)) return refused("notOurs");
  const outTradeNo = body.out_trade_no;
  return { kind: "payment", id, outTradeNo, outcome: tradeOutcome(body, { ...ours, outTradeNo }) };
}

function readRefunded(id: string, body: unknown, ours: Ours): NotificationRead {
  if (!Merchant.Check(body)) return refused("malformed");
  if (body.mchid !== ours.mchid) return refused("notOurs");
  const refund = readRefund(body, "refund_status");
  return refund === null ? refused("malformed") : { kind: "refund", id, ...refund };
}
