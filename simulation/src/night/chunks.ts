/**
 * A run too long for one process: disjoint seeds, one chunk each, a line in a file when a chunk is over. Started again
 * with the same file it goes on with the chunks that are not in it, if it is still the same code.
 */
import { type FaultName, faultKinds } from "../faults/kinds.ts";
import type { Replay } from "../run/replay.ts";

/** What ran: lines of different code or Node can't be added up. */
export interface Revision {
  /** Of the compiled code itself (`compile`), so it tells what a commit can't: an edit that is in none. */
  code: string;
  /** For people; null: no git here. */
  commit: string | null;
  node: string;
}

/** What one chunk came to; a line of the file. */
export interface ChunkResult extends Revision {
  seed: number;
  purchases: number;
  worlds: number;
  violations: number;
  /** The shortest way to live through the violation again; null: there was none. */
  replay: Replay | null;
  /** By name; left out: never met in this chunk. */
  faults: Partial<Record<FaultName, number>>;
  cpuSeconds: number;
  /** The process's resident memory after each tenth of the chunk. */
  rssMb: number[];
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

/** The chunks that something else than `now` has run: they prove nothing of it. */
export const otherRevisions = (done: readonly ChunkResult[], now: Revision): ChunkResult[] =>
  done.filter(({ code, node }) => code !== now.code || node !== now.node);

const inAll = (results: readonly ChunkResult[], of: (r: ChunkResult) => number): number =>
  results.reduce((total, each) => total + of(each), 0);

/** Purchases per second of processor time, over all these chunks. */
export const ratePerCpuSecond = (results: readonly ChunkResult[]): number =>
  Math.round(
    inAll(results, (r) => r.purchases) /
      Math.max(
        1,
        inAll(results, (r) => r.cpuSeconds),
      ),
  );

/** The table for docs/protocol.md. */
export function nightTable(results: readonly ChunkResult[]): string {
  const seeds = results.map(({ seed }) => seed);
  const rss = (tenth: number): string => {
    const at = results.map(({ rssMb }) => rssMb.at(tenth) ?? 0).sort((a, b) => a - b);
    return `${at[at.length >> 1]} MB, at most ${at.at(-1)} MB`;
  };
  const distinct = (of: (r: ChunkResult) => string | null): string =>
    [...new Set(results.map((r) => of(r) ?? "unknown"))].join(", ");
  const rows = faultKinds.map(
    ({ name, about }) => `| \`${name}\` | ${inAll(results, (r) => r.faults[name] ?? 0)} | ${about} |`,
  );
  return [
    `${inAll(results, (r) => r.purchases)} purchases in ${inAll(results, (r) => r.worlds)} worlds, seeds ` +
      `${Math.min(...seeds)} to ${Math.max(...seeds)}: ${inAll(results, (r) => r.violations)} violations. ` +
      `${Math.round(inAll(results, (r) => r.cpuSeconds))} CPU-seconds, ${ratePerCpuSecond(results)} purchases per ` +
      `CPU-second. ${results.length} processes, one after the other; resident memory after a tenth of its purchases: ` +
      `in the middle ${rss(0)}; at its end: ${rss(-1)}. Commit ${distinct(({ commit }) => commit)}, code ` +
      `${distinct(({ code }) => code)}, Node ${distinct(({ node }) => node)}.`,
    "",
    "| fault | met | |",
    "| --- | ---: | --- |",
    ...rows,
  ].join("\n");
}
