/**
 * Visits every state of the small world. Safe: no state breaks an invariant. Live: from every state the end can still be
 * reached, with the customer coming back and the staff deciding what is left to them.
 */
import { startTotal } from "../world/cardBook.ts";
import { openOf } from "./centre.ts";
import { movesFrom } from "./moves.ts";
import { type Books, firstState, Parts, type Size, type State, startBalanceFen, Table } from "./state.ts";

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
class Numbers {
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

/** A state's two halves (books, meter and cards; the readers) each have a number; the pair of them is the state's key. */
const halfMax = 2 ** 24;

class Visited {
  readonly #wholes = new Table<Omit<State, "readers">>();
  readonly #readers = new Table<State["readers"]>();
  readonly #index = new Map<number, number>();
  readonly #firsts = new Numbers();
  readonly #seconds = new Numbers();

  /** @returns the state's number, and whether it is a new one. */
  enter({ books, meter, cards, readers }: State): { at: number; isNew: boolean } {
    const cardKeys = cards.map(({ image, place }) => `${image} ${place}`);
    const readerKeys = readers.map((r) => `${r.image} ${r.script} ${r.step} ${r.current} ${r.report}`);
    const first = this.#wholes.of({ books, meter, cards }, `${books} ${meter} ${cardKeys.join(" ")}`);
    const second = this.#readers.of(readers, readerKeys.join(" "));
    if (first >= halfMax || second >= halfMax) throw new Error("too many states for their keys");
    const key = first * halfMax + second;
    const known = this.#index.get(key);
    if (known !== undefined) return { at: known, isNew: false };
    const at = this.#index.size;
    this.#index.set(key, at);
    this.#firsts.push(first);
    this.#seconds.push(second);
    return { at, isNew: true };
  }

  at(index: number): State {
    return { ...this.#wholes.at(this.#firsts.at(index)), readers: this.#readers.at(this.#seconds.at(index)) };
  }

  get size(): number {
    return this.#index.size;
  }
}

/** @param statesMax where it stops, visited or not. */
export function search(size: Size, statesMax: number): Found {
  const parts = new Parts(size);
  const visited = new Visited();
  const labels = new Table<string>();
  const parents = new Numbers();
  const parentLabels = new Numbers();
  const depths = new Numbers();
  const [edgesFrom, edgesTo] = [new Numbers(), new Numbers()];
  let depth = 0;
  let manual = 0;
  const enter = (state: State, from: number, label: string): number => {
    const { at, isNew } = visited.enter(state);
    if (!isNew) return at;
    parents.push(from);
    parentLabels.push(labels.of(label));
    depths.push(at === 0 ? 0 : depths.at(from) + 1);
    depth = Math.max(depth, depths.at(at));
    if (openOf(parts.books.at(state.books))?.state === "manual") manual += 1;
    return at;
  };
  const wayTo = (at: number): string[] => {
    const way: string[] = [];
    for (let i = at; i > 0; i = parents.at(i)) way.unshift(labels.at(parentLabels.at(i)));
    return way;
  };
  const report = (complete: boolean, violation: Found["violation"]): Found => {
    const dead = complete && violation === null ? deadEnds(parts, visited, edgesFrom, edgesTo, size) : [];
    const [first] = dead;
    return {
      states: visited.size,
      depth,
      complete,
      moves: edgesFrom.length,
      violation,
      deadEnds: dead.length,
      deadEnd: first === undefined ? [] : wayTo(first),
      manual,
    };
  };
  enter(firstState(parts), 0, "");
  for (let at = 0; at < visited.size; at++) {
    const state = visited.at(at);
    const wrong = wrongIn(parts, state, size);
    if (wrong !== null) return report(false, { text: wrong, way: wayTo(at) });
    for (const { label, next } of movesFrom(parts, state, size)) {
      const to = enter(next, at, label);
      if (to === at) continue;
      edgesFrom.push(at);
      edgesTo.push(to);
    }
    if (visited.size > statesMax) return report(false, null);
  }
  return report(true, null);
}

const spentFen = ({ account }: Books): number => startBalanceFen - account.balanceFen - account.heldFen;
const creditedFen = (parts: Parts, { meter }: State): number => parts.meters.at(meter).totalCredited - startTotal;

/**
 * I2 and I4 in every state; and where the meter's writing is whole, a card of class A or B that nobody touched but we is
 * never for people to decide.
 */
function wrongIn(parts: Parts, s: State, { cardClass, meterTorn }: Size): string | null {
  const books = parts.books.at(s.books);
  const [credited, spent] = [creditedFen(parts, s), spentFen(books)];
  if (credited > spent) return `I2: the meter credited ${credited}, paid and not given back are ${spent}`;
  const open = books.purchases.filter((p) => p !== null && ["paid", "issued", "unknown", "manual"].includes(p.state));
  if (open.length > 1) return "I4: two open purchases";
  if (cardClass === "C" || meterTorn || open[0]?.state !== "manual") return null;
  return "I1: sent to the hall, and nobody touched the card but we";
}

/** All purchases are over, and what was kept of the money is in the meter. */
function isEnd(parts: Parts, s: State, { purchases }: Size): boolean {
  const books = parts.books.at(s.books);
  const made = books.purchases.slice(0, purchases);
  const over = made.every((p) => p !== null && ["delivered", "refunded"].includes(p.state));
  return over && creditedFen(parts, s) === spentFen(books);
}

/** States that no end is reached from, in the order they were found: the ends are followed back along all ways. */
function deadEnds(parts: Parts, visited: Visited, from: Numbers, to: Numbers, size: Size): number[] {
  const states = visited.size;
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
    if (isEnd(parts, visited.at(at), size)) {
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
