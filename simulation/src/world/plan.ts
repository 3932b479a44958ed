/** What the people of one world want, before anything goes wrong: made from the seed alone, and trimmed by a replay. */
import { Rng } from "../chance/rng.ts";

export interface Wish {
  /** Litres or fen. */
  value: number;
  code: string;
  /** Presented when the first one came to nothing. */
  otherCode: string;
}
export interface PlannedVisit {
  name: string;
  waitMs: number;
  kiosk: number;
  /** Where it is bought. */
  at: "kiosk" | "phone" | "desk";
  wish: Wish;
}
/** By class, and what its chip can: `cpu` is class B on a CPU card. */
export type CardKind = "A" | "B" | "cpu" | "C";
export interface HouseholdPlan {
  name: string;
  /** null: its meter is on a link, and there is no card. */
  card: CardKind | null;
  counts: "volume" | "money";
  balanceFen: number;
  debtFen: number;
  /** Its company lets people buy on a phone for a card that is written later. */
  later: boolean;
  visits: PlannedVisit[];
}
export interface Plan {
  seed: string;
  households: HouseholdPlan[];
}

export const kiosksPerWorld = 2;
const householdsPerWorld = 4;
const visits = { min: 10, max: 20 };
const minute = 60_000;

/** Beside the others, in so many of 1000 worlds: one whose meter is on a link. */
const linked = 400;
/** In 1000 households. */
const cardKinds: readonly (readonly [CardKind, number])[] = [
  ["A", 180],
  ["cpu", 130],
  ["C", 150],
  ["B", 1000],
];
function cardKind(rng: Rng): CardKind {
  let roll = rng.int(0, 999);
  for (const [kind, share] of cardKinds) {
    if (roll < share) return kind;
    roll -= share;
  }
  return "B";
}

const placeOf = (roll: number): PlannedVisit["at"] => (roll < 110 ? "phone" : roll < 180 ? "desk" : "kiosk");

const codeOf = (rng: Rng): string =>
  rng.chance(500)
    ? `13${String(rng.u32()).padStart(10, "0").slice(0, 10)}${String(rng.int(100_000, 999_999))}`
    : `28${String(rng.u32()).padStart(10, "0").slice(0, 10)}${String(rng.int(100_000, 999_999))}`;

export function planOf(seed: string): Plan {
  const households: HouseholdPlan[] = [];
  for (let index = 0; index <= householdsPerWorld; index++) {
    const rng = Rng.of(`${seed} household ${index}`);
    const isLinked = index === householdsPerWorld;
    if (isLinked && !rng.chance(linked)) continue;
    const counts = rng.chance(600) ? "volume" : "money";
    const planned: PlannedVisit[] = [];
    const wanted = rng.int(visits.min, visits.max);
    for (let visit = 0; visit < wanted; visit++)
      planned.push({
        name: String(visit + 1),
        waitMs: visit === 0 ? rng.int(0, 10 * minute) : rng.int(1 * minute, 150 * minute),
        kiosk: rng.int(0, kiosksPerWorld - 1),
        at: placeOf(rng.int(0, 999)),
        wish: {
          value: rng.int(1, 40) * (counts === "volume" ? 1_000 : 500),
          code: codeOf(rng),
          otherCode: codeOf(rng),
        },
      });
    households.push({
      name: `h${index + 1}`,
      card: isLinked ? null : cardKind(rng),
      counts,
      balanceFen: rng.chance(500) ? rng.int(1, 6_000) : 0,
      later: rng.chance(600),
      debtFen: rng.chance(250) ? rng.int(1, 2_000) : 0,
      visits: planned,
    });
  }
  return { seed, households };
}
