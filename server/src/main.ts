/** The server process. Settings by environment (config/settings.ts); says where it is in `<data>/run/server.json`. */
import fs from "node:fs";
import path from "node:path";
import type { Logger } from "pino";
import { channelsOf, noticeChannelsOf, readGateways } from "./config/gatewaySettings.ts";
import { readSettings, type Settings } from "./config/settings.ts";
import type { Demo } from "./demo/seed.ts";
import { makeLog } from "./http/log.ts";
import { openKeys } from "./keys/openKeys.ts";
import { type RunningServer, readOrMakeToken, startServer } from "./server.ts";

async function main(): Promise<void> {
  const read = readSettings(process.env);
  if (!read.ok) {
    for (const problem of read.error) process.stderr.write(`${problem}\n`);
    process.exitCode = 2;
    return;
  }
  const settings = read.value;
  const log = makeLog(settings.logLevel);
  const readyFile = path.join(settings.dataDir, "run", "server.json");
  // One that a killed process left behind would name a server that is gone, and codes that are void.
  fs.rmSync(readyFile, { force: true });
  const server = await start(settings, log, readyFile);
  log.info({ url: server.url }, "serving");
  const stop = (signal: string): void => {
    log.info({ signal }, "stopping");
    fs.rmSync(readyFile, { force: true });
    server.close().then(
      () => process.exit(0),
      (error: unknown) => {
        log.error({ err: error }, "did not stop cleanly");
        process.exit(1);
      },
    );
  };
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, stop);
}

async function start(settings: Settings, log: Logger, readyFile: string): Promise<RunningServer> {
  const production = settings.mode === "production";
  const { dataDir } = settings;
  const gateways = settings.gatewaysFile === null ? {} : readGateways(settings.gatewaysFile);
  return await startServer({
    database: settings.database,
    dataDir,
    keys: await openKeys(settings.keys, { dataDir, production, log }),
    port: settings.port,
    host: settings.host,
    channels: channelsOf(gateways, production),
    notices: noticeChannelsOf(gateways),
    publicUrl: settings.publicUrl,
    log,
    production,
    demo: settings.demo,
    debts: settings.debts,
    finishMs: settings.finishMs,
    idleMs: settings.idleMs,
    announce: (facts) => writeReady(readyFile, facts),
    ...(settings.adminTokenFile === null ? {} : { adminToken: readOrMakeToken(settings.adminTokenFile) }),
  });
}

/** Whole or not at all, for its owner only: pairing codes and card secrets of the demo stand in it. */
function writeReady(file: string, { url, demo }: { url: string; demo: Demo | null }): void {
  fs.mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 });
  const draft = `${file}.${process.pid}`;
  const ready = { url, pid: process.pid, ...demo };
  fs.writeFileSync(draft, `${JSON.stringify(ready, null, 1)}\n`, { mode: 0o600 });
  fs.renameSync(draft, file);
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
