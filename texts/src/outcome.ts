/** The outcome page's words: what happened → what it means for your money → what to do now (look.md). */
import type { Language } from "./language.ts";

export interface OutcomeText {
  what: string;
  money: string;
  next: string;
}

/** How the state is shown beside its words: never by colour alone. */
export type OutcomeTone = "wait" | "good" | "act";

/**
 * The states of a purchase. `paid` and `later` are one: money in, nothing written; whether it may wait is another
 * sentence. So are `refunding` and `refundStuck`.
 */
export type OutcomeKey =
  | "quoted"
  | "paying"
  | "closing"
  | "paid"
  | "later"
  | "issued"
  | "unknown"
  | "refunding"
  | "refundStuck"
  | "refunded"
  | "manual"
  | "delivered"
  | "void";

export const outcomeTones: Readonly<Record<OutcomeKey, OutcomeTone>> = {
  quoted: "wait",
  paying: "wait",
  closing: "wait",
  paid: "act",
  later: "act",
  issued: "wait",
  unknown: "act",
  refunding: "wait",
  refundStuck: "wait",
  refunded: "good",
  manual: "wait",
  delivered: "good",
  void: "good",
};

/** `{goods}` what was bought, `{paid}` what was paid, `{number}`, `{hotline}`. */
export const outcomeTexts: Readonly<Record<Language, Readonly<Record<OutcomeKey, OutcomeText>>>> = {
  "zh-CN": {
    quoted: { what: "还没有确认。", money: "没有扣款。", next: "请在自助机上继续，或取卡离开。" },
    paying: { what: "正在等待付款。", money: "付款结果还没有确认。", next: "请按自助机的提示操作，不要重复付款。" },
    closing: {
      what: "正在核实付款。",
      money: "这笔购气已取消；如果钱已经付出，会自动退回。",
      next: "请勿重复付款。本页会自动更新。",
    },
    paid: {
      what: "钱已付，还没有写卡。",
      money: "钱没有丢，已为您保留 {goods}。",
      next: "请把卡插入任意一台自助机，会接着写卡；不写卡，钱会自动退回。不要再次付款。",
    },
    later: {
      what: "钱已付，等待写卡。",
      money: "已为您保留 {goods}，不会过期。",
      next: "请带卡到任意一台自助机写卡。不要再次付款。",
    },
    issued: { what: "正在写卡。", money: "钱已付，已为您保留 {goods}。", next: "请勿拔出IC卡，不要再次付款。" },
    unknown: {
      what: "卡还没有核对上。",
      money: "钱没有丢，已为您保留 {goods}。",
      next: "请把卡再插一次，哪台自助机都可以；也可凭单号到营业厅补气。请勿二次购气。",
    },
    refunding: { what: "正在退款。", money: "{paid} 会按原路退回。", next: "不用再做什么。本页会自动更新。" },
    refundStuck: {
      what: "退款需要人工处理。",
      money: "{paid} 会退给您，工作人员正在办理。",
      next: "请留好单号；有疑问请拨打 {hotline}。",
    },
    refunded: { what: "已退款。", money: "{paid} 已按原路退回。", next: "如需购气，请重新购买。" },
    manual: {
      what: "工作人员正在核实。",
      money: "钱没有丢，已为您保留 {goods}。",
      next: "请勿二次购气。请凭单号拨打 {hotline} 或到营业厅。",
    },
    delivered: {
      what: "购气成功。",
      money: "{goods} 已写入您的卡。",
      next: "请把卡插入燃气表上表，听到提示音再拔出。",
    },
    void: { what: "购气已取消。", money: "没有扣款。", next: "如需购气，请重新购买。" },
  },
  en: {
    quoted: {
      what: "Not confirmed yet.",
      money: "Nothing was charged.",
      next: "Go on at the terminal, or take your card.",
    },
    paying: {
      what: "Waiting for the payment.",
      money: "The payment is not confirmed yet.",
      next: "Follow the terminal and do not pay twice.",
    },
    closing: {
      what: "The payment is being checked.",
      money: "The purchase is cancelled; if money was taken, it comes back by itself.",
      next: "Do not pay again. This page updates by itself.",
    },
    paid: {
      what: "Paid, not on the card yet.",
      money: "Your money is safe: {goods} is kept for you.",
      next: "Insert the card at any terminal to have it written; otherwise the money comes back. Do not pay again.",
    },
    later: {
      what: "Paid, to be written later.",
      money: "{goods} is kept for you and does not expire.",
      next: "Insert the card at any terminal to have it written. Do not pay again.",
    },
    issued: {
      what: "The card is being written.",
      money: "Paid: {goods} is kept for you.",
      next: "Leave the card in and do not pay again.",
    },
    unknown: {
      what: "The card has not been checked yet.",
      money: "Your money is safe: {goods} is kept for you.",
      next: "Insert the card once more, at any terminal, or take the number to the service hall. Do not buy again.",
    },
    refunding: {
      what: "The money is on its way back.",
      money: "{paid} returns the way it came.",
      next: "Nothing to do. This page updates by itself.",
    },
    refundStuck: {
      what: "Our staff complete the refund.",
      money: "{paid} will be returned to you.",
      next: "Keep the number; call {hotline} with questions.",
    },
    refunded: { what: "Refunded.", money: "{paid} was returned the way it came.", next: "You can buy again." },
    manual: {
      what: "Our staff are checking.",
      money: "Your money is safe: {goods} is kept for you.",
      next: "Do not buy again. Call {hotline} or visit the service hall with the number.",
    },
    delivered: {
      what: "Bought.",
      money: "{goods} is on your card.",
      next: "Put the card into your gas meter and wait for the beep.",
    },
    void: { what: "Cancelled.", money: "Nothing was charged.", next: "You can buy again." },
  },
};

