import type { MeterRow } from "../state/rows.ts";
import {
  claimsOpenB,
  type IdentityArea,
  readIdentity,
  readParameters,
  readPurchase,
  readReturn,
  writeReturn,
} from "./open-b.ts";

/**
 * A prepayment meter (or a controller) with a card slot: what it does with a card is "What a meter does with a card" of
 * docs/cards/open-b.md, case by case. Pure: the state it has and the card's bytes in, its next state and the bytes it
 * would write out. The new state counts before the first byte is written, so a card pulled early loses nothing.
 */
export type MeterVerdict =
  /** Taken: `amount` added, which may be 0. */
  | { kind: "credited"; amount: number; count: number }
  /** The card's number is the one already taken: the return area is written again. */
  | { kind: "alreadyTaken"; count: number }
  /** Refused, and the card is told so. */
  | { kind: "refused"; errorCode: 1 | 2 | 3; reason: "badPurchase" | "wrongCount" | "aboveCeiling" }
  /** Not a card of this meter: nothing is written. */
  | { kind: "notOurs"; reason: NotOurs };

export type NotOurs = "foreign" | "badIdentity" | "otherUnit" | "toolCard" | "otherAccount" | "oldCard";

export interface MeterOutcome {
  meter: MeterRow;
  verdict: MeterVerdict;
  /** Bytes 128 to 147 for the card; null = the card is left alone. */
  returnArea: Uint8Array | null;
}

function notOurs(meter: MeterRow, image: Uint8Array, identity: IdentityArea | null): NotOurs | null {
  if (identity === null) return claimsOpenB(image) ? "badIdentity" : "foreign";
  if (identity.unit !== meter.unit) return "otherUnit";
  if (identity.role === "tool") return "toolCard";
  const bound = meter.boundTo;
  if (bound === null) return null;
  if (bound.areaCode !== identity.areaCode || bound.cardNumber !== identity.cardNumber) return "otherAccount";
  return identity.replacement < meter.replacement ? "oldCard" : null;
}

/** A meter that is bound to nobody takes number and total over from the card's return area. */
function bind(meter: MeterRow, image: Uint8Array, { areaCode, cardNumber, replacement }: IdentityArea): MeterRow {
  if (meter.boundTo !== null) return { ...meter, replacement: Math.max(meter.replacement, replacement) };
  const returned = readReturn(image);
  return {
    ...meter,
    boundTo: { areaCode, cardNumber },
    replacement,
    count: returned?.acceptedCount ?? 0,
    totalCredited: returned?.totalCredited ?? 0,
  };
}

function judge(meter: MeterRow, image: Uint8Array): MeterVerdict {
  const parameters = readParameters(image);
  const purchase = readPurchase(image);
  if (parameters === null || purchase === null) return { kind: "refused", errorCode: 1, reason: "badPurchase" };
  const { count, amount } = purchase;
  if (count === meter.count) return { kind: "alreadyTaken", count };
  if (count !== meter.count + 1) return { kind: "refused", errorCode: 2, reason: "wrongCount" };
  const ceiling = parameters.meterCeiling;
  if (amount > 0 && ceiling !== 0 && meter.remaining + amount > ceiling) {
    return { kind: "refused", errorCode: 3, reason: "aboveCeiling" };
  }
  return { kind: "credited", amount, count };
}

/** The meter with a card of these bytes in it. */
export function takeCard(meter: MeterRow, image: Uint8Array): MeterOutcome {
  const identity = readIdentity(image);
  const stranger = notOurs(meter, image, identity);
  if (stranger !== null || identity === null) {
    return { meter, verdict: { kind: "notOurs", reason: stranger ?? "badIdentity" }, returnArea: null };
  }
  let next = bind(meter, image, identity);
  const verdict = judge(next, image);
  if (verdict.kind === "credited") {
    next = {
      ...next,
      count: verdict.count,
      totalCredited: next.totalCredited + verdict.amount,
      remaining: next.remaining + verdict.amount,
      valve: next.remaining + verdict.amount > 0 ? "open" : next.valve,
    };
  }
  const returnArea = writeReturn({
    valveClosed: next.valve === "closed",
    batteryLow: next.batteryLow,
    errorCode: verdict.kind === "refused" ? verdict.errorCode : 0,
    registerL: next.registerL,
    totalCredited: next.totalCredited,
    remaining: next.remaining,
    acceptedCount: next.count,
  });
  return { meter: next, verdict, returnArea };
}

/** What the meter's little screen says. */
export function verdictText(verdict: MeterVerdict, unit: MeterRow["unit"]): { zh: string; en: string } {
  switch (verdict.kind) {
    case "credited": {
      const amount = amountText(verdict.amount, unit);
      return {
        zh: `已充入 ${amount.zh}（第 ${verdict.count} 次）`,
        en: `Credited ${amount.en} (no. ${verdict.count})`,
      };
    }
    case "alreadyTaken":
      return { zh: `第 ${verdict.count} 次已充过`, en: `No. ${verdict.count} was taken before` };
    case "refused":
      return REFUSED[verdict.reason];
    case "notOurs":
      return NOT_OURS[verdict.reason];
  }
}

const REFUSED = {
  badPurchase: { zh: "错误 01：购气区校验错", en: "Error 01: purchase area not good" },
  wrongCount: { zh: "错误 02：购气次数不对", en: "Error 02: not the next purchase number" },
  aboveCeiling: { zh: "错误 03：超过充值上限", en: "Error 03: above the meter's ceiling" },
} as const;

const NOT_OURS: Record<NotOurs, { zh: string; en: string }> = {
  foreign: { zh: "不是本系统的卡", en: "Not a card of this system" },
  badIdentity: { zh: "卡身份区损坏", en: "Identity area damaged" },
  otherUnit: { zh: "计量方式不同", en: "Card of another unit" },
  toolCard: { zh: "工具卡不充值", en: "A tool card holds no gas" },
  otherAccount: { zh: "不是本户的卡", en: "Card of another account" },
  oldCard: { zh: "旧卡，已补过新卡", en: "Old card, replaced before" },
};

/** Litres as 方 with three decimals at most, fen as 元; integer arithmetic only. */
export function amountText(amount: number, unit: MeterRow["unit"]): { zh: string; en: string } {
  const sign = amount < 0 ? "-" : "";
  const size = Math.abs(amount);
  const scale = unit === "volume" ? 1000 : 100;
  const places = unit === "volume" ? 3 : 2;
  const fraction = String(size % scale).padStart(places, "0");
  const shown = unit === "volume" ? fraction.replace(/0+$/, "") : fraction;
  const number = `${sign}${Math.floor(size / scale)}${shown === "" ? "" : `.${shown}`}`;
  return unit === "volume" ? { zh: `${number} 方`, en: `${number} m³` } : { zh: `${number} 元`, en: `${number} yuan` };
}
