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
  }),
);

export function classifyWechat(code: string): WechatCodeClass {
  return CLASSES.get(code.replaceAll("_", "")) ?? { kind: "unknown" };
}