/**
 * The same for a purchase that costs nothing, because it is what was left in a meter that was replaced: where the words
 * above speak of money, here there was none.
 */
export const carriedTexts: Readonly<Record<Language, Readonly<Partial<Record<OutcomeKey, OutcomeText>>>>> = {
  "zh-CN": {
    paid: {
      what: "旧表里剩的气，还没有写上卡。",
      money: "不用付款，{goods} 还为您留着。",
      next: "请把卡插入任意一台自助机，会接着写卡。",
    },
    issued: { what: "正在写卡。", money: "不用付款，{goods} 是旧表里剩的。", next: "请勿拔出IC卡。" },
    unknown: {
      what: "卡还没有核对上。",
      money: "不用付款，旧表里剩的 {goods} 还为您留着。",
      next: "请把卡再插一次，哪台自助机都可以；也可凭单号到营业厅补气。",
    },
    refunding: {
      what: "没有写上卡。",
      money: "旧表里剩的 {goods} 正在记回您的账户。",
      next: "不用再做什么。本页会自动更新。",
    },
    refunded: {
      what: "没有写上卡。",
      money: "没有扣款，旧表里剩的 {goods} 还在您的账户里。",
      next: "下次把卡插入自助机，会再写一次。",
    },
    manual: {
      what: "工作人员正在核实。",
      money: "没有扣款，旧表里剩的 {goods} 还为您留着。",
      next: "请凭单号拨打 {hotline} 或到营业厅。",
    },
    delivered: {
      what: "旧表里剩的气已写上卡。",
      money: "{goods} 已写入您的卡，没有扣款。",
      next: "请把卡插入燃气表上表，听到提示音再拔出。",
    },
  },
  en: {
    paid: {
      what: "The gas from your old meter is not on the card yet.",
      money: "Nothing to pay: {goods} is kept for you.",
      next: "Insert the card at any terminal to have it written.",
    },
    issued: {
      what: "The card is being written.",
      money: "Nothing to pay: {goods} is from your old meter.",
      next: "Leave the card in.",
    },
    unknown: {
      what: "The card has not been checked yet.",
      money: "Nothing to pay: {goods} from your old meter is kept for you.",
      next: "Insert the card once more, at any terminal, or take the number to the service hall.",
    },
    refunding: {
      what: "Not written to the card.",
      money: "{goods} from your old meter goes back to your account.",
      next: "Nothing to do. This page updates by itself.",
    },
    refunded: {
      what: "Not written to the card.",
      money: "Nothing was charged: {goods} from your old meter is still in your account.",
      next: "It is written the next time you insert the card.",
    },
    manual: {
      what: "Our staff are checking.",
      money: "Nothing was charged: {goods} from your old meter is kept for you.",
      next: "Call {hotline} or visit the service hall with the number.",
    },
    delivered: {
      what: "The gas from your old meter is on the card.",
      money: "{goods} is on your card; nothing was charged.",
      next: "Put the card into your gas meter and wait for the beep.",
    },
  },
};

