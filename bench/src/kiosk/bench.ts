/** Sales at both kiosks of a whole city: the product's own share of what a customer waits for, and what a start takes. */
import type { Metrics, Summary } from "@citygas/kiosk-agent";
import type { Args } from "../args.ts";
import { busyProcesses, printFigure, say } from "../figures.ts";
import { type BenchCity, type KioskName, kioskNames, makeCity } from "./city.ts";
import { buy, gather } from "./customers.ts";
import { firstLoadBytes } from "./firstLoad.ts";
import { openScreen } from "./screen.ts";

/** A sale takes seconds of a person's and the chip's time: this bench may run as long as this many stretches. */
const stretches = 3;

export async function kioskBench({ seconds, sales }: Args): Promise<void> {
  const loadAtStart = busyProcesses();
  const city = await makeCity();
  try {
    say(`first start: ${(await city.start()).toFixed(1)} s`);
    await city.stop();
    const startS = await city.start();
    const until = performance.now() + seconds * stretches * 1_000;
    const perKiosk = Math.ceil(sales / kioskNames.length);
    const made = await Promise.all(kioskNames.map((kiosk) => sellAt(city, kiosk, perKiosk, until)));
    say(`${made.join(" + ")} sales`);
    const metrics = await Promise.all(kioskNames.map((kiosk) => metricsOf(city, kiosk)));
    wait(
      "kiosk-card-to-account",
      metrics.map(({ cardToAccount }) => cardToAccount),
    );
    wait(
      "kiosk-paid-to-written",
      metrics.map(({ paidToWritten }) => paidToWritten),
    );
    printFigure({ name: "start-second", value: startS, unit: "s", baseline: null, cost: { goalS: 15, loadAtStart } });
    const bytes = await firstLoadBytes(`${city.url}/kiosk/`);
    printFigure({ name: "kiosk-screen-gzip", value: bytes / 1_000, unit: "KB", baseline: null, cost: { goalKB: 100 } });
  } finally {
    await city.remove();
  }
}

async function sellAt(city: BenchCity, kiosk: KioskName, sales: number, untilMs: number): Promise<number> {
  const buyers = await gather(city, kiosk);
  const screen = await openScreen(city.url, kiosk);
  let made = 0;
  try {
    for (; made < sales && performance.now() < untilMs; made++) {
      const buyer = buyers[made % buyers.length];
      if (buyer === undefined) throw new Error(`nobody buys at ${kiosk}`);
      await buy(city, screen, kiosk, buyer);
    }
  } finally {
    screen.close();
  }
  return made;
}

async function metricsOf(city: BenchCity, kiosk: KioskName): Promise<Metrics> {
  const response = await fetch(`${city.agentUrl(kiosk)}/metrics.json`);
  if (!response.ok) throw new Error(`no metrics of ${kiosk}: ${response.status}`);
  return (await response.json()) as Metrics;
}

/** The slower kiosk's p99; both had the same number of sales. */
function wait(name: string, summaries: readonly Summary[]): void {
  const most = (of: (summary: Summary) => number): number => Math.max(...summaries.map(of));
  printFigure({
    name,
    value: most(({ p99Ms }) => p99Ms),
    unit: "ms",
    baseline: null,
    cost: {
      percentile: "p99",
      count: summaries.reduce((sum, { count }) => sum + count, 0),
      p50Ms: most(({ p50Ms }) => p50Ms),
      maxMs: most(({ maxMs }) => maxMs),
      goalMs: 150,
    },
  });
}
