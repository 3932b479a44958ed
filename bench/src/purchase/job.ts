/** What the bench and its load generator, a process of its own, say to each other. */
import type { Entry } from "@citygas/api";
import type { Spread } from "../figures.ts";

export interface SellingTerminal {
  /** Bearer token; lives longer than any run. */
  token: string;
}
export interface SaleCard {
  layout: string;
  imageHex: string;
  secretHex: string;
  /** What is bought on it each time. */
  entry: Entry;
}

/** In a file, because it holds tokens and card secrets. */
export interface LoadJob {
  serverUrl: string;
  terminals: SellingTerminal[];
  cards: SaleCard[];
  /** Gives a fresh payment code per GET; null: any code of the right format does. */
  codesUrl: string | null;
  warmMs: number;
  measureMs: number;
}

/** The generator's stdout, one JSON line each: the measured stretch begins, it ends, all terminals have stopped. */
export type LoadNews =
  | { at: "begin" }
  | { at: "end"; sold: number; elapsedMs: number; saleMs: Spread; steps: Record<string, Spread> }
  | { at: "stopped"; soldInAll: number };
