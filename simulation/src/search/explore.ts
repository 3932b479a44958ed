/**
 * Visits every state of a small world. Safe: no state breaks an invariant. Live: from every state the end can still be
 * reached, if everybody comes back.
 */

/** Keeps each value once; equal values have one number. */
export class Table<T> {
  readonly #numbers = new Map<string, number>();
  readonly #values: T[] = [];

  /** @param key the same for equal values only. */
  of(value: T, key = typeof value === "string" ? value : JSON.stringify(value)): number {
    const known = this.#numbers.get(key);
    if (known !== undefined) return known;
    this.#numbers.set(key, this.#values.length);
    this.#values.push(value);
    return this.#values.length - 1;
  }

  at(number: number): T {
    const value = this.#values[number];
    if (value === undefined) throw new Error(`no value ${number}`);
    return value;
  }

  get size(): number {
    return this.#values.length;
  }
}

export interface Move<S> {
  label: string;
  next: S;
}

/** A world, and its states as far as they were visited, each under a number from 0 on. */
export interface Space<S> {
  first: S;
  /** The state's number: a new one for a new state. */
  enter(state: S): number;
  at(number: number): S;
  readonly size: number;
  movesFrom(state: S): Move<S>[];
  /** The invariant that this state breaks; null: none. */
  wrongIn(state: S): string | null;
  isEnd(state: S): boolean;
  /** People must decide something in it. */
  isManual(state: S): boolean;
}

export interface Found {
  states: number;
  /** Longest of the shortest ways to a state. */
  depth: number;
  /** All states were visited. */
  complete: boolean;
  /** Ways out of states, counted. */
  moves: number;
  violation: null | { text: string; way: string[] };
  /** States from which the end can't be reached; 0 when not complete. */
  deadEnds: number;
  /** The shortest way to one of them. */
  deadEnd: string[];
  /** States in which a person must decide. */
  manual: number;
}

/** Numbers without end, four bytes each. */
export class Numbers {
  #values = new Int32Array(1 << 16);
  length = 0;

  push(value: number): void {
    if (this.length === this.#values.length) {
      const larger = new Int32Array(this.length * 2);
      larger.set(this.#values);
      this.#values = larger;
    }
    this.#values[this.length] = value;
    this.length += 1;
  }

  at(index: number): number {
    return this.#values[index] ?? 0;
  }
}

/** @param statesMax where it stops, visited or not. */
export function explore<S>(space: Space<S>, statesMax: number): Found {
  const labels = new Table<string>();
  const parents = new Numbers();
  const parentLabels = new Numbers();
  const depths = new Numbers();
  const [edgesFrom, edgesTo] = [new Numbers(), new Numbers()];
  let depth = 0;
  let manual = 0;
  const enter = (state: S, from: number, label: string): number => {
    const known = space.size;
    const at = space.enter(state);
    if (at < known) return at;
    parents.push(from);
    parentLabels.push(labels.of(label));
    depths.push(at === 0 ? 0 : depths.at(from) + 1);
    depth = Math.max(depth, depths.at(at));
    if (space.isManual(state)) manual += 1;
    return at;
  };
  const wayTo = (at: number): string[] => {
    const way: string[] = [];
    for (let i = at; i > 0; i = parents.at(i)) way.unshift(labels.at(parentLabels.at(i)));
    return way;
  };
  const report = (complete: boolean, violation: Found["violation"]): Found => {
    const dead = complete && violation === null ? deadEnds(space, edgesFrom, edgesTo) : [];
    const [first] = dead;
    return {
      states: space.size,
      depth,
      complete,
      moves: edgesFrom.length,
      violation,
      deadEnds: dead.length,
      deadEnd: first === undefined ? [] : wayTo(first),
      manual,
    };
  };
  enter(space.first, 0, "");
  for (let at = 0; at < space.size; at++) {
    const state = space.at(at);
    const wrong = space.wrongIn(state);
    if (wrong !== null) return report(false, { text: wrong, way: wayTo(at) });
    for (const { label, next } of space.movesFrom(state)) {
      const to = enter(next, at, label);
      if (to === at) continue;
      edgesFrom.push(at);
      edgesTo.push(to);
    }
    if (space.size > statesMax) return report(false, null);
  }
  return report(true, null);
}

/** States that no end is reached from, in the order they were found: the ends are followed back along all ways. */
function deadEnds<S>(space: Space<S>, from: Numbers, to: Numbers): number[] {
  const states = space.size;
  // The ways into each state, one behind the other: where a state's begin, and where they come from.
  const begins = new Int32Array(states + 1);
  for (let i = 0; i < to.length; i++) begins[to.at(i) + 1] = (begins[to.at(i) + 1] ?? 0) + 1;
  for (let at = 0; at < states; at++) begins[at + 1] = (begins[at + 1] ?? 0) + (begins[at] ?? 0);
  const filled = begins.slice();
  const sources = new Int32Array(to.length);
  for (let i = 0; i < to.length; i++) {
    const slot = filled[to.at(i)] ?? 0;
    sources[slot] = from.at(i);
    filled[to.at(i)] = slot + 1;
  }
  const good = new Uint8Array(states);
  const queue: number[] = [];
  for (let at = 0; at < states; at++)
    if (space.isEnd(space.at(at))) {
      good[at] = 1;
      queue.push(at);
    }
  for (let at = queue.pop(); at !== undefined; at = queue.pop())
    for (let i = begins[at] ?? 0; i < (begins[at + 1] ?? 0); i++) {
      const source = sources[i] ?? 0;
      if (good[source] === 1) continue;
      good[source] = 1;
      queue.push(source);
    }
  const dead: number[] = [];
  for (let at = 0; at < states; at++) if (good[at] === 0) dead.push(at);
  return dead;
}
