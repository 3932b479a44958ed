/** What is told by text message or WeChat to customers who have left: short, and without a name or an address. */
import { fill } from "./fill.ts";

export const noticeKeys = [
  "delivered",
  "refunded",
  "paidOut",
  "refundStuck",
  "cancelled",
  "unknown",
  "later",
  "lateRefunded",
  "recharged",
  "rechargeWaits",
] as const;
export type NoticeKey = (typeof noticeKeys)[number];

/** `{company}`, `{number}` of the purchase, `{goods}` what was bought, `{paid}` what was paid, `{hotline}`. */
export const noticeTexts: Readonly<Record<NoticeKey, string>> = {
  delivered: "【{company}】购气单 {number} 已完成，{goods}已到账。如卡里有气，请插入燃气表。客服 {hotline}",
  refunded: "【{company}】购气单 {number} 已退款 {paid}，按原路退回。客服 {hotline}",
  paidOut: "【{company}】购气单 {number} 的 {paid} 已按您同意的方式退回。客服 {hotline}",
  refundStuck:
    "【{company}】购气单 {number} 的 {paid} 暂时不能按原路退回，您的钱没有丢。请联系客服 {hotline}，由工作人员办理。",
  cancelled: "【{company}】购气单 {number} 已取消，没有扣款。如需购气，请重新办理。客服 {hotline}",
  unknown:
    "【{company}】购气单 {number} 的写卡结果还没有核对，{goods}已为您保留。请把卡在任意自助机上再插一次，请勿重复购气。客服 {hotline}",
  later: "【{company}】购气单 {number} 已付款，{goods}还没有写卡。请带卡到任意自助机写卡。客服 {hotline}",
  recharged: "【{company}】购气单 {number} 已完成，{goods}已充入您的燃气表。客服 {hotline}",
  rechargeWaits:
    "【{company}】购气单 {number} 已付款，{goods}还没有充入燃气表。请按住表上的按键把表唤醒，请勿重复购气。客服 {hotline}",
  lateRefunded: "【{company}】购气单 {number} 取消后才到的付款 {paid} 已退回。客服 {hotline}",
};

/** The provider's name for the approved text. */
export const noticeTemplateId = (key: NoticeKey): string => `citygas.${key}`;

/** @throws when a value is missing: a programmer's error. */
export const noticeText = (key: NoticeKey, values: Readonly<Record<string, string>>): string =>
  fill(noticeTexts[key], values);
