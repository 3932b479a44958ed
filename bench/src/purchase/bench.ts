/** Whole purchases per second through HTTP, beside a loop that writes the same rows; then once more with signatures. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Args } from "../args.ts";
import { type Child, startChild, until } from "../children.ts";
import { busyProcesses, printFigure, rounded, type Spread, say } from "../figures.ts";
import { cpuMsOf, cpuMsWithChildren } from "../processTimes.ts";
import type { LoadJob, LoadNews } from "./job.ts";
import { countRows, rawLoop } from "./rawLoop.ts";
import { register } from "./register.ts";
import { rowsPerPurchase, spreadOver, type TableRows } from "./rowPlan.ts";
import { openVenue, type ServerProcess, type Venue } from "./venue.ts";

const warmMs = 5_000;
/** Over the stretches themselves, for sales to end in. */
const graceMs = 60_000;

export async function purchaseBench({ seconds, terminals }: Args): Promise<void> {
  const loadAtStart = busyProcesses();
  const venue = await openVenue(say);
  try {
    await inProcess(venue, seconds, terminals, loadAtStart);
    await signed(venue, seconds, terminals);
  } finally {
    await venue.stop();
  }
}

async function inProcess(venue: Venue, seconds: number, terminals: number, loadAtStart: number): Promise<void> {
  const gateways = { test: true };
  const job = await withServer(venue, gateways, (server) => prepare(server, terminals, seconds, 1));
  const before = await countRows(venue.database);
  const run = await withServer(venue, gateways, (server) => load(venue, server, { ...job, codesUrl: null }));
  const rows = rowsPerPurchase(before, await countRows(venue.database), run.soldInAll);
  const transitions = rows.find(({ table }) => table === "event")?.inserts ?? 0;
  say(`a purchase is ${transitions} transitions and ${describeRows(rows)}`);

  const plan = spreadOver(rows, transitions);
  const pgBefore = cpuMsWithChildren(venue.postgresPid);
  const raw = await rawLoop(venue.database, plan, seconds * 1_000);
  const pgAfter = cpuMsWithChildren(venue.postgresPid);
  printFigure({
    name: "purchase-http",
    value: perSecond(run),
    unit: "purchases/s",
    baseline: (raw.purchases / raw.elapsedMs) * 1_000,
    headline: true,
    cost: {
      ...costs(run, terminals),
      transitionsPerPurchase: transitions,
      rowsPerPurchase: rows.reduce((sum, { inserts, updates, deletes }) => sum + inserts + updates + deletes, 0),
      baselineIs: "same rows, one transaction per transition, prepared and pipelined, 8 connections",
      baselineTransactionsPerS: (raw.transactions / raw.elapsedMs) * 1_000,
      baselinePostgresCpuMs: share(pgBefore, pgAfter, raw.purchases),
      loadAtStart,
    },
  });
}

async function signed(venue: Venue, seconds: number, terminals: number): Promise<void> {
  const folder = join(venue.folder, "gateways");
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  let ready: { codesUrl: string; wechat: object } | null = null;
  const options = {
    entry: "bench/src/purchase/gatewaysMain.ts",
    args: [folder],
    logFile: join(venue.folder, "gateways.log"),
  };
  const child = startChild(options, (line) => {
    ready ??= JSON.parse(line) as { codesUrl: string; wechat: object };
  });
  try {
    await until(
      () => ready !== null || !child.running(),
      graceMs,
      () => "the gateways did not become ready",
    );
    const facts = ready as { codesUrl: string; wechat: object } | null;
    if (facts === null) throw new Error(`the gateways ended:\n${child.lastWords()}`);
    const run = await withServer(venue, { wechat: facts.wechat }, async (server) => {
      const job = await prepare(server, terminals, seconds, 2);
      return load(venue, server, { ...job, codesUrl: facts.codesUrl }, child);
    });
    printFigure({
      name: "purchase-http-signed",
      value: perSecond(run),
      unit: "purchases/s",
      baseline: null,
      cost: { ...costs(run, terminals), gatewaysCpuMs: run.otherCpuMs },
    });
  } finally {
    await child.stop();
  }
}

