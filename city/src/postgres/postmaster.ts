/**
 * The PostgreSQL server process: reading its pid file, starting, finding one that outlived us, stopping.
 *
 * When node dies by kill -9, PostgreSQL would live on alone. On Linux the kernel is asked to stop it then (`setpriv
 * --pdeathsig`); without that, or on macOS, the next start adopts it. A dead one can leave a pid file that names a
 * zombie or, after a restart of a container, a process that has nothing to do with PostgreSQL: both would make it
 * refuse to start, so they are cleared here. Its own second lock (the shared memory of this data folder) still stands.
 */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { isAlive, postgresEnv } from "./cluster.ts";
import type { Owner } from "./owner.ts";

/** Only names the socket file: the server listens on no network. */
export const port = 5432;
const pollMs = 10;
const zombieWaitMs = 3_000;

export interface PidFile {
  pid: number;
  port: number;
  socketDir: string;
  /** Line 8: starting, ready, standby, stopping. */
  status: string;
}

/** Undefined when there is none, or it is being written just now. */
export function readPidFile(clusterDir: string): PidFile | undefined {
  let text: string;
  try {
    text = fs.readFileSync(path.join(clusterDir, "postmaster.pid"), "utf8");
  } catch {
    return undefined;
  }
  const lines = text.split("\n").map((line) => line.trim());
  const pid = Number(lines[0]);
  if (!Number.isInteger(pid) || pid <= 0) return undefined;
  return { pid, port: Number(lines[3] ?? 0), socketDir: lines[4] ?? "", status: lines[7] ?? "" };
}

/** What the process of a pid file is. Where /proc doesn't exist, a living one counts as the server. */
export function whatIs(pid: number, clusterDir: string): "gone" | "zombie" | "server" | "stranger" {
  if (!isAlive(pid)) return "gone";
  try {
    const stat = fs.readFileSync(`/proc/${pid}/stat`, "utf8");
    const nameEnd = stat.lastIndexOf(")");
    if (stat.slice(nameEnd + 2, nameEnd + 3) === "Z") return "zombie";
    if (!stat.slice(0, nameEnd).endsWith("(postgres")) return "stranger";
  } catch {
    return fs.existsSync("/proc/self/stat") ? "gone" : "server";
  }
  try {
    return fs.readlinkSync(`/proc/${pid}/cwd`) === fs.realpathSync(clusterDir) ? "server" : "stranger";
  } catch {
    return "server"; // another user's: better to refuse later than to remove its lock
  }
}

/** A server of this cluster that is already running, once it is ready; undefined when the way is free. Bounded. */
export async function findRunning(clusterDir: string, timeoutMs: number): Promise<PidFile | undefined> {
  const from = performance.now();
  for (;;) {
    const file = readPidFile(clusterDir);
    if (file === undefined) return undefined;
    const waitedMs = performance.now() - from;
    const is = whatIs(file.pid, clusterDir);
    if (is === "gone") return undefined; // PostgreSQL clears such a file itself
    if (is === "stranger" || (is === "zombie" && waitedMs > zombieWaitMs)) {
      fs.rmSync(path.join(clusterDir, "postmaster.pid"), { force: true });
      return undefined;
    }
    if (is === "server" && file.status === "ready") return file;
    if (waitedMs > timeoutMs)
      throw new Error(
        `PostgreSQL (process ${file.pid}) is neither ready nor gone after ${timeoutMs} ms: ${file.status}`,
      );
    await sleep(pollMs);
  }
}

export interface StartOrder {
  clusterDir: string;
  binDir: string;
  socketDir: string;
  startLog: string;
  owner: Owner | undefined;
  settings: Readonly<Record<string, string | number>>;
  timeoutMs: number;
}

export type ServerProcess = ChildProcess & { pid: number };

/**
 * Starts the server and waits until it is ready. "taken": another server has the cluster, or the processes of a killed
 * one are not gone yet; look again. @throws with what PostgreSQL said.
 */
export async function startServer(order: StartOrder): Promise<ServerProcess | "taken"> {
  const tried = await startOnce(order, performance.now() + order.timeoutMs);
  if (typeof tried !== "string") return tried;
  if (/pre-existing shared memory block|lock file "postmaster\.pid" already exists/.test(tried)) return "taken";
  throw new Error(`PostgreSQL did not start: ${tried}`);
}

async function startOnce(order: StartOrder, deadline: number): Promise<ServerProcess | string> {
  const program = path.join(order.binDir, "postgres");
  const flags = ["-D", order.clusterDir, "-p", String(port), "-k", order.socketDir];
  for (const [name, value] of Object.entries(order.settings)) flags.push("-c", `${name}=${value}`);
  const [command, args] = diesWithParent()
    ? ["setpriv", ["--pdeathsig", "INT", "--", program, ...flags]]
    : [program, flags];
  const log = fs.openSync(order.startLog, "w");
  // Its own process group: Ctrl-C in the terminal must reach it through us, after the servers that use it.
  const child = spawn(command, args, {
    cwd: "/",
    env: postgresEnv(),
    stdio: ["ignore", log, log],
    detached: true,
    ...(order.owner ?? {}),
  });
  fs.closeSync(log);
  let failure: string | undefined;
  child.once("error", (error) => {
    failure = error.message;
  });
  for (;;) {
    if (failure !== undefined) return failure;
    if (child.exitCode !== null || child.signalCode !== null) return lastWords(order);
    const file = readPidFile(order.clusterDir);
    if (file !== undefined && file.pid === child.pid && file.status === "ready") {
      child.unref();
      return Object.assign(child, { pid: file.pid });
    }
    if (performance.now() > deadline) {
      child.kill("SIGQUIT");
      throw new Error(`PostgreSQL was not ready after ${order.timeoutMs} ms: ${lastWords(order)}`);
    }
    await sleep(pollMs);
  }
}

let deathSignal: boolean | undefined;
/** util-linux has it, busybox doesn't. */
function diesWithParent(): boolean {
  deathSignal ??= spawnSync("setpriv", ["--pdeathsig", "INT", "--", "true"], { stdio: "ignore" }).status === 0;
  return deathSignal;
}

/** The end of what it wrote: before its logger ran to the start log, afterwards to its own newest log file. */
function lastWords(order: StartOrder): string {
  const files = [order.startLog];
  const logDir = path.join(order.clusterDir, "log");
  if (fs.existsSync(logDir)) {
    const byAge = fs.readdirSync(logDir).map((name) => path.join(logDir, name));
    byAge.sort((a, b) => fs.statSync(b).mtimeMs - fs.statSync(a).mtimeMs);
    files.push(...byAge.slice(0, 1));
  }
  const words = files.map((file) => fs.readFileSync(file, "utf8").trim().split("\n").slice(-6).join("\n"));
  return words.join("\n").trim() || "it said nothing";
}

/** Fast shutdown: ends sessions, writes all down. Bounded; at the end of patience immediate shutdown, which is safe too. */
export async function stopServer(pid: number, clusterDir: string, timeoutMs: number): Promise<void> {
  const gone = async (limitMs: number): Promise<boolean> => {
    const from = performance.now();
    while (whatIs(pid, clusterDir) === "server") {
      if (performance.now() - from > limitMs) return false;
      await sleep(pollMs);
    }
    return true;
  };
  for (const [signal, limitMs] of [
    ["SIGINT", timeoutMs],
    ["SIGQUIT", 5_000],
  ] as const) {
    if (whatIs(pid, clusterDir) !== "server") return;
    process.kill(pid, signal);
    if (await gone(limitMs)) return;
  }
  throw new Error(`PostgreSQL (process ${pid}) does not stop`);
}
