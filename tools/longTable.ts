/**
 * The long tier's page (docs/test-long.md): which test tried how many cases, as Markdown, a table for each run. A run of
 * some rooms replaces what these rooms' tests had there and leaves the rest, so the page is read back before it is written.
 */
export interface Counted {
  /** The package's folder: `protocols/gascard`, `core`. */
  area: string;
  test: string;
  cases: number;
  /** Wall time. */
  seconds: number;
}

export interface LongRun {
  /** Repeats it. */
  command: string;
  /** `N passed, N failed, N skipped`. */
  result: string;
  /** ISO date. */
  day: string;
  node: string;
  counted: readonly Counted[];
}

const head = `# The long test run

Each line is a test that tries cases: how many it tried, and for how long. Seconds are wall time, two files side by side.
`;

export function longPage(runs: readonly LongRun[]): string {
  return [head, ...runs.map(section)].join("\n");
}

/** The page's runs; empty for a text that is none. */
export function readLongPage(page: string): LongRun[] {
  return page
    .split(/^(?=Written by `)/m)
    .slice(1)
    .map((part) => {
      const [, command = "", day = "", node = "", result = ""] =
        /^Written by `(.+)` on (\S+), Node (\S+): (.+)\.$/m.exec(part) ?? [];
      const rows = part.matchAll(/^\| (\S+) \| (.+) \| ([\d,]+) \| ([\d.]+) \|$/gm);
      const counted = [...rows].map(([, area = "", test = "", cases = "", seconds]) => {
        return {
          area,
          test: test.replaceAll("\\|", "|"),
          cases: Number(cases.replaceAll(",", "")),
          seconds: Number(seconds),
        };
      });
      return { command, day, node, result, counted };
    });
}

/** With a new run in front: what it counted is taken from the older ones, and one that has nothing left is gone. */
export function withRun(older: readonly LongRun[], run: LongRun): LongRun[] {
  const name = ({ area, test }: Counted): string => `${area} ${test}`;
  const anew = new Set(run.counted.map(name));
  const left = older.map((each) => ({ ...each, counted: each.counted.filter((row) => !anew.has(name(row))) }));
  return [run, ...left.filter(({ counted }) => counted.length > 0)];
}

function section(run: LongRun): string {
  const rows = [...run.counted].sort((a, b) => compare(a.area, b.area) || b.cases - a.cases || compare(a.test, b.test));
  const cases = rows.reduce((sum, row) => sum + row.cases, 0);
  const lines = [
    `Written by \`${run.command}\` on ${run.day}, Node ${run.node}: ${run.result}.`,
    "",
    "| Area | Test | Cases | Seconds |",
    "| --- | --- | ---: | ---: |",
    ...rows.map((row) => `| ${row.area} | ${cell(row.test)} | ${grouped(row.cases)} | ${row.seconds.toFixed(1)} |`),
    `| all | ${rows.length} tests | ${grouped(cases)} | |`,
  ];
  return `${lines.join("\n")}\n`;
}

/** Of a test file's path from the root. */
export function areaOf(file: string): string {
  const at = file.indexOf("/src/");
  return at === -1 ? (file.split("/")[0] ?? file) : file.slice(0, at);
}

const cell = (text: string): string => text.replaceAll("|", "\\|");
const grouped = (count: number): string => String(count).replace(/\B(?=(\d{3})+$)/g, ",");
const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
