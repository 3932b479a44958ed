/**
 * Fault switches of the sandbox gateways: a closed list, each armed for the next n calls it fits or for all.
 * What they imitate is listed in facts/payments.md §8.
 */
export type Gateway = "wechat" | "alipay";
export type GatewayFault =
  | "dropReply"
  | "systemError"
  | "lateArrival"
  | "lateAfterReverse"
  | "slow"
  | "badSignature"
  | "unsigned"
  | "wrongSerial"
  | "staleTimestamp"
  | "errorResponse"
  | "notEnough"
  | "authCodeInvalid"
  | "userPayingForever"
  | "serviceUnknown"
  | "reverseUserPaying"
  | "reverseNoEffect"
  | "cancelRetry"
  | "gatewayDown"
  | "refundProcessing"
  | "refundAbnormal";

/** What a switch is called and what it does; `gateways` says where it can happen at all. */
export interface FaultText {
  name: GatewayFault;
  gateways: readonly Gateway[];
  zh: string;
  en: string;
  description: string;
}

/** `times` counts down per hit; `seconds` is read by `slow` only. */
export interface FaultSetting {
  times: number | "always";
  gateway: Gateway | "both";
  seconds: number;
}

const BOTH: readonly Gateway[] = ["wechat", "alipay"];
const text = (
  name: GatewayFault,
  gateways: readonly Gateway[],
  zh: string,
  en: string,
  description: string,
): FaultText => ({ name, gateways, zh, en, description });

export const FAULTS: readonly FaultText[] = [
  text(
    "dropReply",
    BOTH,
    "已扣款但应答丢失",
    "Charged, reply lost",
    "The pay call is carried out; the connection is cut.",
  ),
  text(
    "systemError",
    BOTH,
    "已扣款但报系统错误",
    "Charged, system error",
    "The pay call is carried out and answers 500 / ACQ.SYSTEM_ERROR.",
  ),
  text(
    "lateArrival",
    BOTH,
    "付款请求迟到",
    "Pay arrives late",
    "The pay call is cut off and carried out right after the next query or reverse of its order.",
  ),
  text(
    "lateAfterReverse",
    BOTH,
    "付款请求晚于撤销",
    "Pay arrives after the reverse",
    "The pay call is cut off and carried out right after the next reverse of its order.",
  ),
  text("slow", BOTH, "应答很慢", "Slow reply", "The call is carried out at once, its reply waits `seconds`."),
  text("badSignature", BOTH, "应答签名错误", "Bad reply signature", "The reply carries a signature over other bytes."),
  text("unsigned", BOTH, "应答没有签名", "Unsigned reply", "The reply carries no signature."),
  text(
    "wrongSerial",
    ["wechat"],
    "应答证书序列号未知",
    "Unknown reply serial",
    "The reply names a platform key nobody knows.",
  ),
  text(
    "staleTimestamp",
    ["wechat"],
    "应答时间戳过旧",
    "Stale reply timestamp",
    "The reply is signed with a time 400 s ago.",
  ),
  text(
    "errorResponse",
    ["alipay"],
    "返回 error_response",
    "error_response",
    "The reply is an error_response 20000 instead of the method's own.",
  ),
  text("notEnough", BOTH, "余额不足", "Not enough money", "The pay call is refused for its balance."),
  text("authCodeInvalid", BOTH, "付款码无效", "Payment code invalid", "The pay call is refused for its code."),
  text(
    "userPayingForever",
    BOTH,
    "一直等待输入密码",
    "Password never ends",
    "The order waits for the password and takes no answer; only a reverse ends it.",
  ),
  text(
    "serviceUnknown",
    ["alipay"],
    "已扣款但返回 20000",
    "Charged, code 20000",
    "The pay call is carried out and answers 20000 isp.unknow-error.",
  ),
  text(
    "reverseUserPaying",
    ["wechat"],
    "撤销被拒：支付中",
    "Reverse refused: paying",
    "The reverse is refused with USERPAYING and does nothing.",
  ),
  text(
    "reverseNoEffect",
    BOTH,
    "撤销成功但无效果",
    "Reverse without effect",
    "The reverse answers success and does nothing.",
  ),
  text(
    "cancelRetry",
    ["alipay"],
    "撤销要求重试",
    "Cancel: retry",
    "The cancel fails with retry_flag Y and does nothing.",
  ),
  text("gatewayDown", BOTH, "网关断线", "Gateway down", "The connection is reset before anything is read."),
  text(
    "refundProcessing",
    BOTH,
    "退款处理中",
    "Refund processing",
    "The refund is accepted; its second query finds it done.",
  ),
  text("refundAbnormal", BOTH, "退款异常", "Refund abnormal", "The refund can't reach the payer's account."),
];

const known = new Set<string>(FAULTS.map((fault) => fault.name));

/** For values that come from outside, such as `PUT /faults`. */
export function isGatewayFault(name: string): name is GatewayFault {
  return known.has(name);
}

export interface Faults {
  /** All switches with what is armed, in a fixed order. */
  list(): (FaultText & { armed: FaultSetting | null })[];
  /** Arms a switch; without `times` once, without `gateway` at both, without `seconds` 20 (for `slow`). */
  arm(name: GatewayFault, setting?: Partial<FaultSetting>): void;
  disarm(name: GatewayFault): void;
  disarmAll(): void;
}

/** The gateways' side of the switches. */
export interface FaultTaker extends Faults {
  /** True when the switch is armed for this gateway; counts one hit down. */
  take(name: GatewayFault, gateway: Gateway): boolean;
  /** How long the next reply is held back, in ms; 0 when `slow` isn't armed. */
  takeDelayMs(gateway: Gateway): number;
}

/** Switches live in memory: after a restart of the sandbox all are off. */
export function makeFaults(): FaultTaker {
  const armed = new Map<GatewayFault, FaultSetting>();

  function takeSetting(name: GatewayFault, gateway: Gateway): FaultSetting | null {
    const setting = armed.get(name);
    if (setting === undefined) return null;
    if (setting.gateway !== "both" && setting.gateway !== gateway) return null;
    if (setting.times === "always") return setting;
    if (setting.times <= 1) armed.delete(name);
    else armed.set(name, { ...setting, times: setting.times - 1 });
    return setting;
  }

  return {
    list: () => FAULTS.map((fault) => ({ ...fault, armed: armed.get(fault.name) ?? null })),
    arm(name, setting = {}) {
      const full: FaultSetting = { times: 1, gateway: "both", seconds: 20, ...setting };
      if (full.times !== "always" && !(Number.isSafeInteger(full.times) && full.times > 0)) {
        throw new RangeError(`times must be a positive integer or "always", got ${full.times}`);
      }
      armed.set(name, full);
    },
    disarm: (name) => void armed.delete(name),
    disarmAll: () => armed.clear(),
    take: (name, gateway) => takeSetting(name, gateway) !== null,
    takeDelayMs: (gateway) => (takeSetting("slow", gateway)?.seconds ?? 0) * 1000,
  };
}
