/** What people read of a run. */
import { type FaultName, faultKinds } from "../faults/kinds.ts";
import { invariantNames } from "../invariants/violation.ts";
import { live, type Replay } from "./replay.ts";
import type { Shrunk } from "./shrink.ts";

/** Of so many purchases on, a fault that was never met fails the run. */
export const allMetFrom = 100_000;

/** But for those that were switched off. */
export const neverMet = (met: ReadonlyMap<FaultName, number>, off: readonly FaultName[] = []): FaultName[] =>
  faultKinds.map(({ name }) => name).filter((name) => !met.has(name) && !off.includes(name));

export function faultsTable(met: ReadonlyMap<FaultName, number>): string {
  const width = Math.max(...faultKinds.map(({ name }) => name.length));
  const lines = faultKinds.map(
    ({ name, about }) => `${String(met.get(name) ?? 0).padStart(9)}  ${name.padEnd(width)}  ${about}`,
  );
  return ["      met  fault", ...lines].join("\n");
}

/** The trimmed schedule as a story. */
export async function story({ replay, violation, tries }: Shrunk): Promise<string> {
  const world = await live(replay, { trace: true });
  const households = Object.keys(replay.visits ?? {}).length;
  return [
    `VIOLATION of ${violation.invariant} (${invariantNames[violation.invariant]}): ${violation.text}`,
    `seed ${replay.seed}, trimmed in ${tries} tries to ${households} household(s) and ${replay.faults?.length ?? 0} fault(s):`,
    ...(replay.faults ?? []).map((fault) => `  - ${fault}`),
    "what happened:",
    ...world.trace.map((line) => `  ${line}`),
  ].join("\n");
}

export const replayText = (replay: Replay): string => `${JSON.stringify(replay)}\n`;
