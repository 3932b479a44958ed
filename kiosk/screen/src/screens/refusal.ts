/** A refusal in the customer's words, its number written as money, gas or a count. */
import type { RefusalCode } from "@citygas/api";
import { decimalLitres, kioskTexts, type Language, refusalText, refusalValueKinds, yuanShort } from "@citygas/texts";

/** `unit` is the card's kind where it is known; a number that depends on it is left out where it isn't. */
export function refusal(
  code: RefusalCode,
  value: number | null,
  language: Language,
  unit: "volume" | "money" | null,
): ReturnType<typeof refusalText> {
  return refusalText(code, language, value === null ? null : written(code, value, language, unit));
}

function written(code: RefusalCode, value: number, language: Language, unit: "volume" | "money" | null): string | null {
  const kind = refusalValueKinds[code];
  if (kind === undefined) return null;
  if (kind === "number") return String(value);
  if (kind === "fen" || unit === "money") return yuanShort(value, language);
  return unit === "volume" ? `${decimalLitres(value)}${kioskTexts[language].account.unitVolume}` : null;
}
