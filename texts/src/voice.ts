/**
 * What the terminal says aloud. Each prompt is one recorded clip; `amount` introduces an amount said after a prompt.
 * Short sentences: they are heard in a stairwell or at a shop door.
 */
import type { Language } from "./language.ts";

const zh = {
  welcome: "欢迎使用。请芯片朝下，插入您的燃气卡。",
  insertCard: "请芯片朝下，插入您的燃气卡。",
  reading: "正在读卡，请勿拔出IC卡。",
  enterAmount: "请核对用户信息，然后输入购气金额或购气量，按确定。",
  checkPurchase: "购气信息确认无误后，请点击刷码支付。",
  scanCode: "请打开手机付款码，放在扫描枪下。请不要拔卡。",
  enterPassword: "请在手机上输入支付密码。请不要拔卡。",
  waitPayment: "已收到付款码，正在等待付款结果。请不要拔卡。",
  paidWriting: "钱已付，正在写卡，请不要拔卡。",
  writing: "正在写卡，请勿拔出IC卡。",
  success: "购气成功，请拔出IC卡。如需收据，请点击打印收据。",
  successNoReceipt: "购气成功，请拔出IC卡。",
  takeCard: "请取走您的燃气卡。",
  takeReceipt: "收据打印成功，请取走收据，并拔出IC卡。",
  gasOnCard: "卡中有气。请先将卡插入燃气表上表。",
  writeFailed: "写卡失败。钱没有丢，请勿二次购气。请把卡再插一次，或者到营业厅办理补气。",
  cardPulled: "卡被拔出了。请把卡重新插入。",
  payTimeout: "支付操作已超时，请取走您的IC卡片。",
  unknownPayment: "正在核实付款，请勿重复付款。",
  refused: "本次不能购气，请看屏幕上的说明。",
  moreTime: "还需要时间吗？",
  tenSeconds: "还剩十秒，请出示付款码。",
  wrongWay: "没有读到芯片。请把卡翻过来，芯片朝下，再插一次。",
  refunded: "这笔钱已经退回。",
  offline: "暂停服务。没有扣款。",
  finishing: "正在完成您上次的购气，不用再付款。请不要拔卡。",
  yielding: "正在核实手机上的付款，请稍候。手机上请不要再付款。",
  takingBack: "正在办理退款，请勿拔出IC卡。",
  takeBackFailed: "退款还没有办完。钱没有丢，请勿二次购气。请把卡再插一次，或者到营业厅办理。",
  refunding: "这笔钱正在退回，不用再做什么。请看屏幕上的说明。",
  meterFirst: "请先将卡插入燃气表，再来购气。",
  amount: "金额，",
};
export type VoicePromptKey = keyof typeof zh;

const en: Record<VoicePromptKey, string> = {
  welcome: "Welcome. Please insert your gas card, chip facing down.",
  insertCard: "Please insert your gas card, chip facing down.",
  reading: "Reading your card. Please do not take it out.",
  enterAmount: "Check your details, type how much gas you want, then touch OK.",
  checkPurchase: "If all is right, touch Pay with phone.",
  scanCode: "Open the payment code on your phone and hold it under the scanner. Leave the card in.",
  enterPassword: "Please enter your payment password on the phone. Leave the card in.",
  waitPayment: "Code received. Waiting for the payment. Leave the card in.",
  paidWriting: "Paid. Writing your card now. Please do not take it out.",
  writing: "Writing your card. Please do not take it out.",
  success: "Done. Please take your card. For a receipt, touch Print receipt.",
  successNoReceipt: "Done. Please take your card.",
  takeCard: "Please take your gas card.",
  takeReceipt: "Receipt printed. Please take the receipt and your card.",
  gasOnCard: "There is still gas on this card. Load it into your meter first.",
  writeFailed:
    "The card was not written. Your money is safe. Do not buy again. Insert the card once more, or go to the service hall.",
  cardPulled: "The card came out. Please insert it again.",
  payTimeout: "Time to pay is over. Please take your card.",
  unknownPayment: "Checking the payment. Please do not pay again.",
  refused: "This purchase is not possible. Please read the screen.",
  moreTime: "Do you need more time?",
  tenSeconds: "Ten seconds left. Please show your payment code.",
  wrongWay: "No chip found. Turn the card over, chip facing down, and insert it again.",
  refunded: "This money has been returned.",
  offline: "Out of service. Nothing was charged.",
  finishing: "Finishing your earlier purchase. Nothing more to pay. Leave the card in.",
  yielding: "Checking the payment on a phone. One moment. Please do not pay on the phone any more.",
  takingBack: "Preparing your refund. Please do not take out the card.",
  takeBackFailed:
    "The refund is not finished. Your money is safe. Do not buy again. Insert the card once more, or go to the service hall.",
  refunding: "The money is on its way back. Please read the screen.",
  meterFirst: "Please insert the card into your gas meter first.",
  amount: "Amount,",
};

export const voiceTexts: Record<Language, Record<VoicePromptKey, string>> = { "zh-CN": zh, en };
export const voicePromptKeys = Object.keys(zh) as VoicePromptKey[]; // Object.keys forgets the literal keys it returns
