/** Small helpers of several screens: how a delivered value and an outcome are put in words. */
import type { Delivered, Outcome } from "@citygas/kiosk-agent";
import { fill, type KioskTexts, type Language, money, volume, yuan } from "@citygas/texts";

export function delivers(value: Delivered, language: Language): string {
  return value.kind === "volume" ? volume(value.volumeL, language) : yuan(value.meterCreditFen, language);
}

export function isNothing(value: Delivered): boolean {
  return (value.kind === "volume" ? value.volumeL : value.meterCreditFen) === 0;
}

export function outcome(value: Outcome, t: KioskTexts, language: Language): string {
  const isBack = value.kind === "refunded" || value.kind === "refunding";
  return fill(t.outcome[isBack && value.amountFen === 0 ? "nothingPaid" : value.kind], {
    number: value.number,
    delivers: delivers(value.delivers, language),
    amount: money(value.amountFen),
  });
}
