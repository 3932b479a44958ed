/**
 * The load generator, a process of its own: each terminal sells to its cards in turn, without a pause. Its one argument
 * is the file with its job; what it prints is `LoadNews`.
 */
import { randomInt } from "node:crypto";
import { readFileSync } from "node:fs";
import { spread } from "../figures.ts";
import type { LoadJob, LoadNews } from "./job.ts";
import { memoryCard } from "./memoryCard.ts";
import { type SaleTimes, saleSteps, sell } from "./sell.ts";
import { wireTo } from "./wire.ts";

const tell = (news: LoadNews): void => void process.stdout.write(`${JSON.stringify(news)}\n`);

async function main(file: string): Promise<void> {
  // Written by the bench just now.
  const job = JSON.parse(readFileSync(file, "utf8")) as LoadJob;
  const finished: SaleTimes[] = [];
  let soldInAll = 0;
  let measuring = false;
  let over = false;
  const codes = codeSource(job.codesUrl);
  const terminals = job.terminals.map(async ({ token }, index) => {
    const wire = wireTo(job.serverUrl, token);
    const cards = job.cards
      .filter((_, at) => at % job.terminals.length === index)
      .map((issued) => ({ card: memoryCard(issued), entry: issued.entry }));
    for (let round = 0; !over; round++) {
      const chosen = cards[round % cards.length];
      if (chosen === undefined) throw new Error("a terminal without cards");
      const times = await sell(wire, chosen.card, chosen.entry, await codes());
      soldInAll += 1;
      if (measuring) finished.push(times);
    }
  });
  const running = Promise.all(terminals);
  const pause = (ms: number): Promise<unknown> =>
    Promise.race([running, new Promise((resolve) => setTimeout(resolve, ms))]);

  await pause(job.warmMs);
  const from = performance.now();
  measuring = true;
  tell({ at: "begin" });
  await pause(job.measureMs);
  measuring = false;
  over = true;
  const saleMs = spread(finished.map((times) => saleSteps.reduce((sum, step) => sum + times[step], 0)));
  const steps = Object.fromEntries(saleSteps.map((step) => [step, spread(finished.map((times) => times[step]))]));
  tell({ at: "end", sold: finished.length, elapsedMs: performance.now() - from, saleMs, steps });
  await running;
  tell({ at: "stopped", soldInAll });
}

/** Codes of the published WeChat format (18 digits from 10…15), or those of a sandbox's phones. */
function codeSource(codesUrl: string | null): () => Promise<string> {
  if (codesUrl === null) return async () => `13${String(randomInt(1e8)).padStart(8, "0").repeat(2)}`;
  return async () => {
    const response = await fetch(codesUrl);
    if (!response.ok) throw new Error(`no payment code: ${response.status}`);
    return response.text();
  };
}

main(process.argv[2] ?? "").then(
  () => process.exit(0),
  (error: unknown) => {
    console.error(error);
    process.exit(1);
  },
);
