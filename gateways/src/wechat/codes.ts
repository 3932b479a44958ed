/**
 * WeChat Pay's error codes (facts/payments.md §1.6). The same meanings come in v3 and v2 spelling, which differ by
 * underscores. A code that isn't listed is unknown: only what is certain may be called a refusal.
 */
export type WechatCodeClass =
  | { kind: "refused"; text: "balance" | "code" | "risk" | "other" }
  | { kind: "notFound" }
  | { kind: "misconfigured" }
  | { kind: "userPaying" }
  | { kind: "tooLate" }
  | { kind: "alreadyPaid" }
  | { kind: "alreadyClosed" }
  | { kind: "unknown" };

const refused = (text: "balance" | "code" | "risk" | "other"): WechatCodeClass => ({ kind: "refused", text });
const CLASSES: ReadonlyMap<string, WechatCodeClass> = new Map(
  Object.entries<WechatCodeClass>({
    NOTENOUGH: refused("balance"),
    AUTHCODEINVALID: refused("code"),
    AUTHCODEEXPIRE: refused("code"),
    AUTHCODEERROR: refused("code"),
    TRADEERROR: refused("other"),
    PARAMERROR: refused("other"),
    INVALIDREQUEST: refused("other"),
    ORDERNOTEXIST: { kind: "notFound" },
    RESOURCENOTEXISTS: { kind: "notFound" },
    SIGNERROR: { kind: "misconfigured" },
    NOAUTH: { kind: "misconfigured" },
    APPIDMCHIDNOTMATCH: { kind: "misconfigured" },
    MCHNOTEXISTS: { kind: "misconfigured" },
    USERPAYING: { kind: "userPaying" },
    REVERSEEXPIRE: { kind: "tooLate" },
    ORDERPAID: { kind: "alreadyPaid" },
    ORDERCLOSED: { kind: "alreadyClosed" },
  }),
);

export function classifyWechat(code: string): WechatCodeClass {
  return CLASSES.get(code.replaceAll("_", "")) ?? { kind: "unknown" };
}

/**
 * Refusals of a refund, without underscores: whether asking again can help. WeChat Pay's own tables of the refund call:
 * v3 NOT_ENOUGH (top up, then the same number), USER_ACCOUNT_ABNORMAL (payer's account closed: "settle it yourself"),
 * PARAM_ERROR, INVALID_REQUEST; v2 TRADE_OVERDUE (a year is over) and REFUND_FEE_MISMATCH (another amount under this
 * number). What isn't listed is unknown.
 */
const REFUND_FAILS: ReadonlyMap<string, { never: boolean }> = new Map([
  ["NOTENOUGH", { never: false }],
  ["PARAMERROR", { never: false }],
  ["INVALIDREQUEST", { never: false }],
  ["REFUNDFEEMISMATCH", { never: false }],
  ["USERACCOUNTABNORMAL", { never: true }],
  ["TRADEOVERDUE", { never: true }],
]);

export function refundFailure(code: string): { never: boolean } | undefined {
  return REFUND_FAILS.get(code.replaceAll("_", ""));
}
