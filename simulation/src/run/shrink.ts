/**
 * The shortest schedule that still breaks the same invariant (delta debugging, Zeller and Hildebrandt 2002): households,
 * visits and faults are left out in ever smaller groups. What could not be left out may be, once something else is gone:
 * so again, until a round leaves nothing out. Every try is a whole world, so the number of tries is bounded.
 */
import type { Violation } from "../invariants/violation.ts";
import { planOf } from "../world/plan.ts";
import { live, type Replay } from "./replay.ts";

const triesMax = 800;

export interface Shrunk {
  replay: Replay;
  violation: Violation;
  tries: number;
}

type Visits = Record<string, string[]>;

export async function shrink(first: Replay, violation: Violation): Promise<Shrunk> {
  let best = first;
  let found = violation;
  let tries = 0;
  const stillBreaks = async (replay: Replay): Promise<boolean> => {
    if (tries >= triesMax) return false;
    tries += 1;
    const world = await live(replay, { trace: false });
    if (world.violation?.invariant !== violation.invariant) return false;
    // Other chances fall in a smaller world; from here on only those that fell in this one.
    best = { ...replay, faults: [...new Set(world.faults.chosen)] };
    found = world.violation;
    return true;
  };
  const visits = (): Visits => best.visits ?? {};
  const all = planOf(first.seed).households.map(({ name, visits: planned }) => [name, planned.map((v) => v.name)]);
  await stillBreaks({ ...best, visits: Object.fromEntries(all) });
  for (let before = Number.POSITIVE_INFINITY; partsOf(best) < before; ) {
    before = partsOf(best);
    await fewer(Object.keys(visits()), (names) => stillBreaks({ ...best, visits: only(visits(), names) }));
    await fewer(pairsOf(visits()), (pairs) => stillBreaks({ ...best, visits: regrouped(visits(), pairs) }));
    // With all chances open again, a household or a visit may go that the trimmed ones needed.
    for (const name of Object.keys(visits()))
      await stillBreaks({ ...best, faults: null, visits: only(visits(), without(Object.keys(visits()), name)) });
    await fewer(best.faults ?? [], (faults) => stillBreaks({ ...best, faults: [...faults] }));
  }
  return { replay: best, violation: found, tries };
}

/** Leaves out ever smaller runs of `all`, as long as `holds` says yes of what is left. */
async function fewer<T>(all: readonly T[], holds: (left: readonly T[]) => Promise<boolean>): Promise<void> {
  let left = all;
  for (let size = Math.ceil(left.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2))
    for (let at = 0; at < left.length; ) {
      const tried = [...left.slice(0, at), ...left.slice(at + size)];
      if (await holds(tried)) left = tried;
      else at += size;
    }
}

const partsOf = ({ visits, faults }: Replay): number =>
  Object.values(visits ?? {}).reduce((sum, each) => sum + 1 + each.length, 0) +
  (faults?.length ?? Number.MAX_SAFE_INTEGER);

const without = (all: readonly string[], one: string): string[] => all.filter((each) => each !== one);
const only = (visits: Visits, names: readonly string[]): Visits =>
  Object.fromEntries(Object.entries(visits).filter(([name]) => names.includes(name)));
const pairsOf = (visits: Visits): (readonly [name: string, visit: string])[] =>
  Object.entries(visits).flatMap(([name, each]) => each.map((visit) => [name, visit] as const));
/** A household whose visits are all left out is still there. */
const regrouped = (visits: Visits, pairs: readonly (readonly [string, string])[]): Visits =>
  Object.fromEntries(
    Object.keys(visits).map((name) => [name, pairs.flatMap(([of, visit]) => (of === name ? [visit] : []))]),
  );
