/** `npm run bench -- NAME…`: one JSON line per figure on stdout, progress on stderr. */
import { type Args, type BenchName, readArgs } from "./args.ts";
import { cardBench } from "./card/bench.ts";
import { say } from "./figures.ts";
import { kioskBench } from "./kiosk/bench.ts";
import { purchaseBench } from "./purchase/bench.ts";
import { reconcileBench } from "./reconcile/bench.ts";

const benches: Record<BenchName, (args: Args) => Promise<void>> = {
  purchase: purchaseBench,
  kiosk: kioskBench,
  reconcile: reconcileBench,
  card: cardBench,
};

async function main(): Promise<void> {
  const args = readArgs(process.argv.slice(2));
  if (!args.ok) {
    say(args.error);
    process.exitCode = 2;
    return;
  }
  for (const name of args.value.names) {
    say(`# ${name}`);
    await benches[name](args.value);
  }
}

for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(130));

main().then(
  () => process.exit(),
  (error: unknown) => {
    say(error instanceof Error ? (error.stack ?? error.message) : String(error));
    process.exit(1);
  },
);
