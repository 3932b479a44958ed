import type { Fiber } from "../world/scheduler.ts";
import { type FaultName, faultKinds, type Site } from "./kinds.ts";

export interface FaultSettings {
  /** Chosen often (a third of the visits to its site, or more). */
  forced?: FaultName;
  /** Never chosen. */
  off?: ReadonlySet<FaultName>;
  /** So many times as often as usual, as far as there is room at a site; 1 unless told. */
  often?: number;
}

interface Slot {
  name: FaultName;
  upto: number;
}

export type FaultTable = ReadonlyMap<Site, readonly Slot[]>;
const outOf = 10_000;
const forcedWeight = 3_500;
/** Of 10,000: something has to go well, or nothing goes on. */
const fullest = 7_000;
/** All weights of a site. */
const usuallyAt = new Map<Site, number>();
for (const { site, weight } of faultKinds) usuallyAt.set(site, (usuallyAt.get(site) ?? 0) + weight);

/** Which numbers out of 10,000 choose which fault at which site. */
export function faultTable({ forced, off = new Set(), often = 1 }: FaultSettings = {}): FaultTable {
  const table = new Map<Site, Slot[]>();
  for (const { name, site, weight: usual } of faultKinds) {
    if (off.has(name)) continue;
    const weight = Math.round(usual * Math.max(1, Math.min(often, fullest / (usuallyAt.get(site) ?? 0))));
    const slots = table.get(site) ?? [];
    const before = slots.at(-1)?.upto ?? 0;
    slots.push({ name, upto: before + (name === forced ? Math.max(weight, forcedWeight) : weight) });
    table.set(site, slots);
  }
  for (const [site, slots] of table)
    if ((slots.at(-1)?.upto ?? 0) > outOf && forced === undefined) throw new Error(`too many faults at ${site}`);
  return table;
}

/** The faults of one world: chooses them by each fiber's own chance, and counts those that took effect. */
export class Faults {
  readonly met = new Map<FaultName, number>();
  /** Every fault chosen, by a name that stays the same when other faults or customers are left out. */
  readonly chosen: string[] = [];
  readonly #table: FaultTable;
  readonly #allowed: ReadonlySet<string> | null;
  readonly #counts = new Map<string, number>();

  /** @param allowed only these, by the names of `chosen` (a trimmed replay); null: all. */
  constructor(table: FaultTable, allowed: ReadonlySet<string> | null) {
    this.#table = table;
    this.#allowed = allowed;
  }

  /** What goes wrong at this visit to `site`, if anything. */
  draw<F extends FaultName = FaultName>(site: Site, fiber: Fiber): F | null {
    const slots = this.#table.get(site);
    if (slots === undefined) return null;
    const roll = fiber.rng.u32() % outOf;
    if (roll >= (slots.at(-1)?.upto ?? 0)) return null;
    const found = slots.find(({ upto }) => roll < upto);
    if (found === undefined) return null;
    const key = `${fiber.name} ${found.name}`;
    const count = (this.#counts.get(key) ?? 0) + 1;
    this.#counts.set(key, count);
    const id = `${key} ${count}`;
    if (this.#allowed !== null && !this.#allowed.has(id)) return null;
    this.chosen.push(id);
    // The caller names the faults of its own site.
    return found.name as F;
  }

  /** It took effect. */
  hit(name: FaultName): void {
    this.met.set(name, (this.met.get(name) ?? 0) + 1);
  }
}
