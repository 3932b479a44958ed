/**
 * What a scanned text is, by its published form (facts: payment codes). Used only to turn away what can't be a payment
 * code before anything is sent; whether a code pays is the gateway's to say.
 */
export type ScannedKind = "wechat" | "alipay" | "unionpay" | "ecny" | "collectionCode" | "other";

export function scannedKind(text: string): ScannedKind {
  if (/^1[0-5]\d{16}$/.test(text)) return "wechat";
  if (/^(2[5-9]|30)\d{14,22}$/.test(text)) return "alipay";
  if (/^62\d{17}$/.test(text)) return "unionpay";
  if (/^01\d{17}$/.test(text)) return "ecny";
  // The code others pay *into*: the same wallet, three taps away from the right one.
  if (/^wxp:\/\//i.test(text) || /^https?:\/\/qr\.alipay\.com\//i.test(text)) return "collectionCode";
  return "other";
}
