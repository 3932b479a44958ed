import { GATEWAYS, type Gateway } from "./names.ts";

/**
 * All that can be made to go wrong at the gateways (facts/payments.md §8): a closed list. What an order number used
 * twice, a forged request or an expired link get needs no switch: they are refused always.
 */
export type GatewayFault =
  // the payment
  | "paidAtOnce"
  | "paidAfter"
  | "userPayingForever"
  | "autoReverse"
  | "notEnough"
  | "authCodeInvalid"
  | "riskRefused"
  | "outTradeNoUsed"
  | "systemError"
  | "systemErrorUncharged"
  | "serviceUnknown"
  | "rolledBack"
  | "dropReply"
  | "lateArrival"
  | "lateAfterReverse"
  | "paidBeforeClose"
  // the reverse
  | "reverseUserPaying"
  | "reverseNoEffect"
  | "reverseDropped"
  | "cancelRetry"
  // the answer
  | "slow"
  | "badSignature"
  | "unsigned"
  | "wrongSerial"
  | "staleTimestamp"
  | "errorResponse"
  | "garbage"
  // the line
  | "gatewayDown"
  | "connectionRefused"
  // the refund
  | "refundProcessing"
  | "refundForever"
  | "refundAbnormal"
  | "refundClosed"
  | "refundDropped"
  | "refundWindowOver"
  | "payerAccountClosed"
  // messages to the merchant
  | "callbackLost"
  | "callbackDoubled"
  | "callbackReordered"
  | "callbackForged"
  | "callbackStale"
  | "callbackLate"
  | "callbackProbe"
  | "callbackUndecryptable"
  // the daily bill
  | "billNotReady"
  | "billDamaged"
  | "billTruncated"
  | "billLineMissing"
  | "billLineDoubled"
  | "billAmountOff"
  | "billForeignLine"
  | "billRefundMissing"
  | "billReordered"
  | "billWrongEncoding"
  | "billWrongSums"
  // the bill of the merchant's account, and the bank's statement
  | "fundTruncated"
  | "fundReordered"
  | "fundLineDoubled"
  | "fundWrongEncoding"
  | "fundWrongSums"
  | "bankTruncated"
  | "bankReordered"
  | "bankLineDoubled"
  | "bankWrongEncoding"
  | "bankWrongSums";

export type FaultGroup = "pay" | "reverse" | "reply" | "line" | "refund" | "callback" | "bill";

/** What a switch is called and what it does; `gateways` says where it can happen at all. */
export interface FaultText {
  name: GatewayFault;
  group: FaultGroup;
  gateways: readonly Gateway[];
  zh: string;
  en: string;
  description: string;
  /** Its `seconds` when nothing is said; null: it has no time. */
  seconds: number | null;
}

type Row = [name: GatewayFault, zh: string, en: string, description: string];
const WECHAT: readonly Gateway[] = ["wechat"];
const ALIPAY: readonly Gateway[] = ["alipay"];
const TELLING: readonly Gateway[] = ["wechat", "alipay"];

function rows(group: FaultGroup, gateways: readonly Gateway[], list: readonly Row[]): FaultText[] {
  return list.map(([name, zh, en, description]) => ({
    name,
    group,
    gateways,
    zh,
    en,
    description,
    seconds: SECONDS[name] ?? null,
  }));
}

const SECONDS: Partial<Record<GatewayFault, number>> = {
  slow: 20,
  paidAfter: 10,
  autoReverse: 45,
  refundProcessing: 20,
  callbackLate: 60,
};

