/**
 * The built-in PostgreSQL: a real server from npm's binaries, reachable by unix socket only. Starts for an ordinary
 * user and for root, continues with the same data, adopts a server that outlived its node process.
 */
import fs from "node:fs";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { copyPackage, findPackage, linkLibraries, type PostgresPackage } from "./binaries.ts";
import { createCluster, existingHome, type Home, newHome, socketDirFor, user, writePointer } from "./cluster.ts";
import { canReach, chooseOwner, type Owner, reachableBase } from "./owner.ts";
import { findRunning, port, startServer, stopServer, whatIs } from "./postmaster.ts";

export interface PostgresOptions {
  /** Made if absent. Holds the cluster, or a pointer file to it (root start in a folder closed to others). */
  dataDir: string;
  log: (message: string) => void;
  /** More PostgreSQL settings. Durability (fsync, synchronous_commit, full_page_writes) can't be switched off. */
  settings?: Readonly<Record<string, string | number>>;
  /** Crash recovery may take its time. Default 120 s. */
  startTimeoutMs?: number;
  /** Default: the npm package for this machine. */
  package?: PostgresPackage;
  /** Where a root start may put programs and data when the data folder is closed to others. */
  reachableBases?: readonly string[];
}

/** As `pg` takes it. `host` is the socket's folder. */
export interface PostgresConnection {
  host: string;
  port: number;
  user: string;
  database: string;
}

export interface RunningPostgres {
  connection: PostgresConnection;
  pid: number;
  /** It ran already. */
  adopted: boolean;
  /** Where the cluster really lies. */
  dataDir: string;
  /** Resolves when the server process is gone, for whatever reason. */
  exited: Promise<void>;
  /** Fast shutdown, bounded; safe to call again. */
  stop(): Promise<void>;
}

const defaults = {
  shared_buffers: "128MB",
  max_connections: 100,
  max_wal_size: "2GB",
  checkpoint_timeout: "15min",
  // Short statements only: compiling them costs more than it saves.
  jit: "off",
  timezone: "UTC",
  // A ring of seven files, one a weekday.
  logging_collector: "on",
  log_filename: "postgres-%a.log",
  log_truncate_on_rotation: "on",
  log_rotation_age: "1d",
  log_rotation_size: 0,
};
const durable = { fsync: "on", synchronous_commit: "on", full_page_writes: "on" };
const local = { listen_addresses: "", unix_socket_permissions: "0700" };

/** @throws with words for the operator: no binaries for this machine, no rights, what PostgreSQL said. */
export async function startPostgres(options: PostgresOptions): Promise<RunningPostgres> {
  const timeoutMs = options.startTimeoutMs ?? 120_000;
  const dataDir = path.resolve(options.dataDir);
  fs.mkdirSync(dataDir, { recursive: true });
  const found = existingHome(dataDir);
  const owner = chooseOwner(found?.clusterDir ?? path.join(dataDir, "cluster"));
  const home = found ?? newHome(dataDir, owner, options.reachableBases);
  if (found) checkAccess(home, owner);
  let binDir = "";
  if (!found) {
    binDir = prepareBinaries(options, home, owner);
    await createCluster(home, binDir, owner);
    if (home.moved) writePointer(dataDir, home);
  }
  if (home.moved) options.log(`User ${owner?.uid} cannot reach ${dataDir}: the database lies in ${home.dir}`);

  for (const from = performance.now(); performance.now() - from < timeoutMs; await sleep(100)) {
    const running = await findRunning(home.clusterDir, timeoutMs);
    if (running) {
      options.log(`PostgreSQL was running already (process ${running.pid}) and is taken over; data in ${home.dir}`);
      return handle(home, running.pid, running.socketDir, true, watch(running.pid, home.clusterDir));
    }
    binDir ||= prepareBinaries(options, home, owner);
    const socketDir = socketDirFor(home, owner);
    const server = await startServer({
      clusterDir: home.clusterDir,
      binDir,
      socketDir,
      startLog: path.join(home.dir, "start.log"),
      owner,
      settings: { ...defaults, ...options.settings, ...durable, ...local },
      timeoutMs,
    });
    if (server === "taken") continue;
    options.log(`PostgreSQL runs (process ${server.pid}); data in ${home.dir}`);
    const exited = new Promise<void>((resolve) => server.once("exit", () => resolve()));
    return handle(home, server.pid, socketDir, false, exited);
  }
  throw new Error(`PostgreSQL did not start within ${timeoutMs} ms: ${home.clusterDir} stays taken by another server`);
}

/** Says plainly what PostgreSQL would say in riddles. */
function checkAccess(home: Home, owner: Owner | undefined): void {
  const { uid } = fs.statSync(home.clusterDir);
  const me = process.getuid?.();
  if (owner === undefined && me !== undefined && uid !== me)
    throw new Error(`The database in ${home.dir} belongs to user ${uid}, but this is user ${me}. Start as that user.`);
  if (owner !== undefined && !canReach(owner, home.clusterDir))
    throw new Error(
      `User ${owner.uid}, who owns the database, cannot reach it in ${home.dir}. Open the folders above.`,
    );
}

/** The package as it lies if its links can be made and the owner reaches it, else one copy of it. */
function prepareBinaries(options: PostgresOptions, home: Home, owner: Owner | undefined): string {
  const found = options.package ?? findPackage();
  const linked = linkLibraries(found.nativeDir);
  const reachable = owner === undefined || canReach(owner, path.join(found.nativeDir, "bin", "postgres"));
  if (linked && reachable) return path.join(found.nativeDir, "bin");
  const baseDir = owner === undefined ? home.dir : reachableBase(owner, options.reachableBases);
  const copied = copyPackage(found, baseDir);
  options.log(`PostgreSQL's programs cannot be used where npm put them; a copy is in ${copied}`);
  return path.join(copied, "bin");
}

function handle(home: Home, pid: number, socketDir: string, adopted: boolean, exited: Promise<void>): RunningPostgres {
  let stopping: Promise<void> | undefined;
  return {
    connection: { host: socketDir, port, user, database: "postgres" },
    pid,
    adopted,
    dataDir: home.dir,
    exited,
    stop: () => {
      stopping ??= stopServer(pid, home.clusterDir, 30_000);
      return stopping;
    },
  };
}

/** An adopted server is not our child: looked at once a second, without keeping node alive. */
async function watch(pid: number, clusterDir: string): Promise<void> {
  while (whatIs(pid, clusterDir) === "server") await sleep(1_000, undefined, { ref: false });
}
