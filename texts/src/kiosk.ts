import { kioskEn } from "./kiosk-en.ts";
import { kioskZh } from "./kiosk-zh.ts";
import type { Language } from "./language.ts";

/** Every text of the terminal's screen; `{name}` marks a value that `fill` puts in. */
export type KioskTexts = typeof kioskZh;

export const kioskTexts: Record<Language, KioskTexts> = { "zh-CN": kioskZh, en: kioskEn };
