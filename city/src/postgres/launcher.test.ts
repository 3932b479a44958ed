/** The built-in PostgreSQL survives what a machine does to it: stops, kills, closed homes, odd installs. */
import { type ChildProcess, spawn } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import pg from "pg";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { findPackage, linkLibraries } from "./binaries.ts";
import { type PostgresConnection, type PostgresOptions, type RunningPostgres, startPostgres } from "./launcher.ts";
import { userIn } from "./owner.ts";
import { readPidFile, whatIs } from "./postmaster.ts";

const isRoot = process.getuid?.() === 0;
// Each makes a cluster or two of its own, on machines that may be busy.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

let dir: string;
let running: RunningPostgres[];
let lines: string[];

beforeEach(() => {
  dir = fs.mkdtempSync(path.join(os.tmpdir(), "citygas-launcher-"));
  fs.chmodSync(dir, 0o755);
  running = [];
  lines = [];
});
afterEach(async () => {
  for (const postgres of running) await postgres.stop();
  fs.rmSync(dir, { recursive: true, force: true });
});

async function start(options: Partial<PostgresOptions> = {}): Promise<RunningPostgres> {
  const log = (line: string): void => {
    lines.push(line);
  };
  const postgres = await startPostgres({ dataDir: path.join(dir, "data"), log, ...options });
  running.push(postgres);
  return postgres;
}

async function query(connection: PostgresConnection, sql: string): Promise<unknown[]> {
  const client = new pg.Client(connection);
  client.on("error", () => undefined);
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows.map((row) => Object.values(row)[0]);
  } finally {
    await client.end();
  }
}
const clusterOf = (postgres: RunningPostgres): string => path.join(postgres.dataDir, "cluster");

describe("data stays", () => {
  test("over stop and start", async () => {
    const first = await start();
    await query(first.connection, "create table t as select 1 as n");
    await first.stop();
    expect(whatIs(first.pid, clusterOf(first))).not.toBe("server");
    const second = await start();
    expect(second.adopted).toBe(false);
    expect(await query(second.connection, "select n from t")).toEqual([1]);
  });

  test("over kill -9 of the server: each acknowledged row is there", async () => {
    const first = await start();
    await query(first.connection, "create table t (n int)");
    for (let n = 0; n < 20; n++) await query(first.connection, `insert into t values (${n})`);
    process.kill(first.pid, "SIGKILL");
    await first.exited;
    const second = await start();
    expect(await query(second.connection, "select count(*)::int from t")).toEqual([20]);
  });

  test("the server waits for the disk, hears no network and keeps one order of text everywhere", async () => {
    const { connection } = await start({ settings: { fsync: "off", max_connections: 17 } });
    const shown = async (name: string): Promise<unknown[]> => query(connection, `show ${name}`);
    expect(await shown("fsync")).toEqual(["on"]);
    expect(await shown("full_page_writes")).toEqual(["on"]);
    expect(await shown("synchronous_commit")).toEqual(["on"]);
    expect(await shown("listen_addresses")).toEqual([""]);
    expect(await shown("max_connections")).toEqual(["17"]);
    expect(await query(connection, "select datlocale from pg_database where datname = current_database()")).toEqual([
      "C.UTF-8",
    ]);
  });
});

describe("a server that outlived its starter", () => {
  /** A node process of its own that starts the server and says where. */
  async function starter(env: NodeJS.ProcessEnv = {}): Promise<{ child: ChildProcess; pid: number }> {
    const launcher = fileURLToPath(new URL("./launcher.ts", import.meta.url));
    const script = `import { startPostgres } from ${JSON.stringify(launcher)};
      startPostgres({ dataDir: ${JSON.stringify(path.join(dir, "data"))}, log: () => undefined }).then((p) => {
        console.log(p.pid);
        setInterval(() => undefined, 1000);
      });`;
    const file = path.join(dir, "starter.mts");
    fs.writeFileSync(file, script);
    const child = spawn(process.execPath, ["--import", import.meta.resolve("tsx"), file], {
      env: { ...process.env, ...env },
      stdio: ["ignore", "pipe", "inherit"],
    });
    const pid = await new Promise<number>((resolve, reject) => {
      createInterface(child.stdout).once("line", (line) => resolve(Number(line)));
      child.once("exit", () => reject(new Error("the starter ended")));
    });
    return { child, pid };
  }
  const killed = (child: ChildProcess): Promise<void> =>
    new Promise((resolve) => {
      child.once("exit", () => resolve());
      child.kill("SIGKILL");
    });

  test("is adopted while its starter still runs, and can be stopped", async () => {
    const { child, pid } = await starter();
    const postgres = await start();
    expect(postgres).toMatchObject({ adopted: true, pid });
    expect(await query(postgres.connection, "select 1")).toEqual([1]);
    await postgres.stop();
    await postgres.exited;
    expect(whatIs(pid, clusterOf(postgres))).not.toBe("server");
    await killed(child);
  });

  test("after kill -9 of the starter the next start has a working server, old or new", async () => {
    const { child } = await starter();
    await killed(child);
    const postgres = await start();
    expect(await query(postgres.connection, "select 1")).toEqual([1]);
  });

  test("without a death signal it lives on and is adopted", async () => {
    // A setpriv that fails stands for a system without one.
    const bin = path.join(dir, "bin");
    fs.mkdirSync(bin);
    fs.writeFileSync(path.join(bin, "setpriv"), "#!/bin/sh\nexit 1\n", { mode: 0o755 });
    const { child, pid } = await starter({ PATH: `${bin}:${process.env.PATH}` });
    await killed(child);
    const postgres = await start();
    expect(postgres).toMatchObject({ adopted: true, pid });
    expect(await query(postgres.connection, "select 1")).toEqual([1]);
  });

  test("a pid file that names a process that is no PostgreSQL doesn't stop the start", async () => {
    const first = await start();
    process.kill(first.pid, "SIGKILL");
    await first.exited;
    const file = path.join(clusterOf(first), "postmaster.pid");
    fs.writeFileSync(file, fs.readFileSync(file, "utf8").replace(/^\d+/, String(process.pid)));
    const second = await start();
    expect(readPidFile(clusterOf(second))?.pid).toBe(second.pid);
  });
});

