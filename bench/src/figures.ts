/** Results: one JSON line per figure on stdout; everything else goes to stderr. */
import { loadavg } from "node:os";

export interface Figure {
  name: string;
  value: number;
  unit: string;
  /** What the same run measured beside it, in the same unit; null where there is nothing to compare with. */
  baseline: number | null;
  /** Only a bench's headline figure carries `ratio` = value / baseline. */
  headline?: boolean;
  /** What it took, and how it was measured. Units stand in the names. */
  cost?: Readonly<Record<string, number | string | null>>;
}

/** The line without its end. Names of costs never cover the figure's own. */
export function figureLine({ name, value, unit, baseline, headline = false, cost = {} }: Figure): string {
  const ratio = headline && baseline !== null && baseline > 0 ? { ratio: rounded(value / baseline) } : {};
  const costs = Object.entries(cost).map(([key, each]) => [key, typeof each === "number" ? rounded(each) : each]);
  return JSON.stringify({
    ...Object.fromEntries(costs),
    name,
    value: rounded(value),
    unit,
    baseline: baseline === null ? null : rounded(baseline),
    ...ratio,
  });
}

export function printFigure(figure: Figure): void {
  process.stdout.write(`${figureLine(figure)}\n`);
}

/** How many processes wanted a core in the minute before: above 0 at the start, others were on the machine. */
export const busyProcesses = (): number => loadavg()[0] ?? 0;

export function say(text: string): void {
  process.stderr.write(`${text}\n`);
}

/** Four significant digits: more would claim a precision that no run has. Whole numbers above that stay whole. */
export function rounded(value: number): number {
  return Math.abs(value) >= 1_000 ? Math.round(value) : Number(value.toPrecision(4));
}

export interface Spread {
  count: number;
  p50: number;
  p99: number;
  max: number;
}

/** Nearest-rank percentiles; all 0 when there is nothing. */
export function spread(samples: readonly number[]): Spread {
  const sorted = [...samples].sort((a, b) => a - b);
  const at = (share: number): number => sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? 0;
  return { count: sorted.length, p50: at(0.5), p99: at(0.99), max: at(1) };
}
