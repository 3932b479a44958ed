/**
 * `npm test`: types, lint, structure, unit and integration tests, then the browser tests. `--long` raises the counts
 * and, when nothing failed, writes how many cases each test tried to docs/test-long.md; `--seed=N` repeats such a run.
 * `--only=unit,e2e` runs some parts, other words some test files.
 * Each of the first three counts as one test. Everything runs even when something failed before, so that one run tells
 * all; the last line is `N passed, N failed, N skipped`.
 */
import { spawn } from "node:child_process";
import { randomInt } from "node:crypto";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { type Counted, longTable } from "./longTable.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const long = process.argv.includes("--long");
const seed = long ? longSeed() : null;
const only = process.argv.find((a) => a.startsWith("--only="))?.slice("--only=".length);
const filters = process.argv.slice(2).filter((a) => !a.startsWith("--"));
const reports = mkdtempSync(join(tmpdir(), "citygas-test-"));
const bin = (name: string): string => join(root, "node_modules", ".bin", name);
const total = { passed: 0, failed: 0, skipped: 0 };
const skips: string[] = [];
const counted: Counted[] = [];

/** A fresh one for each run, unless `--seed=` asks for an old run's. */
function longSeed(): number {
  const given = process.argv.find((a) => a.startsWith("--seed="))?.slice("--seed=".length);
  const value = given === undefined ? randomInt(1, 2 ** 31) : Number(given);
  if (!Number.isSafeInteger(value)) throw new Error(`--seed=${given}: not a whole number`);
  return value;
}

function run(command: string, args: string[]): Promise<number> {
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      cwd: root,
      stdio: "inherit",
      env: { ...process.env, ...(seed === null ? {} : { CITYGAS_LONG: String(seed) }) },
    });
    child.on("error", (error) => {
      console.error(`${command}: ${error.message}`);
      resolve(1);
    });
    child.on("exit", (code) => resolve(code ?? 1));
  });
}

async function check(name: string, command: string, args: string[]): Promise<void> {
  console.log(`\n── ${name}`);
  const code = await run(command, args);
  total[code === 0 ? "passed" : "failed"] += 1;
  if (code !== 0) console.error(`${name} failed`);
}

interface VitestReport {
  numPassedTests: number;
  numFailedTests: number;
  numPendingTests: number;
  success: boolean;
  testResults: {
    name: string;
    assertionResults: { status: string; fullName: string; duration?: number | null; meta: { cases?: number } }[];
  }[];
}

async function vitest(name: string, config: string, ...filters: string[]): Promise<void> {
  console.log(`\n── ${name}`);
  const report = join(reports, `${name}.json`);
  const code = await run(bin("vitest"), [
    "run",
    "--config",
    config,
    "--reporter=default",
    "--reporter=json",
    `--outputFile.json=${report}`,
    ...filters,
  ]);
  if (!existsSync(report)) {
    total.failed += 1;
    return;
  }
  const result = JSON.parse(readFileSync(report, "utf8")) as VitestReport;
  total.passed += result.numPassedTests;
  // A file that could not even be loaded fails the run without failing a test.
  total.failed += Math.max(result.numFailedTests, code === 0 ? 0 : 1);
  total.skipped += result.numPendingTests;
  for (const file of result.testResults)
    for (const t of file.assertionResults) {
      if (t.status === "pending" || t.status === "skipped") skips.push(t.fullName);
      const { cases } = t.meta;
      if (cases === undefined) continue;
      counted.push({ file: relative(root, file.name), test: t.fullName, cases, seconds: (t.duration ?? 0) / 1_000 });
    }
}

const parts: Record<string, () => Promise<void>> = {
  types: () => check("types", bin("tsc"), ["--noEmit"]),
  screenTypes: () => check("types of the kiosk screen", bin("tsc"), ["--noEmit", "-p", "kiosk/screen"]),
  workbenchTypes: () => check("types of the workbench", bin("tsc"), ["--noEmit", "-p", "sandbox/workbench"]),
  lint: () => check("lint", bin("biome"), ["check", "--error-on-warnings", "."]),
  structure: () => check("structure", process.execPath, ["--import", "tsx", "tools/structure.ts"]),
  unit: () => vitest("unit", "vitest.config.ts", ...filters),
  e2e: () => vitest("e2e", "e2e/vitest.config.ts", ...filters),
  /** Start and one sale: what a second Node is asked. It stands in e2e too, so only by name. */
  sale: () => vitest("sale", "e2e/vitest.config.ts", "sale.test.ts"),
};
const wanted = only === undefined ? Object.keys(parts).filter((name) => name !== "sale") : only.split(",");
for (const name of wanted) {
  const part = parts[name];
  if (part === undefined) throw new Error(`no part "${name}"; there are ${Object.keys(parts).join(", ")}`);
  await part();
}

rmSync(reports, { recursive: true, force: true });
if (seed !== null) {
  const part = only === undefined ? [] : [`--only=${only}`];
  const command = ["npm run test:long --", ...part, `--seed=${seed}`, ...filters].join(" ");
  const result = `${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`;
  const table = longTable(counted, {
    command,
    result,
    day: new Date().toISOString().slice(0, 10),
    node: process.version,
  });
  console.log(`\n${table}`);
  if (total.failed === 0) writeFileSync(join(root, "docs", "test-long.md"), table);
}
for (const name of skips) console.log(`skipped: ${name}`);
console.log(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
process.exit(total.failed === 0 ? 0 : 1);
