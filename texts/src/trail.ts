/** The sentences in which a sale is told afterwards, to staff and on the workbench: one per kind of event. */
import { fill } from "./fill.ts";
import type { Language } from "./language.ts";

/** `{goods}`, `{payable}`, `{amount}` written for people; `{channel}`, `{reason}`, `{state}` from the lists below. */
const zh = {
  "purchase.quoted": "报价：{goods}，应付 {payable}",
  "purchase.confirmed": "客户确认购买",
  "purchase.requoted": "价格或余额有变化，重新报价：应付 {payable}",
  "purchase.attemptStarted": "开始付款",
  "purchase.attemptPaid": "付款成功",
  "purchase.attemptEnded": "这次付款没有成功",
  "purchase.gaveUp": "不再继续：{reason}",
  "purchase.scriptIssued": "写卡脚本交给终端",
  "purchase.refundScriptIssued": "退气脚本交给终端",
  "purchase.rechargeSent": "充值命令已发往燃气表",
  "purchase.rechargeTaken": "燃气表的购气记录已有这笔充值，充值完成",
  "purchase.recordDisagrees": "燃气表的购气记录对不上，交给工作人员",
  "purchase.scriptEnded": "写卡没有结果，等卡再插一次",
  "purchase.cardWritten": "读回核对：气已在卡上，购气完成",
  "purchase.cardConsumed": "燃气表已收下这笔气，购气完成",
  "purchase.refundProven": "卡已证明气没有留下，开始退款",
  "purchase.refundStands": "退气已写上卡，等燃气表确认",
  "purchase.cardReplaced": "已补卡，这笔购气随新卡继续",
  "purchase.meterReplaced": "燃气表已更换，按旧表读数：{state}",
  "purchase.meterDisagrees": "旧表读数与这笔购气不符，交给工作人员",
  "purchase.cardLost": "卡已挂失，这笔购气交给工作人员",
  "purchase.cardDisagrees": "卡上的内容对不上，交给工作人员",
  "purchase.refundSent": "退款已提交",
  "purchase.refundFailed": "退款被渠道拒绝，稍后再试",
  "purchase.refundStuck": "退款受阻，交给工作人员",
  "purchase.refundDone": "退款完成",
  "purchase.refundPaidOut": "退款改由其他方式付出，两名工作人员确认",
  "purchase.yielded": "卡在读卡器上，先核实手机上的付款",
  "purchase.decidedDelivered": "两名工作人员确认：气已交付",
  "purchase.decidedRefunding": "两名工作人员确认：退款",
  "purchase.due": "到时间，按规则处理：{state}",
  "purchase.seen": "客户已看到结果",
  "attempt.created": "收到{channel}付款码，要收 {amount}",
  "attempt.submitted": "付款请求发出，只发这一次",
  "attempt.notSubmitted": "付款请求没有发出",
  "attempt.paid": "{channel}答复：已付款",
  "attempt.inProgress": "{channel}答复：付款进行中",
  "attempt.notPaid": "{channel}答复：还没有付款",
  "attempt.notFound": "{channel}答复：没有这笔订单，继续查",
  "attempt.closed": "{channel}答复：订单已关闭，没有收钱",
  "attempt.payError": "{channel}答复：付款失败",
  "attempt.refused": "{channel}没有接受付款码",
  "attempt.misconfigured": "付款通道设置有误，已停用并报警",
  "attempt.notSent": "连不上{channel}，请求没有发出",
  "attempt.unknown": "{channel}没有明确答复，继续查",
  "attempt.cancelWanted": "要撤销这次付款",
  "attempt.reverseAccepted": "{channel}收到撤销，再查一次才算",
  "attempt.reverseAgain": "撤销还没有成功，稍后再试",
  "attempt.reverseTooLate": "已经不能撤销，改为查询",
  "attempt.reverseUnknown": "撤销没有明确答复，继续查",
  "attempt.taken": "已收到 {amount}（{channel}）",
  "attempt.prepared": "{channel}订单已建好，等客户在手机上付款",
  "attempt.prepareFailed": "{channel}订单没有建好",
  "attempt.closeWanted": "要先关闭手机上的付款",
  "attempt.closeAccepted": "{channel}收到关闭，再查一次才算",
  "attempt.closeAlreadyPaid": "{channel}说已经付款，再查一次",
  "attempt.closeAgain": "关闭还没有成功，稍后再试",
  "attempt.closeUnknown": "关闭没有明确答复，继续查",
  "attempt.latePaidOut": "晚到的付款改由其他方式退回，两名工作人员确认",
  "attempt.lateCheckDone": "事后复查，没有晚到的付款",
  "attempt.lateRefundFailed": "迟到付款的退款被渠道拒绝，稍后再试",
  "attempt.lateRefundStuck": "迟到付款无法原路退回，交给工作人员",
  "attempt.lateRefunded": "晚到的付款已退回",
  "attempt.resolved": "两名工作人员确认了付款结果",
};

