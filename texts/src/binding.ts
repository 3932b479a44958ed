/** The page behind the QR on a receipt: how to link the gas account to one's phone. */
import type { Language } from "./language.ts";

/** A link as its holder finds it. Opening the page uses nothing up; linking does. */
export type BindLinkState = "valid" | "expired" | "used" | "unknown";

export interface BindText {
  what: string;
  /** What it is good for, or why it is over. */
  why: string;
  next: string;
}

/** `{company}`, `{hotline}`, `{until}`: the last day of the link. */
export const bindTexts: Readonly<Record<Language, Readonly<Record<BindLinkState, BindText>>>> = {
  "zh-CN": {
    valid: {
      what: "绑定您的燃气账户",
      why: "绑定后，在手机上就能查余额、查购气记录。此链接只能使用一次，{until} 前有效；只是打开本页不算使用。",
      next: "请在微信里关注“{company}”服务号，点“我的”→“绑定”，输入收据上的用户号和您的户名。服务号开通前，可凭收据到营业厅查询，或拨打 {hotline}。",
    },
    expired: {
      what: "这个绑定链接已过期。",
      why: "链接印出后 7 天内有效，您的账户没有任何变化。",
      next: "请用最近一张收据上的二维码，或在服务号里点“我的”→“绑定”。有疑问请拨打 {hotline}。",
    },
    used: {
      what: "这个绑定链接已经用过。",
      why: "每个链接只能绑定一次。",
      next: "如果不是您本人绑定的，请马上拨打 {hotline}。",
    },
    unknown: {
      what: "找不到这个绑定链接。",
      why: "二维码可能没有扫全。",
      next: "请再扫一次收据上的二维码，或拨打收据上的客服热线。",
    },
  },
  en: {
    valid: {
      what: "Link your gas account.",
      why: "Then your phone shows your balance and what you bought. This link works once, until {until}; opening this page does not use it up.",
      next: "In WeChat follow the service account of {company}, tap 我的 → 绑定 (Me → Link) and enter the account number from your receipt and the holder's name. Until it opens, ask at the service hall with the receipt, or call {hotline}.",
    },
    expired: {
      what: "This link has expired.",
      why: "It is valid for 7 days after printing. Nothing about your account has changed.",
      next: "Use the code on your latest receipt, or 我的 → 绑定 in the service account. Questions: {hotline}.",
    },
    used: {
      what: "This link was used already.",
      why: "Each link links an account once.",
      next: "If that was not you, call {hotline} now.",
    },
    unknown: {
      what: "This link was not found.",
      why: "The code may not have been scanned whole.",
      next: "Scan the code on the receipt again, or call the hotline on it.",
    },
  },
};

export const bindWords = {
  title: "绑定燃气账户",
  account: ["用户号", "Account"],
  name: ["户名", "Holder"],
  purchase: ["购气单号", "Purchase"],
  states: { valid: "可以绑定", expired: "已过期", used: "已使用", unknown: "没有找到" },
} as const;
