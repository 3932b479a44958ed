import { randomBytes, randomUUID } from "node:crypto";
import { copyFile } from "node:fs/promises";
import { join } from "node:path";
import { mkdirSync } from "node:fs";
import { billDueAt, type ChannelName } from "@citygas/core";
import { type CodePayChannel, testChannel } from "@citygas/gateways";
import { makeLog, migrate, openPool, openReconciliation } from "@citygas/server";
import pg from "pg";
import { openVenue } from "../purchase/venue.ts";
import { writeBill } from "./billFile.ts";
import { makeBooks } from "./books.ts";
import { channel, day } from "./plan.ts";
const lines = Number(process.argv[2] ?? 200000);
const venue = await openVenue(() => undefined);
try {
  const pool = openPool(venue.database, { max: 2, name: "s" });
  await migrate(pool);
  await makeBooks(pool, lines, () => undefined);
  const file = join(venue.folder, "bill.csv");
  const bill = await writeBill(file, lines);
  const dataDir = join(venue.folder, "r"); mkdirSync(dataDir);
  const original = pg.Client.prototype.query;
  (pg.Client.prototype as any).query = function (...a: any[]) {
    const t = performance.now();
    const r = (original as any).apply(this, a);
    const text = typeof a[0] === "string" ? a[0] : a[0]?.text;
    if (r?.then && text) r.then(() => { const ms = performance.now() - t; if (ms > 60) console.log(Math.round(ms), String(text).replace(/\s+/g, " ").slice(0, 60), "…", String(text).replace(/\s+/g, " ").slice(-130)); }, () => undefined);
    return r;
  };
  const now = billDueAt(day);
  const gateway: CodePayChannel = { ...testChannel(), name: channel, bills: { kinds: ["trade"], async fetch(q, to) { if (q.day !== day) return { kind: "notReady" }; await copyFile(file, to); return { kind: "file", format: "wechat-trade-csv", sizeBytes: bill.sizeBytes, sha256: bill.sha256 }; } } };
  const from = performance.now();
  const rec = openReconciliation({ db: pool, now: () => now, newId: randomUUID, random: randomBytes, channels: new Map<ChannelName, CodePayChannel>([[channel, gateway]]), log: makeLog("error") }, { database: venue.database, dataDir, reached: async (s) => console.log("==", s, Math.round(performance.now() - from)) });
  await rec.scheduler.runDue();
  console.log("total", Math.round(performance.now() - from), "rss", Math.round(process.resourceUsage().maxRSS / 1024));
  await rec.stop(); await pool.end();
} finally { await venue.stop(); }
process.exit(0);
