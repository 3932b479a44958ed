/** The small world with a card, put before the search: its states, and what none of them may break. */
import { startTotal } from "../world/cardBook.ts";
import { openOf } from "./centre.ts";
import { explore, type Found, Numbers, Table } from "./explore.ts";
import { movesFrom } from "./moves.ts";
import { type Books, firstState, Parts, type Size, type State, startBalanceFen } from "./state.ts";

/** A state's two halves (books, meter and cards; the readers) each have a number; the pair of them is the state's key. */
const halfMax = 2 ** 24;

class Visited {
  readonly #wholes = new Table<Omit<State, "readers">>();
  readonly #readers = new Table<State["readers"]>();
  readonly #index = new Map<number, number>();
  readonly #firsts = new Numbers();
  readonly #seconds = new Numbers();

  enter({ books, meter, cards, readers }: State): number {
    const cardKeys = cards.map(({ image, place }) => `${image} ${place}`);
    const readerKeys = readers.map((r) => `${r.image} ${r.script} ${r.step} ${r.current} ${r.report}`);
    const first = this.#wholes.of({ books, meter, cards }, `${books} ${meter} ${cardKeys.join(" ")}`);
    const second = this.#readers.of(readers, readerKeys.join(" "));
    if (first >= halfMax || second >= halfMax) throw new Error("too many states for their keys");
    const key = first * halfMax + second;
    const known = this.#index.get(key);
    if (known !== undefined) return known;
    const at = this.#index.size;
    this.#index.set(key, at);
    this.#firsts.push(first);
    this.#seconds.push(second);
    return at;
  }

  at(index: number): State {
    return { ...this.#wholes.at(this.#firsts.at(index)), readers: this.#readers.at(this.#seconds.at(index)) };
  }

  get size(): number {
    return this.#index.size;
  }
}

/** The customer comes back, and the staff decide what is left to them. @param statesMax where it stops, visited or not. */
export function search(size: Size, statesMax: number): Found {
  const parts = new Parts(size);
  const visited = new Visited();
  return explore(
    {
      first: firstState(parts),
      enter: (state) => visited.enter(state),
      at: (number) => visited.at(number),
      get size() {
        return visited.size;
      },
      movesFrom: (state) => movesFrom(parts, state, size),
      wrongIn: (state) => wrongIn(parts, state, size),
      isEnd: (state) => isEnd(parts, state, size),
      isManual: ({ books }) => openOf(parts.books.at(books))?.state === "manual",
    },
    statesMax,
  );
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
