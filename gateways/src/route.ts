/** Which gateway a scanned text belongs to, or why it is no payment code we take (facts/payments.md §3). */
export type CodeRoute =
  | { channel: "wechat" | "alipay" | "acquirer" }
  /** A QR for being paid, not for paying: the wallet is named so that the screen can say where the right one is. */
  | { reject: "collectionCode"; wallet: "wechat" | "alipay" | "unionpay" }
  /** Payment codes of schemes that come through an acquirer only, and none here takes them. */
  | { reject: AcquirerScheme }
  | { reject: "notAPaymentCode" };
/** UnionPay QuickPass and digital yuan. */
export type AcquirerScheme = "unionpay" | "ecny";

const WECHAT = /^1[0-5]\d{16}$/;
const ALIPAY = /^(2[5-9]|30)\d{14,22}$/;
const UNIONPAY = /^62\d{17}$/;
const ECNY = /^01\d{17}$/;

const COLLECTION: readonly [RegExp, "wechat" | "alipay" | "unionpay"][] = [
  [/^(wxp|weixin):\/\//i, "wechat"],
  [/^https?:\/\/(wx\.tenpay\.com|payapp\.weixin\.qq\.com|payapp\.wechatpay\.cn)(\/|$)/i, "wechat"],
  [/^https?:\/\/(qr|mobilecodec|render)\.alipay\.com(\/|$)/i, "alipay"],
  [/^alipays?:\/\//i, "alipay"],
  [/^https?:\/\/qr\.95516\.com(\/|$)/i, "unionpay"],
];

/** The scheme of a code that only an acquirer takes. */
export function schemeOf(text: string): AcquirerScheme | undefined {
  const code = text.trim();
  if (UNIONPAY.test(code)) return "unionpay";
  return ECNY.test(code) ? "ecny" : undefined;
}

/**
 * Sorts a scanned text; blanks and line ends that scanners add around it don't count.
 * @param acquirerTakes `schemes` of the acquirer's channel, where there is one
 */
export function routeCode(text: string, acquirerTakes: readonly AcquirerScheme[] = []): CodeRoute {
  const code = text.trim();
  if (WECHAT.test(code)) return { channel: "wechat" };
  if (ALIPAY.test(code)) return { channel: "alipay" };
  const scheme = schemeOf(code);
  if (scheme !== undefined) return acquirerTakes.includes(scheme) ? { channel: "acquirer" } : { reject: scheme };
  for (const [pattern, wallet] of COLLECTION) if (pattern.test(code)) return { reject: "collectionCode", wallet };
  return { reject: "notAPaymentCode" };
}

/** The only form of a scanned code that may be kept: first two and last four characters, nothing of shorter texts. */
export function maskCode(text: string): string {
  const code = text.trim();
  return code.length < 12 ? "****" : `${code.slice(0, 2)}****${code.slice(-4)}`;
}