describe("places", () => {
  test("a path too long for a socket gets its socket elsewhere, the same at each start", async () => {
    const dataDir = path.join(dir, "a-very-long-name-".repeat(8), "data");
    const first = await start({ dataDir });
    expect(Buffer.byteLength(first.connection.host)).toBeLessThan(90);
    expect(await query(first.connection, "select 1")).toEqual([1]);
    await first.stop();
    expect((await start({ dataDir })).connection.host).toBe(first.connection.host);
    fs.rmSync(first.connection.host, { recursive: true, force: true });
  });

  test("half a cluster of a killed initdb is cleared away", async () => {
    const dataDir = path.join(dir, "data");
    const half = path.join(dataDir, ".initdb-999999999-aa");
    fs.mkdirSync(half, { recursive: true });
    await start();
    expect(fs.existsSync(half)).toBe(false);
  });

  test("an install without scripts: the libraries' links are made here", async () => {
    const found = findPackage();
    const nativeDir = path.join(dir, "package", "native");
    fs.cpSync(found.nativeDir, nativeDir, { recursive: true, filter: (from) => !fs.lstatSync(from).isSymbolicLink() });
    const postgres = await start({ package: { ...found, nativeDir } });
    expect(await query(postgres.connection, "select 1")).toEqual([1]);
    expect(linkLibraries(nativeDir)).toBe(true);
  });

  test.runIf(isRoot)(
    "root, data in a closed folder: the cluster goes where its user gets, and stays there",
    async () => {
      const closed = path.join(dir, "closed");
      fs.mkdirSync(closed, { mode: 0o700 });
      const options = { dataDir: path.join(closed, "data"), reachableBases: [path.join(dir, "open")] };
      const first = await start(options);
      expect(first.dataDir.startsWith(path.join(dir, "open"))).toBe(true);
      expect(lines.some((line) => line.includes(first.dataDir))).toBe(true);
      await query(first.connection, "create table t (n int)");
      await first.stop();
      const second = await start(options);
      expect(second.dataDir).toBe(first.dataDir);
      expect(await query(second.connection, "select count(*)::int from t")).toEqual([0]);
      await second.stop();
      // Never a fresh, empty one in its place.
      fs.renameSync(clusterOf(second), path.join(dir, "taken"));
      await expect(start(options)).rejects.toThrow(/is gone/);
    },
  );

  test.runIf(isRoot)("root, programs in a closed folder: one copy, used again (needs root)", async () => {
    const found = findPackage();
    const closed = path.join(dir, "closed");
    fs.mkdirSync(closed, { mode: 0o700 });
    fs.cpSync(found.nativeDir, path.join(closed, "native"), { recursive: true, verbatimSymlinks: true });
    const options = {
      package: { ...found, nativeDir: path.join(closed, "native") },
      reachableBases: [path.join(dir, "open")],
    };
    const first = await start(options);
    expect(await query(first.connection, "select 1")).toEqual([1]);
    await first.stop();
    await start(options);
    expect(fs.readdirSync(path.join(dir, "open"))).toEqual([`postgres-${found.version}`]);
  });

  test("two starts at once on a new folder: one cluster", async () => {
    const [first, second] = await Promise.all([start(), start()]);
    await query(first.connection, "create table t (n int)");
    expect(await query(second.connection, "select count(*)::int from t")).toEqual([0]);
  });
});

test("a machine without a package is told to set DATABASE_URL", () => {
  expect(() => findPackage("win32", "x64")).toThrow(/win32-x64.*DATABASE_URL/);
  expect(() => findPackage("linux", "riscv64")).toThrow(/DATABASE_URL/);
});

test("users are found in passwd by their whole name", () => {
  const passwd = "root:x:0:0::/root:/bin/sh\nxpostgres:x:7:7:::\npostgres:x:101:104:::\nbroken\nodd:x:-2:-2:::\n";
  expect(userIn(passwd, "postgres")).toEqual({ uid: 101, gid: 104 });
  expect(userIn(passwd, "nobody")).toBeUndefined();
  expect(userIn(passwd, "odd")).toBeUndefined();
});
