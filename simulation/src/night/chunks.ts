/**
 * A run too long for one process: disjoint seeds, one chunk each, a line in a file when a chunk is over. Started again
 * with the same file it goes on with the chunks that are not in it.
 */
import { type FaultName, faultKinds } from "../faults/kinds.ts";

/** What one chunk came to; a line of the file. */
export interface ChunkResult {
  seed: number;
  purchases: number;
  worlds: number;
  violations: number;
  /** By name; left out: never met in this chunk. */
  faults: Partial<Record<FaultName, number>>;
  cpuSeconds: number;
  rssMb: number;
  node: string;
}

/** The chunks of a run: `count` seeds from `first` on, those left out that are in the file. */
export function chunksLeft(first: number, count: number, done: readonly ChunkResult[]): number[] {
  const known = new Set(done.map(({ seed }) => seed));
  return Array.from({ length: count }, (_, i) => first + i).filter((seed) => !known.has(seed));
}

/** The lines of the file. A last line that a kill has torn is no result: its chunk is done again. */
export function parseResults(text: string): ChunkResult[] {
  return text.split("\n").flatMap((line): ChunkResult[] => {
    if (line === "") return [];
    try {
      const read: unknown = JSON.parse(line);
      // The lines are written by this program; what does not parse was torn.
      return [read as ChunkResult];
    } catch {
      return [];
    }
  });
}

/** The table for docs/protocol.md. */
export function nightTable(results: readonly ChunkResult[]): string {
  const sum = (of: (r: ChunkResult) => number): number => results.reduce((total, each) => total + of(each), 0);
  const purchases = sum((r) => r.purchases);
  const cpu = sum((r) => r.cpuSeconds);
  const rows = faultKinds.map(({ name, about }) => `| \`${name}\` | ${sum((r) => r.faults[name] ?? 0)} | ${about} |`);
  const seeds = results.map(({ seed }) => seed);
  return [
    `${purchases} purchases in ${sum((r) => r.worlds)} worlds, seeds ${Math.min(...seeds)} to ${Math.max(...seeds)}, ` +
      `${sum((r) => r.violations)} violations; ${Math.round(cpu)} CPU-seconds, ${Math.round(purchases / Math.max(cpu, 1))} ` +
      `purchases per CPU-second; largest process ${Math.max(...results.map(({ rssMb }) => rssMb))} MB; Node ` +
      `${[...new Set(results.map(({ node }) => node))].join(", ")}.`,
    "",
    "| fault | met | |",
    "| --- | ---: | --- |",
    ...rows,
  ].join("\n");
}