async function withServer<T>(venue: Venue, gateways: object, use: (server: ServerProcess) => Promise<T>): Promise<T> {
  const server = await venue.startServer(gateways);
  try {
    return await use(server);
  } finally {
    await server.stop();
  }
}

type Prepared = Omit<LoadJob, "codesUrl">;

async function prepare(server: ServerProcess, terminals: number, seconds: number, run: number): Promise<Prepared> {
  const made = await register(server, terminals, run);
  say(`${made.cards.length} accounts with their cards, ${terminals} terminals`);
  return { serverUrl: server.url, ...made, warmMs, measureMs: seconds * 1_000 };
}

interface Run {
  sold: number;
  soldInAll: number;
  elapsedMs: number;
  saleMs: Spread;
  serverCpuMs: number | null;
  postgresCpuMs: number | null;
  loadCpuMs: number | null;
  otherCpuMs: number | null;
}

/** Sells for the job's time; CPU times are of the measured stretch, per purchase. `other`: its CPU time is wanted too. */
async function load(venue: Venue, server: ServerProcess, prepared: LoadJob, other?: Child): Promise<Run> {
  const file = join(venue.folder, "job.json");
  // The server has been started anew since the job was made, on another port.
  writeFileSync(file, JSON.stringify({ ...prepared, serverUrl: server.url } satisfies LoadJob), { mode: 0o600 });
  const times = (): (number | null)[] => [
    cpuMsOf(server.pid),
    cpuMsWithChildren(venue.postgresPid),
    cpuMsOf(child.pid),
    other === undefined ? null : cpuMsOf(other.pid),
  ];
  let begin: (number | null)[] = [];
  let end: (number | null)[] = [];
  const heard: LoadNews[] = [];
  const options = { entry: "bench/src/purchase/loadMain.ts", args: [file], logFile: join(venue.folder, "load.log") };
  const child = startChild(options, (line) => {
    const news = JSON.parse(line) as LoadNews;
    if (news.at === "begin") begin = times();
    if (news.at === "end") end = times();
    heard.push(news);
  });
  await until(
    () => !child.running(),
    prepared.warmMs + prepared.measureMs + graceMs,
    () => "the load did not end",
  );
  const done = heard.find((news) => news.at === "end");
  const stopped = heard.find((news) => news.at === "stopped");
  if (done === undefined || stopped === undefined) throw new Error(`the load failed:\n${child.lastWords()}`);
  for (const [step, { p50, p99 }] of Object.entries(done.steps)) say(`  ${step}: ${rounded(p50)} / ${rounded(p99)} ms`);
  const per = (index: number): number | null => share(begin[index] ?? null, end[index] ?? null, done.sold);
  return {
    sold: done.sold,
    soldInAll: stopped.soldInAll,
    elapsedMs: done.elapsedMs,
    saleMs: done.saleMs,
    serverCpuMs: per(0),
    postgresCpuMs: per(1),
    loadCpuMs: per(2),
    otherCpuMs: per(3),
  };
}

const perSecond = (run: Run): number => (run.sold / run.elapsedMs) * 1_000;

const costs = (run: Run, terminals: number): Record<string, number | null> => ({
  purchases: run.sold,
  terminals,
  p50Ms: run.saleMs.p50,
  p99Ms: run.saleMs.p99,
  serverCpuMs: run.serverCpuMs,
  postgresCpuMs: run.postgresCpuMs,
  loadCpuMs: run.loadCpuMs,
});

const share = (before: number | null, after: number | null, count: number): number | null =>
  before === null || after === null || count === 0 ? null : (after - before) / count;

function describeRows(rows: readonly TableRows[]): string {
  const words = rows.map(({ table, inserts, updates, deletes }) => `${table} +${inserts} ~${updates} -${deletes}`);
  return words.join(", ");
}
