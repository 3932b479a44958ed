/** All text for people, in Chinese and English: no other package holds any. */

export { type BindLinkState, type BindText, bindTexts, bindWords } from "./src/binding.ts";
export { fill } from "./src/fill.ts";
export {
  decimalLitres,
  decimalYuan,
  decimalYuanShort,
  money,
  unitPrice,
  volume,
  yuan,
  yuanShort,
} from "./src/format.ts";
export { type KioskTexts, kioskTexts } from "./src/kiosk.ts";
export { type Language, languages } from "./src/language.ts";
export { type NoticeKey, noticeKeys, noticeTemplateId, noticeText, noticeTexts } from "./src/notices.ts";
export {
  carriedTexts,
  linkTexts,
  type OutcomeKey,
  type OutcomeText,
  type OutcomeTone,
  outcomeLabels,
  outcomeTexts,
  outcomeTones,
  outcomeWords,
} from "./src/outcome.ts";
export { type ReceiptTexts, receiptTexts } from "./src/receipt.ts";
export {
  isRefusalKey,
  type RefusalKey,
  type RefusalText,
  refusalKeys,
  refusalSentence,
  refusalShortCodes,
  refusalText,
  refusalValueKinds,
} from "./src/refusals.ts";
export { type SpeechToken, speechAmount, speechTokens, speechTokenTexts } from "./src/speech.ts";
export { type TrailKey, type TrailTexts, trailSentence, trailTexts } from "./src/trail.ts";
export { type VoicePromptKey, voicePromptKeys, voiceTexts } from "./src/voice.ts";
