/**
 * Alipay's result codes (facts/payments.md §2.3). A code that isn't listed is unknown: only what is certain may be
 * called a refusal.
 */
export type AlipayCodeClass =
  | { kind: "refused"; text: "balance" | "code" | "risk" | "other" }
  | { kind: "notFound" }
  | { kind: "misconfigured" }
  | { kind: "tooLate" }
  | { kind: "unknown" };

const refused = (text: "balance" | "code" | "risk" | "other"): AlipayCodeClass => ({ kind: "refused", text });
const SUB_CODES: ReadonlyMap<string, AlipayCodeClass> = new Map(
  Object.entries<AlipayCodeClass>({
    PAYMENT_AUTH_CODE_INVALID: refused("code"),
    BUYER_BALANCE_NOT_ENOUGH: refused("balance"),
    BUYER_BANKCARD_BALANCE_NOT_ENOUGH: refused("balance"),
    PAYMENT_REQUEST_HAS_RISK: refused("risk"),
    PAYMENT_FAIL: refused("other"),
    PULL_MOBILE_CASHIER_FAIL: refused("other"),
    USER_FACE_PAYMENT_SWITCH_OFF: refused("other"),
    BUYER_PAYMENT_AMOUNT_DAY_LIMIT_ERROR: refused("other"),
    TRADE_HAS_CLOSE: refused("other"),
    TOTAL_FEE_EXCEED: refused("other"),
    EXIST_FORBIDDEN_WORD: refused("other"),
    TRADE_NOT_EXIST: { kind: "notFound" },
    ACCESS_FORBIDDEN: { kind: "misconfigured" },
    SELLER_BEEN_BLOCKED: { kind: "misconfigured" },
    TRADE_CANCEL_TIME_OUT: { kind: "tooLate" },
    TRADE_HAS_FINISHED: { kind: "tooLate" },
  }),
);
const SETUP_CODES: ReadonlySet<string> = new Set(["40001", "40002", "40003", "40006", "20001"]);

export function classifyAlipay(code: string, subCode: string): AlipayCodeClass {
  if (SETUP_CODES.has(code)) return { kind: "misconfigured" };
  if (code !== "40004") return { kind: "unknown" };
  const name = subCode.replace(/^(aop\.)?ACQ\./, "");
  if (name.startsWith("MERCHANT_")) return { kind: "misconfigured" };
  return SUB_CODES.get(name) ?? { kind: "unknown" };
}

/**
 * Refusals of a refund: whether asking again can help (Alipay's table of alipay.trade.refund: for those that are never,
 * it says that repeating can't succeed, or to settle with the buyer offline). What isn't listed is unknown;
 * TRADE_HAS_CLOSE among them, which is also said of a trade whose money went back already.
 */
const REFUND_FAILS: ReadonlyMap<string, { never: boolean }> = new Map([
  ["ACQ.SELLER_BALANCE_NOT_ENOUGH", { never: false }],
  ["ACQ.DISCORDANT_REPEAT_REQUEST", { never: false }],
  ["ACQ.REFUND_AMT_NOT_EQUAL_TOTAL", { never: false }],
  ["ACQ.REASON_TRADE_BEEN_FREEZEN", { never: false }],
  ["ACQ.REASON_TRADE_REFUND_FEE_ERR", { never: false }],
  ["ACQ.TRADE_NOT_EXIST", { never: false }],
  ["ACQ.TRADE_STATUS_ERROR", { never: false }],
  ["ACQ.TRADE_NOT_ALLOW_REFUND", { never: false }],
  // Past the time in which it could be refunded.
  ["ACQ.TRADE_HAS_FINISHED", { never: true }],
  ["ACQ.BUYER_NOT_EXIST", { never: true }],
  ["ACQ.BUYER_ENABLE_STATUS_FORBID", { never: true }],
  ["ACQ.BUYER_ERROR", { never: true }],
  ["ACQ.ONLINE_TRADE_VOUCHER_NOT_ALLOW_REFUND", { never: true }],
  ["ACQ.NOT_ALLOW_PARTIAL_REFUND", { never: true }],
]);

export function refundFailure(subCode: string): { never: boolean } | undefined {
  return REFUND_FAILS.get(subCode);
}
