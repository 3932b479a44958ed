/** `npm run simulate`: see README.md beside this folder. Exit 1 on a violation or a fault never met, 2 on a wrong word. */
import { createWriteStream, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Options, readOptions, usage } from "./run/options.ts";
import { live, parseReplay, type Replay, withSabotage } from "./run/replay.ts";
import { allMetFrom, faultsTable, neverMet, replayText, story } from "./run/report.ts";
import { shrink } from "./run/shrink.ts";
import { simulate } from "./run/simulate.ts";
import { sabotageNamed } from "./sabotage/all.ts";

const progressEveryMs = 5_000;

function readReplay(file: string): Replay | null {
  try {
    return parseReplay(readFileSync(file, "utf8"));
  } catch (error) {
    console.error(`${file} is no replay: ${error instanceof Error ? error.message : String(error)}`);
    return null;
  }
}

async function replayed(file: string): Promise<number> {
  const replay = readReplay(file);
  if (replay === null) return 2;
  const sabotage = replay.sabotage === null ? null : (sabotageNamed(replay.sabotage) ?? null);
  const world = await withSabotage(sabotage, () => live(replay, { trace: true }));
  console.log(world.trace.join("\n"));
  console.log(JSON.stringify({ seed: replay.seed, purchases: world.purchases, violation: world.violation }));
  return world.violation === null ? 0 : 1;
}

async function run(options: Options): Promise<number> {
  const began = performance.now();
  const cpuBegan = process.cpuUsage();
  let told = began;
  const trace = options.trace === null ? null : createWriteStream(options.trace);
  const { seed, purchases, fault, off, sabotage, often } = options;
  const outcome = await simulate({
    purchases,
    seed,
    fault,
    off,
    sabotage,
    often,
    ...(trace === null ? {} : { traced: (lines: readonly string[]) => void trace.write(`${lines.join("\n")}\n`) }),
    progress: (now) => {
      if (performance.now() - told < progressEveryMs) return;
      told = performance.now();
      const memory = Math.round(process.memoryUsage().heapUsed / 1_048_576);
      const rate = Math.round(now.purchases / cpuSeconds(cpuBegan));
      console.error(`${now.purchases} purchases, ${now.worlds} worlds, ${rate}/CPU-second, ${memory} MB`);
    },
  });
  await new Promise<void>((resolve) => (trace === null ? resolve() : trace.end(resolve)));
  const cpu = cpuSeconds(cpuBegan);
  console.log(faultsTable(outcome.met));
  const missing = purchases >= allMetFrom && fault === null && sabotage === null ? neverMet(outcome.met, off) : [];
  if (missing.length > 0) console.log(`never met: ${missing.join(", ")}`);
  if (outcome.broken !== null) {
    const shrunk = await shrink(outcome.broken.replay, outcome.broken.violation);
    console.log(await story(shrunk));
    const file = join(tmpdir(), `citygas-replay-${seed}.json`);
    writeFileSync(file, replayText(shrunk.replay));
    console.log(`again: npm run simulate -- --replay ${file}`);
  }
  const met = [...outcome.met.values()].reduce((sum, count) => sum + count, 0);
  console.log(`${outcome.worlds} worlds, ${Math.round(outcome.purchases / cpu)} purchases per CPU-second`);
  console.log(
    JSON.stringify({
      purchases: outcome.purchases,
      faults: met,
      faultKinds: outcome.met.size,
      neverMet: missing,
      violations: outcome.broken === null ? 0 : 1,
      seed,
      seconds: Math.round(performance.now() - began) / 1000,
    }),
  );
  return outcome.broken === null && missing.length === 0 ? 0 : 1;
}

const cpuSeconds = (since: NodeJS.CpuUsage): number => {
  const { user, system } = process.cpuUsage(since);
  return Math.max(0.001, (user + system) / 1e6);
};

async function main(): Promise<number> {
  const words = process.argv.slice(2);
  if (words.includes("--help")) {
    console.log(usage);
    return 0;
  }
  const options = readOptions(words);
  if (!options.ok) {
    console.error(options.error);
    return 2;
  }
  if (options.value.replay !== null) return await replayed(options.value.replay);
  return await withSabotage(options.value.sabotage, () => run(options.value));
}

main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    console.error(error);
    process.exit(1);
  },
);
