/** Says prompts: one at a time, the newest wins, once more after a while. */
import type { Language } from "@citygas/texts";
import { clipsOf, repeatAfterMs, type Voice, volumeAt } from "./plan.ts";

export interface PlayerOptions {
  /** Plays one clip to its end. Rejects when it can't (no sound allowed yet, file missing). */
  play(file: string, volume: number, signal: AbortSignal): Promise<void>;
  /** Hour of the day in China, 0–23. */
  hour(): number;
  later(run: () => void, delayMs: number): () => void;
}

export interface Player {
  /** Says this, or falls silent with null. The same nonce on the same screen is said only once. */
  say(voice: Voice | null, screen: string, language: Language): void;
  mute(muted: boolean): void;
}

export function createPlayer(options: PlayerOptions): Player {
  let said = "";
  let muted = false;
  let running = new AbortController();
  let cancelRepeat: (() => void) | null = null;

  const stop = (): void => {
    running.abort();
    running = new AbortController();
    cancelRepeat?.();
    cancelRepeat = null;
  };
  const start = async (voice: Voice, language: Language): Promise<void> => {
    const { signal } = running;
    for (const file of clipsOf(voice, language)) {
      if (signal.aborted || muted) return;
      // A browser that allows no sound yet must not stop the sale: the text says the same.
      await options.play(file, volumeAt(options.hour()), signal).catch(() => undefined);
    }
  };
  return {
    say(voice, screen, language) {
      const key = voice === null ? `${screen}|` : `${screen}|${voice.prompt}|${voice.nonce}|${language}`;
      if (key === said) return;
      said = key;
      stop();
      if (voice === null) return;
      void start(voice, language);
      cancelRepeat = options.later(() => void start(voice, language), repeatAfterMs);
    },
    mute(value) {
      muted = value;
      if (value) running.abort();
      if (!value && running.signal.aborted) running = new AbortController();
    },
  };
}
