/** A world that can be lived through again: its seed, and what of it is left after trimming. */
import { faultTable } from "../faults/faults.ts";
import { type FaultName, isFaultName } from "../faults/kinds.ts";
import { sabotageNamed } from "../sabotage/all.ts";
import type { Sabotage } from "../sabotage/sabotage.ts";
import { untouched } from "../sabotage/seam.ts";
import { runEpisode } from "../world/episode.ts";
import { type Plan, planOf } from "../world/plan.ts";
import type { World } from "../world/world.ts";

export interface Replay {
  seed: string;
  fault: FaultName | null;
  sabotage: string | null;
  /** Faults that never come; absent: none. */
  off?: FaultName[];
  /** How many times as often as usual things go wrong; absent: as usual. */
  often?: number;
  /** Households and their visits that are left; null: all. */
  visits: Record<string, string[]> | null;
  /** Faults that are left; null: all that chance chooses. */
  faults: string[] | null;
}

/** The whole world of this seed. */
export const replayOf = (seed: string): Replay => ({ seed, fault: null, sabotage: null, visits: null, faults: null });

/** The plan of the replay's seed, without what was trimmed away. */
export function trimmedPlan({ seed, visits }: Replay): Plan {
  const plan = planOf(seed);
  if (visits === null) return plan;
  const households = plan.households.flatMap((household) => {
    const left = visits[household.name];
    if (left === undefined) return [];
    return [{ ...household, visits: household.visits.filter(({ name }) => left.includes(name)) }];
  });
  return { ...plan, households };
}

/** Lives through it. A sabotage's tables must be installed by the caller (`withSabotage`). */
export async function live(replay: Replay, options: { trace: boolean; freeze?: boolean }): Promise<World> {
  const sabotage = replay.sabotage === null ? null : (sabotageNamed(replay.sabotage) ?? null);
  return await runEpisode(trimmedPlan(replay), {
    faults: faultTable({
      ...(replay.fault === null ? {} : { forced: replay.fault }),
      ...(replay.off === undefined ? {} : { off: new Set(replay.off) }),
      ...(replay.often === undefined ? {} : { often: replay.often }),
    }),
    allowed: replay.faults === null ? null : new Set(replay.faults),
    seam: { ...untouched, ...sabotage?.seam?.() },
    blind: new Set(sabotage?.blind ?? []),
    ...options,
  });
}

/** Runs with the sabotage's wrong rules in the tables, and puts the right ones back whatever happens. */
export async function withSabotage<T>(sabotage: Sabotage | null, run: () => Promise<T>): Promise<T> {
  const undo = sabotage?.install?.();
  try {
    return await run();
  } finally {
    undo?.();
  }
}

/** @throws when the text is not a replay. */
export function parseReplay(text: string): Replay {
  const read: unknown = JSON.parse(text);
  if (typeof read !== "object" || read === null || !("seed" in read) || typeof read.seed !== "string")
    throw new Error("not a replay");
  const { fault = null, off, sabotage = null, often, visits = null, faults = null } = read as Partial<Replay>;
  if (off !== undefined && !Array.isArray(off)) throw new Error("not a replay");
  const names: unknown[] = [...(fault === null ? [] : [fault]), ...(off ?? [])];
  for (const name of names)
    if (typeof name !== "string" || !isFaultName(name)) throw new Error(`no fault is named ${String(name)}`);
  if (sabotage !== null && sabotageNamed(sabotage) === undefined) throw new Error(`no sabotage is named ${sabotage}`);
  const rest = { ...(off === undefined ? {} : { off }), ...(often === undefined ? {} : { often }) };
  return { seed: read.seed, fault, sabotage, visits, faults, ...rest };
}
