import type { MeterRow } from "../state/rows.ts";
import type { MeterVerdict, NotOurs } from "./meter.ts";

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
  belowTotal: { zh: "错误 02：累计小于表内", en: "Error 02: the card's total is below the meter's" },
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
