/**
 * One text per refusal code, in both languages: what happened → what it means for your money → what to do now.
 * The codes repeat `api`'s closed list (this package imports nothing of ours); a test of the kiosk's screen holds the
 * two equal.
 */
import { fill } from "./fill.ts";
import type { Language } from "./language.ts";
import { refusalsEn } from "./refusals-en.ts";
import { refusalsZh } from "./refusals-zh.ts";

export type RefusalKey = keyof typeof refusalsZh;

export interface RefusalText {
  /** What happened. */
  what: string;
  /** The same with the number that belongs to it, as `{value}`; null when the code carries none. */
  whatValue: string | null;
  /** What it means for the customer's money. */
  money: string;
  /** What to do now. */
  next: string;
}

const texts: Record<Language, Record<RefusalKey, RefusalText>> = { "zh-CN": refusalsZh, en: refusalsEn };

export const refusalKeys = Object.keys(refusalsZh) as RefusalKey[]; // Object.keys forgets the literal keys it returns

/** Is this string a refusal code that has a text? */
export function isRefusalKey(code: string): code is RefusalKey {
  return Object.hasOwn(refusalsZh, code);
}

/** What a customer reads to the hotline: a letter for the kind, two digits. Never reused for another code. */
export const refusalShortCodes: Record<RefusalKey, string> = {
  "card.blank": "K01",
  "card.foreign": "K02",
  "card.tool": "K03",
  "card.opening": "K04",
  "card.unreadable": "K05",
  "card.badChecksum": "K06",
  "card.lost": "K07",
  "card.replaced": "K08",
  "card.blocked": "K09",
  "card.secretCounter": "K10",
  "card.countMismatch": "K11",
  "card.unknown": "K12",
  "card.stale": "K13",
  "refund.meterFirst": "K14",
  "account.debt": "H01",
  "account.safetyCheck": "H02",
  "account.suspectedTampering": "H03",
  "account.stopped": "H04",
  "entry.zero": "S01",
  "entry.notWhole": "S02",
  "entry.overLimit": "S03",
  "entry.overCeiling": "S04",
  "purchase.open": "D01",
  "purchase.manual": "D02",
  "purchase.quoteExpired": "D03",
  "purchase.quoteStale": "D04",
  "purchase.notFound": "D05",
  "purchase.wrongState": "D06",
  "purchase.onPhone": "D07",
  "recharge.unpaid": "D08",
  "recharge.queueFull": "D09",
  "payment.notACode": "Z01",
  "payment.collectionCode": "Z02",
  "payment.walletOff": "Z03",
  "payment.inProgress": "Z04",
  "payment.channelDown": "Z05",
  "staff.required": "G01",
  "staff.forbidden": "G02",
  "staff.locked": "G03",
  "staff.samePerson": "G04",
  "decision.open": "G05",
  "decision.closed": "G06",
  "decision.required": "G07",
  "decision.notApplicable": "G08",
  "refund.notStuck": "G09",
  "refund.gatewayMay": "G10",
  "refund.gatewaySilent": "G11",
  "refund.cardRule": "G12",
  "refund.phoneProof": "G13",
  "refund.indexNeeded": "G28",
  "card.scriptRunning": "G14",
  "payment.gatewayPaid": "G15",
  "payment.gatewayUnpaid": "G16",
  "drawer.closed": "G17",
  "drawer.open": "G18",
  "drawer.notYours": "G19",
  "drawer.tooLittle": "G20",
  "drawer.moved": "G33",
  "counter.tooLittle": "G21",
  "counter.deskOnly": "G22",
  "task.causeRemains": "G23",
  "reconciliation.notCompared": "G24",
  "reconciliation.undecided": "G25",
  "reconciliation.closed": "G26",
  "reconciliation.badFile": "G27",
  "meter.retired": "G29",
  "meter.wordDisagrees": "G30",
  "meter.cardNeeded": "G31",
  "meter.otherKind": "G32",
  "recharge.mayArrive": "G34",
  "session.ended": "T01",
  "request.invalid": "T02",
  "request.keyReused": "T03",
  "request.keyMissing": "T04",
  "auth.required": "T05",
  "auth.forbidden": "T06",
  "auth.clockSkew": "T07",
  notFound: "T08",
  "server.unavailable": "T09",
};

/**
 * What a refusal's `value` counts: fen, the unit of the entry (litres or fen, by the card's kind), or a bare number.
 * Codes that are not here carry no value.
 */
export const refusalValueKinds: Partial<Record<RefusalKey, "fen" | "entry" | "number">> = {
  "account.debt": "fen",
  "entry.overLimit": "entry",
  "entry.overCeiling": "entry",
  "card.secretCounter": "number",
};

/** The text of a code; `value` is the number already written for people (`1500元`), null when there is none. */
export function refusalText(
  code: RefusalKey,
  language: Language,
  value: string | null = null,
): { what: string; money: string; next: string; shortCode: string } {
  const text = texts[language][code];
  const what = value !== null && text.whatValue !== null ? fill(text.whatValue, { value }) : text.what;
  return { what, money: text.money, next: text.next, shortCode: refusalShortCodes[code] };
}

/** The whole text as one paragraph, as an API problem carries it. */
export function refusalSentence(code: RefusalKey, language: Language, value: string | null = null): string {
  const { what, money, next } = refusalText(code, language, value);
  return [what, money, next].filter((part) => part !== "").join(language === "zh-CN" ? "" : " ");
}
