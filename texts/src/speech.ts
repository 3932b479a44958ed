/**
 * Amounts as they are spoken, as a row of tokens: joined they are the words (五十八元六角), and each token is one
 * recorded clip of the kiosk.
 */
import type { Language } from "./language.ts";

const zhTexts = {
  "zh-0": "零",
  "zh-1": "一",
  "zh-2": "二",
  "zh-2b": "两",
  "zh-3": "三",
  "zh-4": "四",
  "zh-5": "五",
  "zh-6": "六",
  "zh-7": "七",
  "zh-8": "八",
  "zh-9": "九",
  "zh-10": "十",
  "zh-100": "百",
  "zh-1000": "千",
  "zh-10000": "万",
  "zh-yuan": "元",
  "zh-jiao": "角",
  "zh-fen": "分",
} as const;
const enTexts = {
  "en-0": "zero",
  "en-1": "one",
  "en-2": "two",
  "en-3": "three",
  "en-4": "four",
  "en-5": "five",
  "en-6": "six",
  "en-7": "seven",
  "en-8": "eight",
  "en-9": "nine",
  "en-10": "ten",
  "en-11": "eleven",
  "en-12": "twelve",
  "en-13": "thirteen",
  "en-14": "fourteen",
  "en-15": "fifteen",
  "en-16": "sixteen",
  "en-17": "seventeen",
  "en-18": "eighteen",
  "en-19": "nineteen",
  "en-20": "twenty",
  "en-30": "thirty",
  "en-40": "forty",
  "en-50": "fifty",
  "en-60": "sixty",
  "en-70": "seventy",
  "en-80": "eighty",
  "en-90": "ninety",
  "en-100": "hundred",
  "en-1000": "thousand",
  "en-point": "point",
  "en-yuan": "yuan",
} as const;

/** What each token says. */
export const speechTokenTexts = { ...zhTexts, ...enTexts };
export type SpeechToken = keyof typeof speechTokenTexts;

/** The largest amount that is said in words: 99,999.99 yuan, far above any single purchase. */
const mostFen = 9_999_999;

/** Tokens of an amount; empty for one that is not said (negative or above 99,999.99 yuan: silence beats nonsense). */
export function speechTokens(amountFen: number, language: Language): SpeechToken[] {
  if (!Number.isSafeInteger(amountFen) || amountFen < 0 || amountFen > mostFen) return [];
  return language === "zh-CN" ? chineseAmount(amountFen) : englishAmount(amountFen);
}

/** The amount in words: `五十八元六角`, `fifty eight point six zero yuan`. */
export function speechAmount(amountFen: number, language: Language): string {
  const separator = language === "zh-CN" ? "" : " ";
  return speechTokens(amountFen, language)
    .map((token) => speechTokenTexts[token])
    .join(separator);
}

const zhDigits = ["zh-0", "zh-1", "zh-2", "zh-3", "zh-4", "zh-5", "zh-6", "zh-7", "zh-8", "zh-9"] as const;
const zhPlaces = ["zh-10000", "zh-1000", "zh-100", "zh-10", null] as const;

function zhDigit(digit: number): SpeechToken {
  return zhDigits[digit] ?? "zh-0";
}

function chineseAmount(amountFen: number): SpeechToken[] {
  const whole = Math.floor(amountFen / 100);
  const jiao = Math.floor(amountFen / 10) % 10;
  const fen = amountFen % 10;
  const tokens: SpeechToken[] = [];
  if (whole > 0 || amountFen === 0) tokens.push(...chineseInteger(whole), "zh-yuan");
  if (jiao > 0) tokens.push(zhDigit(jiao), "zh-jiao");
  // 一元零五分: without 零 a listener takes the five for jiao.
  else if (fen > 0 && whole > 0) tokens.push("zh-0");
  if (fen > 0) tokens.push(zhDigit(fen), "zh-fen");
  return tokens;
}

/** 0…99,999 as it is read: zeros inside are said once, those at the end not at all, 10–19 begin with 十. */
function chineseInteger(value: number): SpeechToken[] {
  if (value === 0) return ["zh-0"];
  if (value === 2) return ["zh-2b"];
  const digits = String(value).padStart(5, "0");
  const tokens: SpeechToken[] = [];
  let skippedZero = false;
  zhPlaces.forEach((place, index) => {
    const digit = Number(digits[index]);
    if (digit === 0) {
      skippedZero = tokens.length > 0;
      return;
    }
    if (skippedZero) tokens.push("zh-0");
    skippedZero = false;
    const leadingTen = place === "zh-10" && digit === 1 && tokens.length === 0;
    const liang = digit === 2 && (place === "zh-1000" || place === "zh-10000") && tokens.length === 0;
    if (!leadingTen) tokens.push(liang ? "zh-2b" : zhDigit(digit));
    if (place !== null) tokens.push(place);
  });
  return tokens;
}

const enSmall = [
  "en-0",
  "en-1",
  "en-2",
  "en-3",
  "en-4",
  "en-5",
  "en-6",
  "en-7",
  "en-8",
  "en-9",
  "en-10",
  "en-11",
  "en-12",
  "en-13",
  "en-14",
  "en-15",
  "en-16",
  "en-17",
  "en-18",
  "en-19",
] as const;
const enTens = [
  null,
  null,
  "en-20",
  "en-30",
  "en-40",
  "en-50",
  "en-60",
  "en-70",
  "en-80",
  "en-90",
] as const satisfies readonly (SpeechToken | null)[];

function englishAmount(amountFen: number): SpeechToken[] {
  const tokens = englishInteger(Math.floor(amountFen / 100));
  const rest = amountFen % 100;
  if (rest > 0) tokens.push("en-point", ...englishInteger(Math.floor(rest / 10)), ...englishInteger(rest % 10));
  return [...tokens, "en-yuan"];
}

/** 0…99,999. */
function englishInteger(value: number): SpeechToken[] {
  const small = enSmall[value];
  if (small !== undefined) return [small];
  if (value >= 1000) return [...englishInteger(Math.floor(value / 1000)), "en-1000", ...englishRest(value % 1000)];
  if (value >= 100) return [...englishInteger(Math.floor(value / 100)), "en-100", ...englishRest(value % 100)];
  const tens = enTens[Math.floor(value / 10)];
  return tens ? [tens, ...englishRest(value % 10)] : [];
}

function englishRest(value: number): SpeechToken[] {
  return value === 0 ? [] : englishInteger(value);
}
