/** Which clips say a prompt, and how loud. */
import type { VoicePrompt } from "@citygas/kiosk-agent";
import { type Language, speechTokens } from "@citygas/texts";

export interface Voice {
  prompt: VoicePrompt;
  amountFen?: number;
  nonce: number;
}

/** Folder of a language's clips under `voice/`. */
export const voiceFolders: Record<Language, string> = { "zh-CN": "zh", en: "en" };

/** Clip files in the order they are played, relative to the page: the prompt, then the amount in words. */
export function clipsOf(voice: Voice, language: Language): string[] {
  const folder = voiceFolders[language];
  const tokens = voice.amountFen === undefined ? [] : speechTokens(voice.amountFen, language);
  const names = tokens.length === 0 ? [voice.prompt] : [voice.prompt, "amount", ...tokens];
  return names.map((name) => `voice/${folder}/${name}.opus`);
}

/** Between 22:00 and 7:00 the neighbours sleep. */
export function volumeAt(hour: number): number {
  return hour >= 22 || hour < 7 ? 0.35 : 1;
}

/** A prompt is said once more when the screen is still the same after this time. */
export const repeatAfterMs = 15_000;
