import type { ByteRange } from "../area.ts";
import type { LayoutDriver } from "../layout.ts";
import type { Sale } from "./sales.ts";
import type { Masks } from "./tears.ts";

/** One thing a driver must hold to. Throws `Broken` at the first point where it does not. */
export interface Check {
  readonly name: string;
  run(on: OnTrial): void;
}

export interface OnTrial {
  readonly layout: LayoutDriver;
  readonly sales: readonly Sale[];
  /** Half-flipped bits tried within each step of the first write, and of the write that resumes it. */
  readonly masks: { readonly first: Masks; readonly second: Masks };
  /** Random images tried. */
  readonly images: number;
  /** Whole numbers from 0 up to and without `below`. */
  random(below: number): number;
  /** Counts one point visited. */
  visit(): void;
}

export class Broken extends Error {}

export function demand(holds: boolean, message: () => string): asserts holds {
  if (!holds) throw new Broken(message());
}

export const inside = (at: number, { offset, length }: ByteRange): boolean => at >= offset && at < offset + length;

export const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);