export type TrailKey = keyof typeof zh;

const en: Record<TrailKey, string> = {
  "purchase.quoted": "Quoted: {goods}, {payable} to pay",
  "purchase.confirmed": "The customer agreed",
  "purchase.requoted": "Price or balance moved, quoted again: {payable} to pay",
  "purchase.attemptStarted": "A payment began",
  "purchase.attemptPaid": "The payment came through",
  "purchase.attemptEnded": "This payment did not come through",
  "purchase.gaveUp": "Given up: {reason}",
  "purchase.scriptIssued": "Card script handed to the terminal",
  "purchase.refundScriptIssued": "Refund script handed to the terminal",
  "purchase.rechargeSent": "Recharge sent to the meter",
  "purchase.rechargeTaken": "The meter's record shows the recharge, it is complete",
  "purchase.recordDisagrees": "The meter's record shows something else; staff decide",
  "purchase.scriptEnded": "No result from the card; waiting for it to be inserted again",
  "purchase.cardWritten": "Read back: the gas is on the card, the purchase is complete",
  "purchase.cardConsumed": "The meter has taken the gas, the purchase is complete",
  "purchase.refundProven": "The card proves that no gas stayed on it; the refund begins",
  "purchase.refundStands": "The refund stands on the card; the meter has to confirm it",
  "purchase.cardReplaced": "The card was replaced; the purchase goes on with the new one",
  "purchase.meterReplaced": "The meter was replaced; by the old one's word: {state}",
  "purchase.meterDisagrees": "The old meter's word does not fit this purchase; staff decide",
  "purchase.cardLost": "The card was reported lost; staff decide",
  "purchase.cardDisagrees": "The card shows something else; staff decide",
  "purchase.refundSent": "Refund sent",
  "purchase.refundFailed": "The channel refused the refund; it is tried again later",
  "purchase.refundStuck": "The refund is stuck; staff take it up",
  "purchase.refundDone": "Refunded",
  "purchase.refundPaidOut": "Refunded another way, two of the staff confirmed",
  "purchase.yielded": "The card is in a reader; the payment on the phone is checked first",
  "purchase.decidedDelivered": "Two of the staff confirmed: delivered",
  "purchase.decidedRefunding": "Two of the staff confirmed: refund",
  "purchase.due": "Time was up, by the rules: {state}",
  "purchase.seen": "The customer has seen the outcome",
  "attempt.created": "{channel} code scanned for {amount}",
  "attempt.submitted": "Pay request sent, this once only",
  "attempt.notSubmitted": "The pay request was never sent",
  "attempt.paid": "{channel} says: paid",
  "attempt.inProgress": "{channel} says: in progress",
  "attempt.notPaid": "{channel} says: not paid yet",
  "attempt.notFound": "{channel} says: no such order; asking on",
  "attempt.closed": "{channel} says: order closed, no money taken",
  "attempt.payError": "{channel} says: payment failed",
  "attempt.refused": "{channel} did not accept the code",
  "attempt.misconfigured": "The channel is set up wrongly: stopped, alarm raised",
  "attempt.notSent": "{channel} not reached, nothing was sent",
  "attempt.unknown": "No clear answer from {channel}; asking on",
  "attempt.cancelWanted": "This payment is to be reversed",
  "attempt.reverseAccepted": "{channel} took the reversal; believed once a query confirms it",
  "attempt.reverseAgain": "Not reversed yet, trying again later",
  "attempt.reverseTooLate": "Too late to reverse, asking instead",
  "attempt.reverseUnknown": "No clear answer to the reversal; asking on",
  "attempt.taken": "{amount} taken ({channel})",
  "attempt.prepared": "{channel} order made; the customer pays it on the phone",
  "attempt.prepareFailed": "No {channel} order was made",
  "attempt.closeWanted": "The payment on the phone is to be closed first",
  "attempt.closeAccepted": "{channel} took the close; believed once a query confirms it",
  "attempt.closeAlreadyPaid": "{channel} says that it was paid; asking",
  "attempt.closeAgain": "Not closed yet, trying again later",
  "attempt.closeUnknown": "No clear answer to the close; asking on",
  "attempt.latePaidOut": "A late payment went back another way, two of the staff confirmed",
  "attempt.lateCheckDone": "Checked afterwards: no late payment",
  "attempt.lateRefundFailed": "The channel refused to give the late money back; tried again later",
  "attempt.lateRefundStuck": "The late money can't go back by its channel; staff take it up",
  "attempt.lateRefunded": "A late payment went back",
  "attempt.resolved": "Two of the staff settled the payment's result",
};

