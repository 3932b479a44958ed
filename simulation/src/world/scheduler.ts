/**
 * Virtual time. Everything that happens is an event with a time; nothing else moves the clock, and between two events
 * nothing is left to run.
 *
 * Production code is written with promises. A *fiber* is one strand of it: it runs until it waits for something of this
 * world (`pause`, `hold`), and it goes on when the event it waits for has come. At most one fiber runs at a time, chosen
 * here, so the order of all effects follows from the seed. How many strands are running is counted, not guessed: the
 * next event is taken when the count is zero. A strand that production code splits off (the pay call that goes on after
 * its request was answered) is told here by `detach`.
 *
 * A process that dies takes its fibers with it: what they wait for never comes.
 */
import type { Rng } from "../chance/rng.ts";

export interface Process {
  readonly name: string;
  alive: boolean;
}

export interface Fiber {
  readonly name: string;
  /** null: part of the world itself, can't die. */
  readonly process: Process | null;
  readonly rng: Rng;
}

/** What a fiber waits for; the first release counts. */
export interface Hold<T> {
  readonly promise: Promise<T>;
  release(value: T, afterMs?: number): void;
}

interface Event {
  at: number;
  seq: number;
  fiber: Fiber | null;
  act: () => void;
  /** Of several releases of one hold the first to come counts; the others find it over. */
  hold: { over: boolean } | null;
}

export class Scheduler {
  now: number;
  current: Fiber | null = null;
  /** Events taken so far. */
  steps = 0;
  readonly #heap: Event[] = [];
  #seq = 0;
  #running = 0;
  #idle: (() => void) | null = null;

  constructor(now: number) {
    this.now = now;
  }

  /** The running fiber. */
  fiber(): Fiber {
    if (this.current === null) throw new Error("no fiber runs");
    return this.current;
  }

  /** Starts a strand; `failed` hears of an error it ends with. */
  spawn(fiber: Fiber, run: () => Promise<void>, failed: (error: unknown) => void, afterMs = 0): void {
    this.#push(afterMs, fiber, () => {
      run().then(
        () => this.#leave(),
        (error: unknown) => {
          failed(error);
          this.#leave();
        },
      );
    });
  }

  /** The running fiber goes on after `ms`. */
  pause(ms: number): Promise<void> {
    const fiber = this.fiber();
    return new Promise((resolve) => {
      this.#push(ms, fiber, resolve);
      this.#leave();
    });
  }

  /** The running fiber goes on when somebody releases it. */
  hold<T>(): Hold<T> {
    const hold = this.#waitingOf<T>(this.fiber());
    this.#leave();
    return hold;
  }

  /** A strand that goes on by itself beside the running one; `ended` must be called when it is over. */
  detach<T>(fiber: Fiber): Hold<T> & { ended(): void } {
    return { ended: () => this.#leave(), ...this.#waitingOf<T>(fiber) };
  }

  /** The running fiber never goes on. */
  halt(): Promise<never> {
    this.#leave();
    return new Promise<never>(() => undefined);
  }

  /** Something the world does by itself. */
  at(afterMs: number, act: () => void): void {
    this.#push(afterMs, null, act);
  }

  /** Takes events until none is left, `until` has come, or `stop` says so. */
  async run(until: number, stop: () => boolean): Promise<void> {
    for (;;) {
      const next = this.#heap[0];
      if (next === undefined || next.at > until || stop()) return;
      this.#pop();
      this.now = next.at;
      const { fiber } = next;
      if (fiber === null) {
        next.act();
        continue;
      }
      if (fiber.process !== null && !fiber.process.alive) continue;
      if (next.hold !== null) {
        if (next.hold.over) continue;
        next.hold.over = true;
      }
      this.steps += 1;
      this.current = fiber;
      this.#running += 1;
      next.act();
      if (this.#running > 0)
        await new Promise<void>((resolve) => {
          this.#idle = resolve;
        });
      this.current = null;
    }
  }

  #waitingOf<T>(fiber: Fiber): Hold<T> {
    let resolve: (value: T) => void = () => undefined;
    const promise = new Promise<T>((found) => {
      resolve = found;
    });
    const hold = { over: false };
    return { promise, release: (value, afterMs = 0) => this.#push(afterMs, fiber, () => resolve(value), hold) };
  }

  #leave(): void {
    this.#running -= 1;
    if (this.#running < 0) throw new Error("a strand of promises that the scheduler was not told of");
    if (this.#running === 0) {
      const idle = this.#idle;
      this.#idle = null;
      idle?.();
    }
  }

  #push(afterMs: number, fiber: Fiber | null, act: () => void, hold: Event["hold"] = null): void {
    const heap = this.#heap;
    this.#seq += 1;
    const event: Event = { at: this.now + afterMs, seq: this.#seq, fiber, act, hold };
    let at = heap.length;
    heap.push(event);
    while (at > 0) {
      const up = (at - 1) >> 1;
      const above = heap[up];
      if (above === undefined || !isBefore(event, above)) break;
      heap[at] = above;
      at = up;
    }
    heap[at] = event;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    let at = 0;
    for (;;) {
      let down = 2 * at + 1;
      const left = heap[down];
      const right = heap[down + 1];
      if (left === undefined) break;
      let below = left;
      if (right !== undefined && isBefore(right, left)) {
        below = right;
        down += 1;
      }
      if (!isBefore(below, last)) break;
      heap[at] = below;
      at = down;
    }
    heap[at] = last;
  }
}

const isBefore = (a: Event, b: Event): boolean => a.at < b.at || (a.at === b.at && a.seq < b.seq);
