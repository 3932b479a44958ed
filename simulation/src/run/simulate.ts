/** Many small worlds, one after the other, each from a seed of its own; nothing of a world outlives it. */
import type { FaultName } from "../faults/kinds.ts";
import type { Violation } from "../invariants/violation.ts";
import type { Sabotage } from "../sabotage/sabotage.ts";
import { live, type Replay, replayOf } from "./replay.ts";

export interface Progress {
  purchases: number;
  worlds: number;
  steps: number;
  met: ReadonlyMap<FaultName, number>;
}

export interface Outcome extends Progress {
  /** The world that broke an invariant, and how. */
  broken: { replay: Replay; violation: Violation } | null;
}

export interface SimulateOptions {
  purchases: number;
  seed: number;
  fault: FaultName | null;
  off?: readonly FaultName[];
  sabotage: Sabotage | null;
  often?: number;
  freeze?: boolean;
  /** Given every world's trace. */
  traced?: (lines: readonly string[]) => void;
  /** Called after each world. */
  progress?: (now: Progress) => void;
}

/** Runs until so many purchases were confirmed, or an invariant is broken. A sabotage must be installed by the caller. */
export async function simulate(options: SimulateOptions): Promise<Outcome> {
  const { purchases: wanted, seed, fault, off = [], sabotage, often = 1, traced, progress, freeze = false } = options;
  const changed = { ...(off.length === 0 ? {} : { off: [...off] }), ...(often === 1 ? {} : { often }) };
  const every = { fault, sabotage: sabotage?.name ?? null, ...changed };
  const met = new Map<FaultName, number>();
  const sum = { purchases: 0, worlds: 0, steps: 0, met };
  while (sum.purchases < wanted) {
    const replay: Replay = { ...replayOf(`${seed}/${sum.worlds}`), ...every };
    const world = await live(replay, { trace: traced !== undefined, freeze });
    sum.purchases += world.purchases;
    sum.worlds += 1;
    sum.steps += world.scheduler.steps;
    for (const [name, count] of world.faults.met) met.set(name, (met.get(name) ?? 0) + count);
    traced?.(world.trace);
    if (world.violation !== null) return { ...sum, broken: { replay, violation: world.violation } };
    progress?.(sum);
  }
  return { ...sum, broken: null };
}
