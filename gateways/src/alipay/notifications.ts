import { createPublicKey, type KeyObject, verify } from "node:crypto";
import type { NotificationDoor, NotificationRead, NotificationRefusal } from "../port.ts";
import { type Form, parseForm } from "./form.ts";
import { yuanToFen } from "./money.ts";
import { tradeOutcome } from "./replies.ts";

/**
 * What Alipay sends by itself (facts/payments.md §2.1). The SDK's own check is not used: it takes the kind of signature
 * from the message, and tries a second text when the first doesn't fit.
 */
const LIMITS = { maxBytes: 64 * 1024, maxFields: 100 };
const NAME = /^[a-z][a-z0-9_]{0,63}$/;
/** A value that another split of the signed text would make two fields of: one signature, two messages. */
const AMBIGUOUS = /&[a-z][a-z0-9_]*=/;
/** 256 bytes or more in base64, complete. */
const SIGNATURE = /^[0-9A-Za-z+/]{342,1024}={0,2}$/;

const refused = (why: NotificationRefusal): NotificationRead => ({ kind: "refused", why });

export function alipayNotifications(merchant: {
  appId: string;
  /** The merchant's own number (2088…): an app may act for several. */
  sellerId: string;
  alipayPublicKey: string;
}): NotificationDoor {
  const key = createPublicKey(merchant.alipayPublicKey);
  return {
    read({ body }) {
      const form = parseForm(body, LIMITS);
      if (form === null || [...form].some(([name, value]) => !NAME.test(name) || AMBIGUOUS.test(value)))
        return refused("malformed");
      const bad = whyUnverified(form, key);
      if (bad !== null) return refused(bad);
      if (form.get("app_id") !== merchant.appId || form.get("seller_id") !== merchant.sellerId)
        return refused("notOurs");
      const id = form.get("notify_id");
      const type = form.get("notify_type");
      if (id === undefined || !/^[0-9A-Za-z_-]{1,128}$/.test(id) || type === undefined) return refused("malformed");
      return type === "trade_status_sync" ? readTrade(id, form) : { kind: "other", id, type };
    },
    answer(taken) {
      // Whatever isn't these seven characters makes Alipay come again.
      return { status: taken ? 200 : 500, contentType: "text/plain; charset=utf-8", body: taken ? "success" : "fail" };
    },
  };
}

/** null when Alipay signed these very values. */
function whyUnverified(form: Form, key: KeyObject): NotificationRefusal | null {
  const signature = form.get("sign");
  if (signature === undefined || signature === "") return "unsigned";
  if (form.get("sign_type") !== "RSA2" || !SIGNATURE.test(signature)) return "badSignature";
  const good = verify("RSA-SHA256", Buffer.from(signedText(form)), key, Buffer.from(signature, "base64"));
  if (!good) return "badSignature";
  // Signed as UTF-8 bytes, so it must have been sent as such.
  return (form.get("charset") ?? "utf-8").toLowerCase() === "utf-8" ? null : "malformed";
}

/** All but `sign` and `sign_type`, by name, values as they were meant, empty ones too. */
export function signedText(form: Form): string {
  return [...form]
    .filter(([name]) => name !== "sign" && name !== "sign_type")
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `${name}=${value}`)
    .join("&");
}

/**
 * A trade that money went back from says so in `refund_fee`: its `TRADE_CLOSED` doesn't mean "never paid". The number of
 * the refund stands in `out_biz_no`; the amount is the sum of all that went back of this trade until now, the first part
 * and the second together (Alipay's table of notification fields, docs.open.alipay.com/204/105301, read as public SDKs
 * quote it). So it names a refund and doesn't prove one: that is asked for by its own number.
 */
function readTrade(id: string, form: Form): NotificationRead {
  const outTradeNo = form.get("out_trade_no");
  if (outTradeNo === undefined || outTradeNo === "") return refused("malformed");
  const back = form.get("refund_fee") ?? "";
  if (back === "" || yuanToFen(back) === 0)
    return { kind: "payment", id, outTradeNo, outcome: tradeOutcome(Object.fromEntries(form)) };
  if (yuanToFen(back) === null) return refused("malformed");
  const refundNo = form.get("out_biz_no") ?? "";
  if (refundNo === "") return { kind: "other", id, type: "refund" };
  return { kind: "refund", id, outTradeNo, refundNo, amountFen: null, outcome: { kind: "processing" } };
}
