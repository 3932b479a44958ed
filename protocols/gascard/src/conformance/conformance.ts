import type { LayoutDriver } from "../layout.ts";
import { Broken, type Check, type OnTrial } from "./checks.ts";
import { judgedChecks } from "./judged.ts";
import { salesOf } from "./sales.ts";
import { shapeChecks } from "./shape.ts";
import { fewMasks, type Masks } from "./tears.ts";
import { tornChecks } from "./torn.ts";

export interface ConformanceOptions {
  /** Half-flipped bits tried within each step of the first write, and of the write that resumes it. */
  masks?: { first: Masks; second: Masks };
  /** Random images tried. */
  images?: number;
  /** Of the random images. */
  seed?: number;
}

export interface CheckResult {
  name: string;
  /** Points visited: cards read, tried in a meter, or handed to the driver as bytes. */
  points: number;
  /** null: it holds. Else what was found first. */
  broken: string | null;
}

const allChecks: readonly Check[] = [...shapeChecks, ...tornChecks, ...judgedChecks];
const defaults = { masks: { first: fewMasks, second: [] }, images: 10_000, seed: 20_261_123 } as const;

/**
 * Holds a layout driver to all that the rest of the product stands on: that it reads what it wrote, that no cut anywhere
 * shows a meter half a purchase, that every torn card is finished or told apart, and that it asks for no more than its
 * class may. Deterministic.
 */
export function conformance(layout: LayoutDriver, options: ConformanceOptions = {}): CheckResult[] {
  const { masks, images, seed } = { ...defaults, ...options };
  return allChecks.map(({ name, run }) => {
    let points = 0;
    const visit = (): void => {
      points++;
    };
    try {
      // Even making the first cards may fail on a driver that is wrong enough.
      const on: OnTrial = { layout, sales: salesOf(layout), masks, images, random: dice(seed), visit };
      run(on);
      return { name, points, broken: null };
    } catch (error) {
      if (error instanceof Broken) return { name, points, broken: error.message };
      return { name, points, broken: `throws: ${error instanceof Error ? error.message : String(error)}` };
    }
  });
}

/** xorshift32: fast, and the same on every machine. */
function dice(seed: number): (below: number) => number {
  let state = seed | 1;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}
