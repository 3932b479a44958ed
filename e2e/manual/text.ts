/** What the manual says, apart from the words it quotes from the screens: those come from the catalogue of texts. */
import type { KioskTexts, Language } from "@citygas/texts";
import type { Picture } from "./pictures.ts";
import { textEn } from "./text-en.ts";
import { textZh } from "./text-zh.ts";

/** Sections of the two pages, by the place they have in the original manual. */
export type SectionId =
  | "home"
  | "insert"
  | "read"
  | "enter"
  | "confirm"
  | "pay"
  | "write"
  | "success"
  | "print"
  | "query"
  | "load"
  | "help"
  | "writeFailed"
  | "unknown"
  | "wallet"
  | "cardOut"
  | "entry"
  | "noReceipt"
  | "closed";

export interface Section {
  title: string;
  /** Before the pictures. */
  lead: readonly string[];
  /** After them. */
  after?: readonly string[];
}

/** Refusals are listed in these groups; a code belongs to the group of its letter. */
export type RefusalGroup = "K" | "H" | "S" | "D" | "Z" | "T" | "P";

export interface ManualText {
  title: string;
  /** Between a word and what is said about it. */
  colon: string;
  /** Index: what this is, who reads what. */
  lead: readonly string[];
  contents: string;
  chapters: {
    terminal: string;
    terminalAbout: string;
    problems: string;
    problemsAbout: string;
    service: string;
    serviceAbout: string;
    mini: string;
    miniAbout: string;
  };
  words: { title: string; rows: readonly (readonly [word: string, meaning: string])[] };
  /** How the pictures came about. */
  pictures: string;
  back: string;
  steps: string;
  terminal: { title: string; lead: readonly string[]; notes: string; notesLead: string; purchase: string };
  problems: { title: string; lead: readonly string[]; list: string; listLead: readonly string[] };
  groups: Record<RefusalGroup, string>;
  columns: { code: string; what: string; money: string; next: string };
  sections: Record<SectionId, Section>;
  /**
   * What is seen on each picture, or what to do there: for readers who don't see it, and above it where a section has
   * several.
   */
  captions: Record<Picture, string>;
}

/** `hotline` as the terminal's header shows it. */
export function manualText(language: Language, screens: KioskTexts, hotline: string): ManualText {
  return language === "en" ? textEn(screens, hotline) : textZh(screens, hotline);
}

/** The group of a hotline code, its letter. */
export function groupOf(shortCode: string): RefusalGroup {
  const letter = shortCode.slice(0, 1);
  const group = (["K", "H", "S", "D", "Z", "T", "P"] as const).find((one) => one === letter);
  if (group === undefined) throw new Error(`no group for the code ${shortCode}`);
  return group;
}
