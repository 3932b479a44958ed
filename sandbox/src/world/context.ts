import type { WorldBook } from "../state/world-book.ts";
import type { Story } from "../story.ts";

/** Places with devices. A desk has a reader and nothing else here. */
export const KIOSKS = ["kiosk-1", "kiosk-2"] as const;
export const READERS = ["kiosk-1", "kiosk-2", "desk-1"] as const;
export type KioskId = (typeof KIOSKS)[number];
export type ReaderId = (typeof READERS)[number];

/** What a listener may want to read again. */
export type Topic = "cards" | "readers" | "phones" | "printer" | "meters" | "faults" | "messages" | "log";

export interface WorldContext {
  book: WorldBook;
  story: Story;
  now(): number;
  changed(topic: Topic): void;
}

/** Why a wish cannot be done. Closed: each is one problem of the API. */
export type WorldProblem =
  | "unknownCard"
  | "unknownMeter"
  | "idTaken"
  | "readerTaken"
  | "cardInReader"
  | "cardNotInReader"
  | "otherChip"
  | "meterTakenDown"
  | "meterOnTheWall"
  | "newMeterInUse";

export type Outcome<T> = { ok: true; value: T } | { ok: false; problem: WorldProblem };

export const done = <T>(value: T): Outcome<T> => ({ ok: true, value });
export const refused = (problem: WorldProblem): { ok: false; problem: WorldProblem } => ({ ok: false, problem });
