/**
 * Visits every state of the small world. Safe: no state breaks an invariant. Live: from every state the end can still be
 * reached, with the customer coming back and the staff deciding what is left to them.
 */
import { createHash } from "node:crypto";
import { startTotal } from "../world/cardBook.ts";
import { movesFrom } from "./moves.ts";
import { firstState, type Size, type State, startBalanceFen } from "./state.ts";

export interface Found {
  states: number;
  /** Longest of the shortest ways to a state. */
  depth: number;
  /** All states were visited. */
  complete: boolean;
  violation: null | { text: string; way: string[] };
  /** States from which the end can't be reached; 0 when not complete. */
  deadEnds: number;
  /** The shortest way to one of them. */
  deadEnd: string[];
}

/** @param statesMax where it stops, visited or not. */
export function search(size: Size, statesMax: number): Found {
  const index = new Map<string, number>();
  const parents: number[] = [];
  const labels: string[] = [];
  const depths: number[] = [];
  const ends: boolean[] = [];
  const into: number[][] = [];
  const open: State[] = [];
  const wayTo = (at: number): string[] => {
    const way: string[] = [];
    for (let i = at; i > 0; i = parents[i] ?? 0) way.unshift(labels[i] ?? "");
    return way;
  };
  const enter = (state: State, from: number, label: string): number => {
    const key = createHash("sha1").update(JSON.stringify(state)).digest("base64");
    const known = index.get(key);
    if (known !== undefined) return known;
    const at = index.size;
    index.set(key, at);
    parents.push(from);
    labels.push(label);
    depths.push(at === 0 ? 0 : (depths[from] ?? 0) + 1);
    ends.push(isEnd(state, size));
    into.push([]);
    open.push(state);
    return at;
  };
  enter(firstState(), 0, "");
  const report = (complete: boolean, violation: Found["violation"]): Found => {
    const dead = complete && violation === null ? unreachable(into, ends) : [];
    const [first] = dead;
    return {
      states: index.size,
      depth: depths.reduce((most, depth) => Math.max(most, depth), 0),
      complete,
      violation,
      deadEnds: dead.length,
      deadEnd: first === undefined ? [] : wayTo(first),
    };
  };
  for (let at = 0; at < open.length; at++) {
    const state = open[at];
    if (state === undefined) continue;
    const wrong = wrongIn(state);
    if (wrong !== null) return report(false, { text: wrong, way: wayTo(at) });
    for (const { label, next } of movesFrom(state, size)) into[enter(next, at, label)]?.push(at);
    // Looked at once: only its number is needed from here on.
    delete open[at];
    if (index.size > statesMax) return report(false, null);
  }
  return report(true, null);
}

const spent = (s: State): number => startBalanceFen - s.account.balanceFen - s.account.heldFen;

/** I2 and I4 in every state. */
function wrongIn(s: State): string | null {
  const credited = s.meter.totalCredited - startTotal;
  if (credited > spent(s)) return `I2: the meter credited ${credited}, paid and not given back are ${spent(s)}`;
  const open = s.purchases.filter((p) => p !== null && ["paid", "issued", "unknown", "manual"].includes(p.state));
  return open.length > 1 ? "I4: two open purchases" : null;
}

/** All purchases are over, and what was kept of the money is in the meter. */
function isEnd(s: State, { purchases }: Size): boolean {
  const made = s.purchases.slice(0, purchases);
  const over = made.every((p) => p !== null && ["delivered", "refunded"].includes(p.state));
  return over && s.meter.totalCredited - startTotal === spent(s);
}

/** States that no end is reached from, in the order they were found. */
function unreachable(into: readonly number[][], ends: readonly boolean[]): number[] {
  const good = ends.map((end) => end);
  const queue = ends.flatMap((end, at) => (end ? [at] : []));
  for (let at = queue.pop(); at !== undefined; at = queue.pop())
    for (const before of into[at] ?? [])
      if (!good[before]) {
        good[before] = true;
        queue.push(before);
      }
  return good.flatMap((each, at) => (each ? [] : [at]));
}
