/** The measured process: reconciles the day as a server does, or only loads the file. Its one argument is its job. */
import { randomBytes, randomUUID } from "node:crypto";
import { createReadStream, readFileSync } from "node:fs";
import { copyFile } from "node:fs/promises";
import { pipeline } from "node:stream/promises";
import { billDueAt, type ChannelName } from "@citygas/core";
import { type CodePayChannel, testChannel } from "@citygas/gateways";
import { makeLog, openPool, openReconciliation } from "@citygas/server";
import { from as copyFrom } from "pg-copy-streams";
import type { ReconcileJob, ReconcileNews } from "./job.ts";
import { channel, day } from "./plan.ts";

async function main(file: string): Promise<void> {
  // Written by the bench just now.
  const job = JSON.parse(readFileSync(file, "utf8")) as ReconcileJob;
  const stepsMs: Record<string, number> = {};
  const cpuBefore = process.cpuUsage();
  const from = performance.now();
  if (job.what === "load") await load(job);
  else
    await reconcile(job, (step) => {
      stepsMs[step] = performance.now() - from;
    });
  const elapsedMs = performance.now() - from;
  const { user, system } = process.cpuUsage(cpuBefore);
  const peakRssMb = process.resourceUsage().maxRSS / 1024;
  const news: ReconcileNews = { elapsedMs, stepsMs, peakRssMb, cpuMs: (user + system) / 1_000 };
  process.stdout.write(`${JSON.stringify(news)}\n`);
}

/** The file's lines as they are, into a table of one column. */
async function load({ database, bill }: ReconcileJob): Promise<void> {
  const pool = openPool(database, { max: 1, name: "bench" });
  const client = await pool.connect();
  try {
    await client.query("set statement_timeout = 0");
    const copy = Object.assign(
      client.query(copyFrom(String.raw`copy raw_line (line) from stdin (delimiter E'\x01')`)),
      {},
    );
    await pipeline(createReadStream(bill.file, { highWaterMark: 262_144 }), copy);
  } finally {
    client.release();
    await pool.end();
  }
}

async function reconcile(job: ReconcileJob, reached: (step: string) => void): Promise<void> {
  const db = openPool(job.database, { max: 4, name: "bench" });
  const now = billDueAt(day);
  const gateway: CodePayChannel = {
    ...testChannel(),
    name: channel,
    bills: {
      kinds: ["trade"],
      async fetch(request, to) {
        if (request.day !== day) return { kind: "notReady" };
        await copyFile(job.bill.file, to);
        return { kind: "file", format: "wechat-trade-csv", sizeBytes: job.bill.sizeBytes, sha256: job.bill.sha256 };
      },
    },
  };
  const reconciliation = openReconciliation(
    {
      db,
      now: () => now,
      newId: randomUUID,
      random: randomBytes,
      channels: new Map<ChannelName, CodePayChannel>([[channel, gateway]]),
      log: makeLog("error"),
    },
    { database: job.database, dataDir: job.dataDir, reached: async (step) => reached(step) },
  );
  const days = await reconciliation.scheduler.runDue();
  reached("judged");
  if (days !== 1) throw new Error(`${days} days were reconciled instead of one`);
  await reconciliation.stop();
  await db.end();
}

main(process.argv[2] ?? "").then(
  () => process.exit(0),
  (error: unknown) => {
    console.error(error);
    process.exit(1);
  },
);
