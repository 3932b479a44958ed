/**
 * `npm run chaos -- --kills 50 --seed 1`: docs/chaos.md. Exit 1 on a disagreement or where something was not finished in
 * time, 2 on a wrong word.
 */
import { rmSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { reportOf, summaryOf } from "./report.ts";
import { chaos } from "./run.ts";

const usage = "npm run chaos -- [--kills 1…1000] [--seed N]";

function readWhole(text: string, from: number, to: number): number {
  const value = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN;
  if (!(value >= from && value <= to)) throw new TypeError(`"${text}" is not a whole number from ${from} to ${to}`);
  return value;
}

function readOptions(): { kills: number; seed: number } {
  const { values } = parseArgs({
    options: { kills: { type: "string", default: "50" }, seed: { type: "string", default: "1" } },
  });
  return { kills: readWhole(values.kills, 1, 1_000), seed: readWhole(values.seed, 0, 2 ** 32 - 1) };
}

async function main(): Promise<number> {
  let options: ReturnType<typeof readOptions>;
  try {
    options = readOptions();
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : String(error)}\n${usage}`);
    return 2;
  }
  const tell = (line: string): void => console.error(line);
  const outcome = await chaos({ ...options, log: tell, progress: tell });
  console.log(reportOf(outcome));
  for (const violation of outcome.violations) console.log(`violation: ${violation}`);
  for (const what of outcome.unfinished) console.log(`not finished in time: ${what}`);
  const well = outcome.violations.length === 0 && outcome.unfinished.length === 0;
  if (!well) console.log(`logs and data: ${join(outcome.logs, "log")}`);
  else rmSync(outcome.logs, { recursive: true, force: true });
  console.log(summaryOf(outcome));
  return well ? 0 : 1;
}

main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    console.error(error);
    process.exit(1);
  },
);
