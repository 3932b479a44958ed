/** `npm run simulate`'s words. */
import { type FaultName, isFaultName } from "../faults/kinds.ts";
import { sabotageNamed } from "../sabotage/all.ts";
import type { Sabotage } from "../sabotage/sabotage.ts";

export interface Options {
  purchases: number;
  seed: number;
  fault: FaultName | null;
  sabotage: Sabotage | null;
  /** How many times as often as usual things go wrong. */
  often: number;
  /** Replays what an earlier run has written there. */
  replay: string | null;
  /** Writes all that happened, for comparing two runs. */
  trace: string | null;
}
export type Read<T> = { ok: true; value: T } | { ok: false; error: string };

export const usage =
  "npm run simulate -- [--purchases N] [--seed S] [--fault NAME] [--sabotage NAME] [--often N] [--replay FILE] [--trace FILE]";
const wrong = (error: string): { ok: false; error: string } => ({ ok: false, error: `${error}\n${usage}` });

export function readOptions(args: readonly string[]): Read<Options> {
  const options: Options = {
    purchases: 10_000,
    seed: 1,
    fault: null,
    sabotage: null,
    often: 1,
    replay: null,
    trace: null,
  };
  for (let at = 0; at < args.length; at += 2) {
    const [word, value] = [args[at], args[at + 1]];
    if (value === undefined) return wrong(`${word} wants a value`);
    switch (word) {
      case "--purchases":
      case "--seed":
      case "--often": {
        const number = Number(value);
        if (!Number.isSafeInteger(number) || number < 0) return wrong(`${word} ${value}: not a whole number`);
        options[word.slice("--".length) as "purchases" | "seed" | "often"] = number;
        break;
      }
      case "--fault":
        if (!isFaultName(value)) return wrong(`no fault is named ${value}`);
        options.fault = value;
        break;
      case "--sabotage": {
        const found = sabotageNamed(value);
        if (found === undefined) return wrong(`no sabotage is named ${value}`);
        options.sabotage = found;
        break;
      }
      case "--replay":
      case "--trace":
        options[word === "--replay" ? "replay" : "trace"] = value;
        break;
      default:
        return wrong(`${word} is not known`);
    }
  }
  return { ok: true, value: options };
}
