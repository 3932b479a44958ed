/** Where purchases are measured: the embedded PostgreSQL, and one server process on it, in a folder of their own. */
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startPostgres } from "@citygas/city";
import { startChild, until } from "../children.ts";

export interface DatabaseAddress {
  host: string;
  port: number;
  user: string;
  database: string;
}

export interface ServerProcess {
  url: string;
  pid: number;
  adminToken: string;
  stop(): Promise<void>;
}

export interface Venue {
  folder: string;
  database: DatabaseAddress;
  postgresPid: number;
  /** One at a time. `gateways`: what stands in the server's gateways file. */
  startServer(gateways: object): Promise<ServerProcess>;
  stop(): Promise<void>;
}

const readyWithinMs = 60_000;

export async function openVenue(log: (line: string) => void): Promise<Venue> {
  const folder = mkdtempSync(join(tmpdir(), "citygas-bench-"));
  // As root the database belongs to another user, who must reach it.
  chmodSync(folder, 0o755);
  const postgres = await startPostgres({ dataDir: join(folder, "postgres"), log });
  // A bench that is interrupted leaves no database running.
  const interrupted = (): void => {
    process.kill(postgres.pid, "SIGINT");
  };
  process.once("exit", interrupted);
  const { host, port, user, database } = postgres.connection;
  return {
    folder,
    database: { host, port, user, database },
    postgresPid: postgres.pid,
    startServer: (gateways) => startServer(folder, { host, port, user, database }, gateways),
    stop: async () => {
      process.off("exit", interrupted);
      await postgres.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function startServer(folder: string, database: DatabaseAddress, gateways: object): Promise<ServerProcess> {
  const dataDir = join(folder, "server");
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  const gatewaysFile = join(dataDir, "gateways.json");
  writeFileSync(gatewaysFile, JSON.stringify(gateways), { mode: 0o600 });
  const readyFile = join(dataDir, "run", "server.json");
  rmSync(readyFile, { force: true });
  const child = startChild({
    entry: "server/src/main.ts",
    logFile: join(folder, "server.log"),
    env: {
      NODE_ENV: "production",
      PORT: "0",
      CITYGAS_DATA: dataDir,
      CITYGAS_PUBLIC_URL: "http://127.0.0.1:8080",
      CITYGAS_GATEWAYS_FILE: gatewaysFile,
      CITYGAS_DB_HOST: database.host,
      CITYGAS_DB_PORT: String(database.port),
      CITYGAS_DB_USER: database.user,
      CITYGAS_DB_NAME: database.database,
    },
  });
  await until(
    () => existsSync(readyFile) || !child.running(),
    readyWithinMs,
    () => `the server did not become ready:\n${child.lastWords()}`,
  );
  if (!child.running()) throw new Error(`the server ended:\n${child.lastWords()}`);
  // Written whole by the server before it says that it is ready.
  const { url } = JSON.parse(readFileSync(readyFile, "utf8")) as { url: string };
  const adminToken = readFileSync(join(dataDir, "secrets", "admin.token"), "utf8").trim();
  return { url, pid: child.pid, adminToken, stop: child.stop };
}
