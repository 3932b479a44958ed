/** What happened at the devices of this world, newest last, as short sentences a person can follow. */
export interface StoryLine {
  seq: number;
  /** RFC 3339. */
  at: string;
  /** What it is about: a card, a reader, a printer... */
  about: "card" | "reader" | "scanner" | "phone" | "printer" | "meter" | "fault";
  /** Id of that thing. */
  id: string;
  zh: string;
  en: string;
  /** Bytes or figures for those who look closer. */
  detail: string | null;
}

const LINES_KEPT = 400;

export interface Story {
  tell(about: StoryLine["about"], id: string, zh: string, en: string, detail?: string): void;
  /** Lines with a higher `seq` than `after`. */
  lines(after?: number): StoryLine[];
}

/** Keeps the last 400 lines in memory: a story for the eye, not a record. */
export function makeStory(now: () => number, told: () => void): Story {
  const kept: StoryLine[] = [];
  let seq = 0;
  return {
    tell(about, id, zh, en, detail) {
      seq += 1;
      kept.push({ seq, at: new Date(now()).toISOString(), about, id, zh, en, detail: detail ?? null });
      if (kept.length > LINES_KEPT) kept.shift();
      told();
    },
    lines: (after = 0) => kept.filter((line) => line.seq > after),
  };
}
