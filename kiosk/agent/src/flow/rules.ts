/** The shape of the flow's table: one row per stage, one cell per kind of event. */
import type { PurchaseView } from "@citygas/api";
import type { PrintResult } from "@citygas/devices";
import type { Action } from "../view.ts";
import type { Ctx } from "./context.ts";
import type { Answered, FlowEvent, Stage, StageName, StageOf } from "./types.ts";

export interface Rules<S extends Stage> {
  /** The card left (session and card are already gone from the state). */
  removed(c: Ctx, stage: S): void;
  scanned(c: Ctx, stage: S, code: string): void;
  act(c: Ctx, stage: S, action: Action): void;
  /** The awaited answer. */
  answered(c: Ctx, stage: S, answered: Answered): void;
  /** News of this stage's purchase, newer than the stage's own. */
  news(c: Ctx, stage: S, purchase: PurchaseView): void;
  /** The script of the card that is in. */
  scriptDone(c: Ctx, stage: S, event: Extract<FlowEvent, { type: "scriptDone" }>): void;
  printed(c: Ctx, stage: S, result: PrintResult): void;
  /** The stage's limit is over. */
  limit(c: Ctx, stage: S): void;
  /** When the stage itself wants to wake, and what then. */
  wakeAt(stage: S): number | null;
  wake(c: Ctx, stage: S): void;
  /** A card put in now is read at once; false while something is under way here. */
  readsCards: boolean;
}

export type Table = { [N in StageName]: Rules<StageOf<N>> };

const ignore = (): void => undefined;

/** One row. A cell that is not given is an event that does nothing in this stage. */
export function row<N extends StageName>(cells: Partial<Rules<StageOf<N>>>): Rules<StageOf<N>> {
  return {
    removed: ignore,
    scanned: ignore,
    act: ignore,
    answered: ignore,
    news: ignore,
    scriptDone: ignore,
    printed: ignore,
    limit: ignore,
    wakeAt: () => null,
    wake: ignore,
    readsCards: false,
    ...cells,
  };
}
