/**
 * A day of a million bill lines against a million payments, 0.1 % planted differences of each class: from the file to
 * the judged differences, beside only loading the same file's bytes.
 */
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { migrate, openPool } from "@citygas/server";
import type pg from "pg";
import type { Args } from "../args.ts";
import { startChild, until } from "../children.ts";
import { busyProcesses, printFigure, rounded, say } from "../figures.ts";
import { cpuMsWithChildren } from "../processTimes.ts";
import { openVenue, type Venue } from "../purchase/venue.ts";
import { writeBill } from "./billFile.ts";
import { makeBooks } from "./books.ts";
import type { ReconcileJob, ReconcileNews } from "./job.ts";
import { expectedOf } from "./plan.ts";

const rounds = 3;
const withinMs = 600_000;

export async function reconcileBench({ lines }: Args): Promise<void> {
  const loadAtStart = busyProcesses();
  const venue = await openVenue(say);
  const pool = openPool(venue.database, { max: 2, name: "bench-setup" });
  try {
    // Its own waits are for requests; making a million sales takes longer.
    await pool.query(`alter role "${venue.database.user}" set statement_timeout = 0`).catch(() => undefined);
    await migrate(pool);
    say(`${lines} sales into the books`);
    await makeBooks(pool, lines, say);
    const file = join(venue.folder, "bill.csv");
    const bill = await writeBill(file, lines);
    say(`a bill of ${bill.lines} lines, ${Math.round(bill.sizeBytes / 1e6)} MB`);
    const job = { database: venue.database, dataDir: join(venue.folder, "reconcile"), bill: { file, ...bill } };
    mkdirSync(job.dataDir, { recursive: true, mode: 0o700 });
    const loads: Measured[] = [];
    const runs: Measured[] = [];
    let wrong = 0;
    for (let round = 1; round <= rounds; round++) {
      await clear(pool, job.dataDir);
      loads.push(await measure(venue, { ...job, what: "load" }));
      await clear(pool, job.dataDir);
      const run = await measure(venue, { ...job, what: "reconcile" });
      runs.push(run);
      wrong += await wrongDifferences(pool, lines);
      say(
        `round ${round}: ${rounded(run.elapsedMs)} ms, load ${rounded(loads.at(-1)?.elapsedMs ?? 0)} ms, ${JSON.stringify(run.stepsMs)}`,
      );
    }
    const run = middle(runs);
    const load = middle(loads);
    printFigure({
      name: "reconcile",
      value: run.elapsedMs / 1_000,
      unit: "s",
      baseline: load.elapsedMs / 1_000,
      headline: true,
      cost: {
        billLines: bill.lines,
        payments: lines,
        planted: expectedOf(lines).size,
        wrong,
        importedAfterS: (run.stepsMs.imported ?? 0) / 1_000,
        comparedAfterS: (run.stepsMs.compared ?? 0) / 1_000,
        peakRssMb: Math.max(...runs.map(({ peakRssMb }) => peakRssMb)),
        serverCpuS: run.cpuMs / 1_000,
        postgresCpuS: seconds(run.postgresCpuMs),
        // Holds better than the clock on a machine that others use too.
        cpuRatio: ratioOfCpu(run, load),
        loadCpuS: load.cpuMs / 1_000,
        loadPostgresCpuS: seconds(load.postgresCpuMs),
        fileMb: bill.sizeBytes / 1e6,
        baselineIs: "COPY of the same file's lines into a table of one text column",
        rounds,
        loadAtStart,
      },
    });
    if (wrong > 0) throw new Error(`${wrong} differences are wrong, missing or invented`);
  } finally {
    await pool.end();
    await venue.stop();
  }
}

/** With what the database spent on it; null: not known here. */
type Measured = ReconcileNews & { postgresCpuMs: number | null };
const seconds = (ms: number | null): number | null => (ms === null ? null : ms / 1_000);

function ratioOfCpu(run: Measured, load: Measured): number | null {
  if (run.postgresCpuMs === null || load.postgresCpuMs === null) return null;
  return rounded((run.cpuMs + run.postgresCpuMs) / (load.cpuMs + load.postgresCpuMs));
}

/** By time, the median. */
function middle(all: readonly Measured[]): Measured {
  const sorted = all.toSorted((a, b) => a.elapsedMs - b.elapsedMs);
  const found = sorted[Math.floor(sorted.length / 2)];
  if (found === undefined) throw new Error("nothing was measured");
  return found;
}

async function clear(pool: pg.Pool, dataDir: string): Promise<void> {
  await pool.query(`truncate bill, bill_line, reconciliation_day, reconciliation_difference, reconciliation_note,
    reconciliation_entry, task, staff_task`);
  await pool.query("drop table if exists raw_line");
  await pool.query("create table raw_line (line text not null)");
  await pool.query("checkpoint");
  rmSync(join(dataDir, "bills"), { recursive: true, force: true });
}

async function measure(venue: Venue, job: ReconcileJob): Promise<Measured> {
  const file = join(venue.folder, "job.json");
  writeFileSync(file, JSON.stringify(job), { mode: 0o600 });
  let news: ReconcileNews | null = null;
  const before = cpuMsWithChildren(venue.postgresPid);
  const child = startChild(
    { entry: "bench/src/reconcile/runMain.ts", args: [file], logFile: join(venue.folder, "reconcile.log") },
    (line) => {
      news = JSON.parse(line) as ReconcileNews;
    },
  );
  await until(
    () => !child.running(),
    withinMs,
    () => "it did not end",
  );
  if (news === null) throw new Error(`the measured process failed:\n${child.lastWords()}`);
  const after = cpuMsWithChildren(venue.postgresPid);
  return { ...(news as ReconcileNews), postgresCpuMs: before === null || after === null ? null : after - before };
}

/** How many planted differences are missing or of another class, and how many were invented. */
async function wrongDifferences(pool: pg.Pool, lines: number): Promise<number> {
  const expected = expectedOf(lines);
  const { rows } = await pool.query<{ comparison: string; class: string; out_trade_no: string; state: string }>(
    "select comparison, class, out_trade_no, state from reconciliation_difference where kind <> 'payout'",
  );
  let wrong = 0;
  for (const row of rows) {
    const right =
      row.comparison === "gateway" && row.state !== "resolved" && expected.get(row.out_trade_no) === row.class;
    if (!right) {
      wrong += 1;
      if (wrong <= 5) say(`wrong: ${JSON.stringify(row)}`);
    }
    expected.delete(row.out_trade_no);
  }
  return wrong + expected.size;
}