export interface TrailTexts {
  events: Record<TrailKey, string>;
  reasons: Record<
    | "customer"
    | "timeout"
    | "quoteExpired"
    | "cardGone"
    | "terminalGone"
    | "windowOver"
    | "staff"
    | "paymentFailed"
    | "readerWins",
    string
  >;
  states: Record<
    | "quoted"
    | "paying"
    | "closing"
    | "paid"
    | "issued"
    | "unknown"
    | "refunding"
    | "refunded"
    | "manual"
    | "delivered"
    | "void",
    string
  >;
  channels: Record<"wechat" | "alipay" | "acquirer" | "cash" | "pos" | "test", string>;
  /** Accounts of the ledger, by what stands before the first colon. */
  ledger: Readonly<Record<string, string>>;
}

/** What the trail of a sale is told with. */
export const trailTexts: Record<Language, TrailTexts> = {
  "zh-CN": {
    events: zh,
    reasons: {
      customer: "客户取消",
      timeout: "超时",
      quoteExpired: "报价过期",
      cardGone: "卡已取走",
      terminalGone: "终端失去联系",
      windowOver: "过了补写时间",
      staff: "工作人员决定",
      paymentFailed: "付款没有成功",
      readerWins: "卡在读卡器上重新购气",
    },
    states: {
      quoted: "等待确认",
      paying: "等待付款",
      closing: "正在核实付款",
      paid: "已付款，等写卡",
      issued: "正在写卡",
      unknown: "等卡再插一次",
      refunding: "正在退款",
      refunded: "已退款",
      manual: "工作人员核实",
      delivered: "已完成",
      void: "已取消",
    },
    channels: {
      wechat: "微信支付",
      alipay: "支付宝",
      acquirer: "银行收单",
      cash: "现金",
      pos: "刷卡机",
      test: "测试支付",
    },
    ledger: {
      gateway: "渠道账户",
      customer: "客户余额",
      held: "占用余额",
      open: "已收待交付",
      sales: "售气收入",
      discount: "优惠",
      receivable: "欠费",
      returns: "待退款",
      drawer: "收银抽屉",
      bank: "银行账户",
      stock: "公司气量",
      gas: "表内气量",
      credit: "已发金额",
      meter: "表内金额",
    },
  },
  en: {
    events: en,
    reasons: {
      customer: "the customer cancelled",
      timeout: "time ran out",
      quoteExpired: "the quote expired",
      cardGone: "the card was taken",
      terminalGone: "the terminal is gone",
      windowOver: "the time to finish is over",
      staff: "staff decided",
      paymentFailed: "the payment failed",
      readerWins: "the card is in a reader and buys anew",
    },
    states: {
      quoted: "waiting for a yes",
      paying: "waiting for money",
      closing: "checking the payment",
      paid: "paid, to be written",
      issued: "being written",
      unknown: "waiting for the card",
      refunding: "refunding",
      refunded: "refunded",
      manual: "with the staff",
      delivered: "complete",
      void: "cancelled",
    },
    channels: {
      wechat: "WeChat Pay",
      alipay: "Alipay",
      acquirer: "Bank acquirer",
      cash: "Cash",
      pos: "Card terminal",
      test: "Test payment",
    },
    ledger: {
      gateway: "at the gateway",
      customer: "customer balance",
      held: "held balance",
      open: "paid, undelivered",
      sales: "sales",
      discount: "discount",
      receivable: "debts",
      returns: "to be returned",
      drawer: "cash drawer",
      bank: "bank account",
      stock: "company gas",
      gas: "gas at the meter",
      credit: "credit issued",
      meter: "credit at the meter",
    },
  },
};

/** One event as a sentence. @throws when a value that the sentence asks for is missing. */
export function trailSentence(key: TrailKey, values: Readonly<Record<string, string>>, language: Language): string {
  return fill(trailTexts[language].events[key], values);
}
