/** One chunk in a process of its own: `chunk.ts PURCHASES SEED`. Its last line is the result; exit 1 on a violation. */
import { replayText, story } from "../run/report.ts";
import { shrink } from "../run/shrink.ts";
import { simulate } from "../run/simulate.ts";
import type { ChunkResult } from "./chunks.ts";

const [purchases = 0, seed = 0] = process.argv.slice(2).map(Number);
const outcome = await simulate({ purchases, seed, fault: null, sabotage: null });
if (outcome.broken !== null) {
  const shrunk = await shrink(outcome.broken.replay, outcome.broken.violation);
  console.error(`${await story(shrunk)}\nto be lived again: ${replayText(shrunk.replay)}`);
}
const { user, system } = process.cpuUsage();
const result: ChunkResult = {
  seed,
  purchases: outcome.purchases,
  worlds: outcome.worlds,
  violations: outcome.broken === null ? 0 : 1,
  faults: Object.fromEntries(outcome.met),
  cpuSeconds: Math.round((user + system) / 1e4) / 100,
  rssMb: Math.round(process.resourceUsage().maxRSS / 1024),
  node: process.version,
};
console.log(JSON.stringify(result));
process.exit(outcome.broken === null ? 0 : 1);
