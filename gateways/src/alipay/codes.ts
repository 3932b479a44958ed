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
