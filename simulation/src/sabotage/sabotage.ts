import type { Invariant } from "../invariants/violation.ts";
import type { Seam } from "./seam.ts";

/** One wrong rule. With it on, the simulation must find a violated invariant; without one found, the proof has a hole. */
export interface Sabotage {
  readonly name: string;
  readonly about: string;
  /** What the wrong rule puts into the ports; made anew for each world. */
  seam?(): Partial<Seam>;
  /** Wrong rows for the machines' tables, in this process; gives back how to put the right ones in again. */
  install?(): () => void;
  /** Needs many purchases to be found: not among those that the short tests take turns with. */
  readonly rare?: true;
  /** Not looked at, because the trick itself would trip them: a violation must be found elsewhere. */
  blind?: readonly Invariant[];
}

/** Puts other rows into an object that nobody else may write, and gives back how to undo it. */
export function patch<T extends object>(target: Readonly<T>, changes: Partial<T>): () => void {
  // The tables are constants for everybody but this: that is what makes it a sabotage.
  const open = target as T;
  const before: Partial<T> = {};
  for (const key of Object.keys(changes) as (keyof T)[]) before[key] = open[key];
  Object.assign(open, changes);
  return () => {
    for (const key of Object.keys(changes) as (keyof T)[]) {
      if (before[key] === undefined) delete open[key];
      else Object.assign(open, { [key]: before[key] });
    }
  };
}
