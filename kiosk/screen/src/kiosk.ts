/** What every part of a screen may use, given down by context instead of through each component. */
import type { Action, ViewMessage } from "@citygas/kiosk-agent";
import { type KioskTexts, kioskTexts, type Language } from "@citygas/texts";
import { createContext } from "preact";
import { useContext } from "preact/hooks";

export interface Kiosk {
  t: KioskTexts;
  language: Language;
  act(action: Action): void;
  /** An action was sent 400 ms ago and no view has come: say so. */
  slow: boolean;
  /** Seconds left on this screen and its whole length; null = no limit. */
  limit: { seconds: number; totalSeconds: number } | null;
  locked: boolean;
  paper: ViewMessage["paper"];
  settings: Settings;
  change(settings: Partial<Settings>): void;
}

/** Chosen by the customer, forgotten at the home screen. */
export interface Settings {
  language: Language;
  large: boolean;
  muted: boolean;
}
export const firstSettings: Settings = { language: "zh-CN", large: false, muted: false };

export const KioskContext = createContext<Kiosk>({
  t: kioskTexts["zh-CN"],
  language: "zh-CN",
  act: () => undefined,
  slow: false,
  limit: null,
  locked: false,
  paper: "ok",
  settings: firstSettings,
  change: () => undefined,
});

export function useKiosk(): Kiosk {
  return useContext(KioskContext);
}
