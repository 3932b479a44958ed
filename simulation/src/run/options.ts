/** `npm run simulate`'s words. */
import { parseArgs } from "node:util";
import { type FaultName, isFaultName } from "../faults/kinds.ts";
import { sabotageNamed } from "../sabotage/all.ts";
import type { Sabotage } from "../sabotage/sabotage.ts";

export interface Options {
  purchases: number;
  seed: number;
  fault: FaultName | null;
  /** Faults that never come. */
  off: FaultName[];
  sabotage: Sabotage | null;
  /** How many times as often as usual things go wrong. */
  often: number;
  /** Replays what an earlier run has written there. */
  replay: string | null;
  /** Writes all that happened, for comparing two runs. */
  trace: string | null;
}
export type Read<T> = { ok: true; value: T } | { ok: false; error: string };

export const usage = `npm run simulate -- [WORD VALUE]…
  --purchases N    how many purchases to live through (10000)
  --seed S         all chance comes from it (1)
  --fault NAME     one fault forced often; the table at the end of a run has their names
  --off NAME       this fault never; as often as wanted
  --often N        everything goes wrong N times as often (1)
  --sabotage NAME  one rule wrong: must be found; their names: docs/protocol.md, "Wrong rules"
  --trace FILE     writes all that happened, for comparing two runs
  --replay FILE    lives once more through what a violation has left behind`;
const wrong = (error: string): { ok: false; error: string } => ({ ok: false, error: `${error}\n${usage}` });

const words = {
  purchases: { type: "string", default: "10000" },
  seed: { type: "string", default: "1" },
  fault: { type: "string" },
  off: { type: "string", multiple: true, default: [] as string[] },
  often: { type: "string", default: "1" },
  sabotage: { type: "string" },
  trace: { type: "string" },
  replay: { type: "string" },
} as const;

export function readOptions(args: readonly string[]): Read<Options> {
  const read = parsed(args);
  if (typeof read === "string") return wrong(read);
  const { fault, off, sabotage, trace = null, replay = null } = read;
  const numbers = { purchases: 0, seed: 0, often: 0 };
  for (const name of ["purchases", "seed", "often"] as const) {
    numbers[name] = Number(read[name]);
    if (!Number.isSafeInteger(numbers[name]) || numbers[name] < 0)
      return wrong(`--${name} ${read[name]}: not a whole number`);
  }
  if (fault !== undefined && !isFaultName(fault)) return wrong(`no fault is named ${fault}`);
  const known = off.filter(isFaultName);
  if (known.length < off.length) return wrong(`no fault is named ${off.find((name) => !isFaultName(name))}`);
  if (fault !== undefined && known.includes(fault)) return wrong(`${fault} can't be forced and off`);
  const rule = sabotage === undefined ? null : sabotageNamed(sabotage);
  if (rule === undefined) return wrong(`no sabotage is named ${sabotage}`);
  return { ok: true, value: { ...numbers, fault: fault ?? null, off: known, sabotage: rule, trace, replay } };
}

/** What is wrong with the words, as a text. */
function parsed(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: words }).values;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
