/** One chunk in a process of its own: `chunk.ts PURCHASES SEED REVISION`. Its last line is the result; exit 1 on a violation. */
import { story } from "../run/report.ts";
import { shrink } from "../run/shrink.ts";
import { simulate } from "../run/simulate.ts";
import type { ChunkResult, Revision } from "./chunks.ts";

const [purchases = 0, seed = 0] = process.argv.slice(2).map(Number);
// The parent wrote it.
const revision = JSON.parse(process.argv[4] ?? "") as Revision;
const rssMb: number[] = [];
const outcome = await simulate({
  purchases,
  seed,
  fault: null,
  sabotage: null,
  progress: (now) => {
    while (rssMb.length < Math.min(10, Math.floor((10 * now.purchases) / purchases)))
      rssMb.push(Math.round(process.memoryUsage.rss() / 2 ** 20));
  },
});
const shrunk = outcome.broken && (await shrink(outcome.broken.replay, outcome.broken.violation));
if (shrunk !== null) console.error(await story(shrunk));
const { user, system } = process.cpuUsage();
const result: ChunkResult = {
  seed,
  purchases: outcome.purchases,
  worlds: outcome.worlds,
  violations: shrunk === null ? 0 : 1,
  replay: shrunk?.replay ?? null,
  faults: Object.fromEntries(outcome.met),
  cpuSeconds: Math.round((user + system) / 1e4) / 100,
  rssMb,
  ...revision,
};
console.log(JSON.stringify(result));
process.exit(shrunk === null ? 0 : 1);
