/** Where the cluster lies, and making it. A cluster is complete or absent: it is made aside, then renamed. */
import { execFile } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { canReach, give, type Owner, reachableBase } from "./owner.ts";

const run = promisify(execFile);
const pointerName = "postgres-data-is-at.txt";
/** A unix socket's path has 107 bytes on Linux, 103 on macOS. */
const socketPathMax = 103;
export const user = "citygas";

export interface Home {
  /** Holds `cluster`, `start.log` and, if its path is short enough, `socket`. */
  dir: string;
  clusterDir: string;
  /** Not under the data folder that was asked for, because `owner` can't reach that. */
  moved: boolean;
}

const homeAt = (dir: string, moved: boolean): Home => ({ dir, clusterDir: path.join(dir, "cluster"), moved });

/** The home that exists: in the data folder, or where its pointer file says. Undefined when nothing was made yet. */
export function existingHome(dataDir: string): Home | undefined {
  const here = homeAt(dataDir, false);
  if (fs.existsSync(here.clusterDir)) return here;
  const pointer = path.join(dataDir, pointerName);
  if (!fs.existsSync(pointer)) return undefined;
  const there = homeAt(fs.readFileSync(pointer, "utf8").trim(), true);
  // Starting empty in silence would look like lost money.
  if (!fs.existsSync(there.clusterDir))
    throw new Error(`The database was at ${there.dir} and is gone. Restore it, or delete ${pointer} to start empty.`);
  return there;
}

/** A place for a new cluster that `owner` can reach. */
export function newHome(dataDir: string, owner: Owner | undefined, bases: readonly string[] | undefined): Home {
  if (owner === undefined || canReach(owner, dataDir)) return homeAt(dataDir, false);
  const dir = path.join(reachableBase(owner, bases), `data-${randomBytes(6).toString("hex")}`);
  fs.mkdirSync(dir);
  fs.chmodSync(dir, 0o755);
  return homeAt(dir, true);
}

/** Notes in the data folder where the cluster went, so that the next start and a reader find it. */
export function writePointer(dataDir: string, home: Home): void {
  const file = path.join(dataDir, pointerName);
  fs.writeFileSync(`${file}.new`, `${home.dir}\n`, { flush: true });
  fs.renameSync(`${file}.new`, file);
  syncDir(dataDir);
}

/** Makes the cluster: UTF-8, the built-in C.UTF-8 locale (the same order on every machine), data checksums. */
export async function createCluster(home: Home, binDir: string, owner: Owner | undefined): Promise<void> {
  removeLeftovers(home.dir);
  const aside = path.join(home.dir, `.initdb-${process.pid}-${randomBytes(4).toString("hex")}`);
  fs.mkdirSync(aside, { mode: 0o700 });
  give(aside, owner, 0o700);
  const locale = ["-E", "UTF8", "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"];
  try {
    await run(path.join(binDir, "initdb"), ["-D", aside, "-U", user, "-A", "trust", ...locale], {
      cwd: "/",
      env: postgresEnv(),
      timeout: 120_000,
      ...(owner ?? {}),
    });
    fs.renameSync(aside, home.clusterDir);
    syncDir(home.dir);
  } catch (cause) {
    fs.rmSync(aside, { recursive: true, force: true });
    if (fs.existsSync(home.clusterDir)) return; // another process was faster
    const said = typeof cause === "object" && cause !== null && "stderr" in cause ? String(cause.stderr).trim() : "";
    throw new Error(`initdb could not make the database in ${home.dir}: ${said || String(cause)}`, { cause });
  }
}

/** Half-made clusters of processes that were killed. */
function removeLeftovers(dir: string): void {
  for (const name of fs.readdirSync(dir)) {
    const pid = /^\.initdb-(\d+)-/.exec(name)?.[1];
    if (pid !== undefined && !isAlive(Number(pid))) fs.rmSync(path.join(dir, name), { recursive: true, force: true });
  }
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return typeof error === "object" && error !== null && "code" in error && error.code === "EPERM";
  }
}

/** The folder for the socket, closed to other users: in the home, or in the temporary folder if that path is too long. */
export function socketDirFor(home: Home, owner: Owner | undefined): string {
  const inside = path.join(home.dir, "socket");
  const dir = fitsSocket(inside) ? inside : shortSocketDir(home, owner);
  if (!fitsSocket(dir)) throw new Error(`No path short enough for a unix socket: ${dir}`);
  fs.mkdirSync(dir, { recursive: true, mode: 0o700 });
  const stat = fs.lstatSync(dir);
  const mine = [process.getuid?.(), owner?.uid];
  if (!stat.isDirectory() || !mine.includes(stat.uid)) throw new Error(`${dir} belongs to another user`);
  give(dir, owner, 0o700);
  return dir;
}

/** Named after the home and its user, so that a later start uses the same one and two users don't meet. */
function shortSocketDir(home: Home, owner: Owner | undefined): string {
  const who = owner?.uid ?? process.getuid?.() ?? 0;
  const name = `citygas-${createHash("sha256").update(`${who} ${home.dir}`).digest("hex").slice(0, 12)}`;
  const preferred = path.join(os.tmpdir(), name);
  return fitsSocket(preferred) && canReach(owner, os.tmpdir()) ? preferred : path.join("/tmp", name);
}

const fitsSocket = (dir: string): boolean => Buffer.byteLength(path.join(dir, ".s.PGSQL.5432.lock")) <= socketPathMax;

/** Nothing of our own environment may steer PostgreSQL (PGDATA, PGPORT, LC_ALL …). */
export const postgresEnv = (): NodeJS.ProcessEnv => ({ PATH: process.env.PATH ?? "/usr/bin:/bin", LC_ALL: "C" });

function syncDir(dir: string): void {
  const fd = fs.openSync(dir, "r");
  try {
    fs.fsyncSync(fd);
  } finally {
    fs.closeSync(fd);
  }
}
