/**
 * `npm test`: types, lint, structure, unit and integration tests, then the browser tests. `--long` raises the counts, goes
 * room by room, and when nothing failed writes how many cases each test tried to docs/test-long.md; `--seed=N` repeats
 * such a run, `--resume` goes on with one that was broken off, after the last part that passed.
 * `--only=unit,e2e` runs some parts, other words some test files.
 * Each of the first three counts as one test. Everything runs even when something failed before, so that one run tells
 * all; at the end stand what was skipped, what failed and why, and `N passed, N failed, N skipped`.
 */
import { spawn } from "node:child_process";
import { randomInt } from "node:crypto";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { forget, keep, keptRun, newRun, type PartResult } from "./longRun.ts";
import { longPage, readLongPage, withRun } from "./longTable.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const long = process.argv.includes("--long");
const resumed = process.argv.includes("--resume");
const kept = !long ? null : resumed ? keptRun(root) : newRun(root, longSeed());
const seed = kept?.seed ?? null;
const only = process.argv.find((a) => a.startsWith("--only="))?.slice("--only=".length);
const filters = process.argv.slice(2).filter((a) => !a.startsWith("--"));
const reports = mkdtempSync(join(tmpdir(), "citygas-test-"));
const bin = (name: string): string => join(root, "node_modules", ".bin", name);
const nothing: PartResult = { passed: 0, skips: [], failures: [], counted: [] };

/** A fresh one for each run, unless `--seed=` asks for an old run's. */
function longSeed(): number {
  const given = process.argv.find((a) => a.startsWith("--seed="))?.slice("--seed=".length);
  const value = given === undefined ? randomInt(1, 2 ** 31) : Number(given);
  if (!Number.isSafeInteger(value)) throw new Error(`--seed=${given}: not a whole number`);
  return value;
}

function run(command: string, args: string[], env: Record<string, string> = {}): Promise<number> {
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      cwd: root,
      stdio: "inherit",
      env: { ...process.env, ...env, ...(seed === null ? {} : { CITYGAS_LONG: String(seed) }) },
    });
    child.on("error", (error) => {
      console.error(`${command}: ${error.message}`);
      resolve(1);
    });
    child.on("exit", (code) => resolve(code ?? 1));
  });
}

async function check(name: string, command: string, args: string[]): Promise<PartResult> {
  console.log(`\n── ${name}`);
  const code = await run(command, args);
  if (code !== 0) console.error(`${name} failed`);
  return code === 0 ? { ...nothing, passed: 1 } : { ...nothing, failures: [name] };
}

async function vitest(name: string, config: string, ...filters: string[]): Promise<PartResult> {
  console.log(`\n── ${name}`);
  const report = join(reports, `${name}.json`);
  const reporter = join(root, "tools", "partReporter.ts");
  const args = ["run", "--config", config, "--reporter=default", `--reporter=${reporter}`, ...filters];
  const code = await run(bin("vitest"), args, { TEST_PART_REPORT: report });
  if (!existsSync(report)) return { ...nothing, failures: [`${name}: no report`] };
  // Written by the reporter just now.
  const result = JSON.parse(readFileSync(report, "utf8")) as PartResult;
  // Such as a run that found no file.
  return code !== 0 && result.failures.length === 0 ? { ...result, failures: [`${name}: ended with ${code}`] } : result;
}

/** Where unit tests stand (vitest.config.ts): the long tier's parts, the long ones last. */
const rooms = "core protocols api texts gateways devices terminal kiosk sandbox bench tools city server simulation";

const parts: Record<string, () => Promise<PartResult>> = {
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
for (const room of rooms.split(" "))
  parts[`unit-${room}`] = () => vitest(`unit-${room}`, "vitest.config.ts", join(root, room, "/"));

const checks = ["types", "screenTypes", "workbenchTypes", "lint", "structure"];
const whole = long && filters.length === 0 ? rooms.split(" ").map((room) => `unit-${room}`) : ["unit"];
const wanted = only === undefined ? [...checks, ...whole, "e2e"] : only.split(",");
const results: PartResult[] = [];
for (const name of wanted) {
  const part = parts[name];
  if (part === undefined) throw new Error(`no part "${name}"; there are ${Object.keys(parts).join(", ")}`);
  const result = kept?.done[name] ?? (await part());
  results.push(result);
  // Some files of a part are not the part.
  if (kept === null || result.failures.length > 0 || filters.length > 0) continue;
  kept.done[name] = result;
  keep(root, kept);
}

rmSync(reports, { recursive: true, force: true });
const passed = results.reduce((total, each) => total + each.passed, 0);
const skips = results.flatMap((each) => each.skips);
const failures = results.flatMap((each) => each.failures);
const last = `${passed} passed, ${failures.length} failed, ${skips.length} skipped`;
if (seed !== null) {
  const part = only === undefined ? [] : [`--only=${only}`];
  const command = ["npm run test:long --", ...part, `--seed=${seed}`, ...filters].join(" ");
  const day = new Date().toISOString().slice(0, 10);
  const done = { command, result: last, day, node: process.version, counted: results.flatMap((each) => each.counted) };
  console.log(`\n${longPage([done])}`);
  if (failures.length === 0) {
    const page = join(root, "docs", "test-long.md");
    writeFileSync(page, longPage(withRun(readLongPage(readFileSync(page, "utf8")), done)));
    forget(root);
  }
}
for (const name of skips) console.log(`skipped: ${name}`);
for (const what of failures) console.log(`failed: ${what}`);
console.log(last);
process.exit(failures.length === 0 ? 0 : 1);
