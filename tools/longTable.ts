/** The long tier's table: which test tried how many cases, as Markdown (docs/test-long.md). */
export interface Counted {
  /** Path of the test file from the root. */
  file: string;
  test: string;
  cases: number;
  seconds: number;
}

export interface LongRun {
  command: string;
  /** `N passed, N failed, N skipped`. */
  result: string;
  day: string;
  node: string;
}

export function longTable(counted: readonly Counted[], run: LongRun): string {
  const rows = counted
    .map((each) => ({ ...each, area: area(each.file) }))
    .sort((a, b) => compare(a.area, b.area) || b.cases - a.cases || compare(a.test, b.test));
  const cases = rows.reduce((sum, row) => sum + row.cases, 0);
  const lines = [
    "# The long test run",
    "",
    `Written by \`${run.command}\` on ${run.day}, Node ${run.node}: ${run.result}.`,
    "Each line is a test that tries cases: how many it tried, and for how long. Seconds are wall time.",
    "",
    "| Area | Test | Cases | Seconds |",
    "| --- | --- | ---: | ---: |",
    ...rows.map((row) => `| ${row.area} | ${cell(row.test)} | ${grouped(row.cases)} | ${row.seconds.toFixed(1)} |`),
    `| all | ${rows.length} tests | ${grouped(cases)} | |`,
  ];
  return `${lines.join("\n")}\n`;
}

/** The package's folder: `protocols/gascard`, `core`. */
function area(file: string): string {
  const at = file.indexOf("/src/");
  return at === -1 ? (file.split("/")[0] ?? file) : file.slice(0, at);
}

const cell = (text: string): string => text.replaceAll("|", "\\|");
const grouped = (count: number): string => String(count).replace(/\B(?=(\d{3})+$)/g, ",");
const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