export const outcomeLabels = {
  number: ["购气单号", "Purchase"],
  account: ["用户号", "Account"],
  name: ["户名", "Holder"],
  payable: ["应付款", "To pay"],
  goods: ["购气", "Gas"],
  time: ["时间", "Time"],
  hotline: ["客服热线", "Hotline"],
} as const satisfies Record<string, readonly [string, string]>;

export const outcomeWords = {
  title: "购气结果",
  refresh: "本页会自动更新 · This page updates by itself",
  notFound: ["找不到这笔购气。", "This purchase was not found."],
  notFoundNext: ["请核对收据上的二维码，或拨打客服热线。", "Check the code on the receipt, or call the hotline."],
  tones: { wait: "处理中", good: "已完成", act: "请您处理" },
} as const;

/** The same for a recharge that goes to its meter over a link: no card is in it. Queued, sent, on the meter. */
export const linkTexts: Readonly<Record<Language, Readonly<Partial<Record<OutcomeKey, OutcomeText>>>>> = {
  "zh-CN": {
    quoted: { what: "还没有确认。", money: "没有扣款。", next: "请在手机上继续。" },
    paying: { what: "正在等待付款。", money: "付款结果还没有确认。", next: "请在手机上付款，不要重复付款。" },
    later: {
      what: "钱已付，正在排队充值。",
      money: "已为您保留 {goods}，不会过期。",
      next: "表醒来就会自动充值；急用请按住表上的按键把表唤醒。不要再次付款。",
    },
    issued: {
      what: "充值已发往燃气表。",
      money: "钱已付，{goods} 正在充入您的表。",
      next: "请等几分钟。本页会自动更新，不要再次付款。",
    },
    unknown: {
      what: "燃气表还没有回应。",
      money: "钱没有丢，已为您保留 {goods}。",
      next: "请按住表上的按键把表唤醒，系统会接着充值。不要再次付款。",
    },
    manual: {
      what: "工作人员正在核对燃气表。",
      money: "钱没有丢，已为您保留 {goods}。",
      next: "请勿再次付款。请凭单号拨打 {hotline} 或到营业厅。",
    },
    delivered: { what: "充值成功。", money: "{goods} 已充入您的燃气表。", next: "可以用气了。" },
  },
  en: {
    quoted: { what: "Not confirmed yet.", money: "Nothing was charged.", next: "Go on on your phone." },
    paying: {
      what: "Waiting for the payment.",
      money: "The payment is not confirmed yet.",
      next: "Pay on your phone, and do not pay twice.",
    },
    later: {
      what: "Paid, waiting for the meter.",
      money: "{goods} is kept for you and does not expire.",
      next: "It is sent when the meter wakes; press and hold the meter's button to wake it now. Do not pay again.",
    },
    issued: {
      what: "Sent to the meter.",
      money: "Paid: {goods} is on its way to your meter.",
      next: "Wait a few minutes. This page updates by itself; do not pay again.",
    },
    unknown: {
      what: "The meter has not answered yet.",
      money: "Your money is safe: {goods} is kept for you.",
      next: "Press and hold the meter's button to wake it; the recharge goes on by itself. Do not pay again.",
    },
    manual: {
      what: "Our staff are checking the meter.",
      money: "Your money is safe: {goods} is kept for you.",
      next: "Do not pay again. Call {hotline} or visit the service hall with the number.",
    },
    delivered: { what: "Recharged.", money: "{goods} is on your gas meter.", next: "You can use your gas." },
  },
};
