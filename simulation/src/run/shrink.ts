/**
 * The shortest schedule that still breaks the same invariant: first whole households go, then single visits, then faults
 * in ever smaller groups. Every try is a whole world, so the number of tries is bounded.
 */
import type { Violation } from "../invariants/violation.ts";
import { planOf } from "../world/plan.ts";
import { live, type Replay } from "./replay.ts";

const triesMax = 400;

export interface Shrunk {
  replay: Replay;
  violation: Violation;
  tries: number;
}

export async function shrink(first: Replay, violation: Violation): Promise<Shrunk> {
  let best = first;
  let found = violation;
  let tries = 0;
  const stillBreaks = async (replay: Replay): Promise<boolean> => {
    if (tries >= triesMax) return false;
    tries += 1;
    const world = await live(replay, { trace: false });
    if (world.violation?.invariant !== violation.invariant) return false;
    best = replay;
    found = world.violation;
    return true;
  };
  const visits = Object.fromEntries(
    planOf(first.seed).households.map(({ name, visits: all }) => [name, all.map((visit) => visit.name)]),
  );
  await stillBreaks({ ...best, visits });
  // What could not be left out may be, once something else is gone: again, until a round leaves nothing out.
  for (let left = Number.POSITIVE_INFINITY; visitsOf(best) < left; ) {
    left = visitsOf(best);
    for (const name of Object.keys(best.visits ?? {}))
      await stillBreaks({ ...best, visits: without(best.visits, name) });
    for (const [name, all] of Object.entries(best.visits ?? {}))
      for (const visit of [...all].reverse()) {
        const others = (best.visits?.[name] ?? []).filter((each) => each !== visit);
        await stillBreaks({ ...best, visits: { ...best.visits, [name]: others } });
      }
  }
  const world = await live(best, { trace: false });
  await stillBreaks({ ...best, faults: [...new Set(world.faults.chosen)] });
  for (let size = Math.ceil((best.faults?.length ?? 0) / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2))
    for (let at = 0; at < (best.faults?.length ?? 0); ) {
      const all: readonly string[] = best.faults ?? [];
      const removed = await stillBreaks({ ...best, faults: [...all.slice(0, at), ...all.slice(at + size)] });
      if (!removed) at += size;
    }
  return { replay: best, violation: found, tries };
}

const visitsOf = ({ visits }: Replay): number =>
  Object.values(visits ?? {}).reduce((sum, each) => sum + 1 + each.length, 0);

function without(visits: Replay["visits"], name: string): Replay["visits"] {
  return Object.fromEntries(Object.entries(visits ?? {}).filter(([each]) => each !== name));
}