export const FAULTS: readonly FaultText[] = [
  ...rows("pay", GATEWAYS, [
    ["paidAtOnce", "免密支付", "Paid at once", "No password is asked for, whatever the phone is set to."],
    [
      "paidAfter",
      "几秒后付款成功",
      "Paid after a while",
      "The payer has to enter a password and does so after `seconds`.",
    ],
    [
      "userPayingForever",
      "一直等待输入密码",
      "Password never ends",
      "The order waits for the password and takes no answer; only a reverse ends it.",
    ],
    [
      "autoReverse",
      "超时自动撤销",
      "Closes by itself",
      "A password is asked for; unpaid after `seconds`, the gateway closes the order.",
    ],
    ["notEnough", "余额不足", "Not enough money", "The pay call is refused for its balance."],
    ["authCodeInvalid", "付款码无效", "Payment code invalid", "The pay call is refused for its code."],
    [
      "riskRefused",
      "风控拒绝",
      "Refused as risky",
      "The pay call is refused: TRADE_ERROR, 40004 PAYMENT_REQUEST_HAS_RISK, RISK.",
    ],
    [
      "outTradeNoUsed",
      "商户订单号重复",
      "Order number used",
      "The pay call is refused as if its number had been used before.",
    ],
    [
      "systemError",
      "已扣款但报系统错误",
      "Charged, system error",
      "The pay call is carried out and answers 500 / ACQ.SYSTEM_ERROR.",
    ],
    [
      "systemErrorUncharged",
      "未扣款且报系统错误",
      "Not charged, system error",
      "The pay call does nothing and answers 500 / ACQ.SYSTEM_ERROR.",
    ],
    ["dropReply", "已扣款但应答丢失", "Charged, reply lost", "The pay call is carried out; the connection is cut."],
    [
      "lateArrival",
      "付款请求迟到",
      "Pay arrives late",
      "The pay call is cut off and carried out right after the next query or reverse of its order.",
    ],
    [
      "lateAfterReverse",
      "付款请求晚于撤销",
      "Pay arrives after the reverse",
      "The pay call is cut off and carried out right after the next reverse of its order.",
    ],
  ]),
  ...rows("pay", ALIPAY, [
    [
      "serviceUnknown",
      "已扣款但返回 20000",
      "Charged, code 20000",
      "The pay call is carried out and answers 20000 isp.unknow-error.",
    ],
    [
      "rolledBack",
      "成功后回滚",
      "Success rolled back",
      "The pay call answers 10000; nothing is taken and the order is closed.",
    ],
  ]),
  ...rows("pay", WECHAT, [
    [
      "paidBeforeClose",
      "关单前一刻付款",
      "Paid just before the close",
      "The payer pays the prepared order as its close arrives, which is refused.",
    ],
  ]),
  ...rows("reverse", GATEWAYS, [
    ["reverseNoEffect", "撤销成功但无效果", "Reverse without effect", "The reverse answers success and does nothing."],
    [
      "reverseDropped",
      "已撤销但应答丢失",
      "Reversed, reply lost",
      "The reverse is carried out; the connection is cut.",
    ],
  ]),
  ...rows(
    "reverse",
    ["wechat", "acquirer"],
    [
      [
        "reverseUserPaying",
        "撤销被拒：支付中",
        "Reverse refused: paying",
        "The reverse is refused with USERPAYING and does nothing.",
      ],
    ],
  ),
  ...rows("reverse", ALIPAY, [
    ["cancelRetry", "撤销要求重试", "Cancel: retry", "The cancel fails with retry_flag Y and does nothing."],
  ]),
  ...rows("reply", GATEWAYS, [
    ["slow", "应答很慢", "Slow reply", "The call is carried out at once, its reply waits `seconds`."],
    ["badSignature", "应答签名错误", "Bad reply signature", "The reply carries a signature over other bytes."],
    ["unsigned", "应答没有签名", "Unsigned reply", "The reply carries no signature."],
    ["garbage", "应答是乱码", "Garbage", "The call is carried out; the answer is the page of some proxy."],
  ]),
  ...rows(
    "reply",
    ["wechat", "acquirer"],
    [["staleTimestamp", "应答时间戳过旧", "Stale reply timestamp", "The reply is signed with a time 400 s ago."]],
  ),
  ...rows("reply", WECHAT, [
    ["wrongSerial", "应答证书序列号未知", "Unknown reply serial", "The reply names a platform key nobody knows."],
  ]),
  ...rows("reply", ALIPAY, [
    [
      "errorResponse",
      "返回 error_response",
      "error_response",
      "The reply is an error_response 20000 instead of the method's own.",
    ],
  ]),
  ...rows("line", GATEWAYS, [
    ["gatewayDown", "网关断线", "Gateway down", "The connection is reset before anything is read."],
    [
      "connectionRefused",
      "网关拒绝连接",
      "Connection refused",
      "Nobody listens at the gateway's port until the switch is off; how often says nothing here.",
    ],
  ]),
  ...rows("refund", GATEWAYS, [
    [
      "refundProcessing",
      "退款处理中",
      "Refund processing",
      "The refund is accepted; its second query, or `seconds`, find it done.",
    ],
    ["refundForever", "退款一直处理中", "Refund never ends", "The refund is accepted and stays as it is."],
    ["refundAbnormal", "退款异常", "Refund abnormal", "The refund can't reach the payer's account."],
    ["refundDropped", "已退款但应答丢失", "Refunded, reply lost", "The refund is carried out; the connection is cut."],
    [
      "refundWindowOver",
      "超过退款期限",
      "Refund window over",
      "The refund is refused as too late, as it is a year after the payment.",
    ],
    [
      "payerAccountClosed",
      "付款账户已注销",
      "Payer's account closed",
      "The refund is refused: there is no account to give it to.",
    ],
  ]),
  ...rows(
    "refund",
    ["wechat", "acquirer"],
    [["refundClosed", "退款关闭", "Refund closed", "The refund is made and closed without moving money."]],
  ),
  ...rows("callback", TELLING, [
    ["callbackLost", "通知丢失", "Message lost", "The message is never sent."],
    ["callbackDoubled", "通知重复", "Message doubled", "The message is sent twice at the same time."],
    [
      "callbackReordered",
      "通知乱序",
      "Message out of order",
      "The message waits until the next one was delivered (a minute at most).",
    ],
    [
      "callbackForged",
      "伪造通知",
      "Message forged",
      "Before the message, another one arrives that claims the same and is signed by somebody else.",
    ],
    ["callbackLate", "通知很晚", "Message late", "The message is sent for the first time after `seconds`."],
  ]),
  ...rows("callback", WECHAT, [
    ["callbackStale", "通知时间戳过旧", "Message stale", "The message is signed with a time 400 s ago."],
    [
      "callbackProbe",
      "验签探测",
      "Signature probe",
      "Before the message, it comes with a WECHATPAY/SIGNTEST/ signature that must be refused.",
    ],
    [
      "callbackUndecryptable",
      "通知无法解密",
      "Message undecryptable",
      "The message is signed well and encrypted with another key.",
    ],
  ]),
  ...rows("bill", GATEWAYS, [
    ["billNotReady", "账单未生成", "Bill not ready", "The bill is still being made."],
    ["billDamaged", "账单损坏", "Bill damaged", "One byte of the file differs from what was announced."],
    ["billTruncated", "账单不完整", "Bill truncated", "The file ends after two thirds."],
    ["billLineMissing", "账单缺一笔", "Line missing", "The first payment is not in the bill."],
    ["billLineDoubled", "账单重复一笔", "Line doubled", "The first payment is in the bill twice."],
    ["billAmountOff", "账单差一分", "Amount off by one fen", "The first payment is one fen more in the bill."],
    [
      "billForeignLine",
      "账单有别家订单",
      "Another terminal's line",
      "A payment of a terminal that is not ours is in the bill.",
    ],
    ["billRefundMissing", "账单缺一笔退款", "Refund missing", "The first refund or reversal is not in the bill."],
    ["billReordered", "账单乱序", "Lines reordered", "The lines come last first."],
    ["billWrongEncoding", "账单编码错误", "Wrong encoding", "GBK where UTF-8 is due, and the other way round."],
    ["billWrongSums", "账单合计错误", "Wrong sums", "The sums are one fen more than the lines."],
  ]),
  ...rows("bill", TELLING, [
    ["fundTruncated", "资金账单不完整", "Fund bill truncated", "The fund bill ends after two thirds."],
    ["fundReordered", "资金账单乱序", "Fund bill reordered", "The fund bill's lines come last first."],
    ["fundLineDoubled", "资金账单重复一笔", "Fund line doubled", "The fund bill has its first line twice."],
    ["fundWrongEncoding", "资金账单编码错误", "Fund bill's wrong encoding", "The fund bill in the other encoding."],
    ["fundWrongSums", "资金账单合计错误", "Fund bill's wrong sums", "The fund bill's income is one fen more."],
  ]),
  ...rows(
    "bill",
    [],
    [
      ["bankTruncated", "银行流水不完整", "Statement truncated", "The bank's statement ends in the middle of a line."],
      ["bankReordered", "银行流水倒序", "Statement reordered", "The bank's statement has its newest line first."],
      [
        "bankLineDoubled",
        "银行流水重复一笔",
        "Statement line doubled",
        "The bank's statement has its last line twice.",
      ],
      ["bankWrongEncoding", "银行流水编码错误", "Statement's wrong encoding", "The bank's statement in GBK."],
      ["bankWrongSums", "银行流水余额错误", "Statement's wrong balance", "The last balance is one fen more."],
    ],
  ),
];

const known = new Set<string>(FAULTS.map((fault) => fault.name));

/** For values that come from outside, such as `PUT /faults`. */
export function isGatewayFault(name: string): name is GatewayFault {
  return known.has(name);
}
