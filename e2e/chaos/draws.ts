/**
 * Chance from a seed, drawn by name: what "kiosk-1, visit 7, wallet" comes to depends on the seed and on these words
 * only, not on what else was drawn before. So real processes, which are never twice as fast, change no decision.
 */
import { createHash } from "node:crypto";

export interface Draws {
  /** A whole number from 0 to `count` − 1. */
  below(count: number, ...name: (string | number)[]): number;
  /** A whole number in between, both ends included. */
  between(from: number, to: number, ...name: (string | number)[]): number;
  /** True in `percent` of 100 cases. */
  chance(percent: number, ...name: (string | number)[]): boolean;
  pick<T>(of: readonly [T, ...T[]], ...name: (string | number)[]): T;
  /** The same things in another order. */
  shuffled<T>(of: readonly T[], ...name: (string | number)[]): T[];
}

export function drawsOf(seed: number): Draws {
  const below: Draws["below"] = (count, ...name) => {
    const bytes = createHash("sha256")
      .update([seed, ...name].join("/"))
      .digest();
    // 48 bits over a few choices: the rest's bias is nothing.
    return bytes.readUIntBE(0, 6) % count;
  };
  return {
    below,
    between: (from, to, ...name) => from + below(to - from + 1, ...name),
    chance: (percent, ...name) => below(100, ...name) < percent,
    pick: (of, ...name) => of[below(of.length, ...name)] ?? of[0],
    shuffled: (of, ...name) => {
      const left = [...of];
      return of.flatMap((_, index) => left.splice(below(left.length, ...name, index), 1));
    },
  };
}
