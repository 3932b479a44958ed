/**
 * A whole city for a test file, and hands to use it: the table with cards, phones and meters (through the sandbox's
 * HTTP API, as the workbench does), and the books (by SQL, read only). Every wait asks for a state and has an end.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import pg from "pg";
import type { GatewayLedger, LedgerRow } from "./money.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const readyWithinMs = 60_000;
const nodeStart = [process.execPath, ["--import", "tsx", "city/src/main.ts"]] as const;
const npmStart = ["npm", ["start"]] as const;

export interface World {
  url: string;
  dataDir: string;
  /** The purchases' `finishMs` in this city. */
  finishMs: number;
  sandbox: Sandbox;
  /** Kills one of the city's processes without warning. */
  kill(name: "server" | "sandbox" | "kiosk-1" | "kiosk-2" | "postgres"): void;
  /** Kills everything at once, the city first. */
  killAll(): Promise<void>;
  /** Ctrl-C, and waits for the city's end. */
  interrupt(): Promise<void>;
  /** Starts the city again on the same data. */
  start(): Promise<void>;
  /** The same, without waiting until it is up. */
  launch(): ChildProcess;
  /** What was started: the city, or the npm above it. */
  starter(): ChildProcess;
  /** Processes that have this city's folder in their environment or command line. */
  processes(): number[];
  pids(): Record<string, number>;
  healthy(): Promise<void>;
  query<Row extends pg.QueryResultRow>(sql: string, values?: unknown[]): Promise<Row[]>;
  /** Ends the city. */
  stop(): Promise<void>;
}

/** The cities that this test file has started and not stopped: after each of its tests they are compared (everyTest.ts). */
export const standing = new Set<World>();

export interface WorldOptions {
  /** How long a paid purchase may be finished; the city's default when left out. */
  finishMinutes?: number;
  /** How long a terminal waits for a customer who does nothing; the city's default when left out. */
  idleSeconds?: number;
  /** Further settings of the city and of what it starts. */
  env?: Readonly<Record<string, string>>;
  /** Started as people start it, by `npm start`. */
  npm?: boolean;
}

export async function startWorld({
  finishMinutes,
  idleSeconds,
  env = {},
  npm = false,
}: WorldOptions = {}): Promise<World> {
  const dataDir = mkdtempSync(join(tmpdir(), "citygas-e2e-"));
  // As root the database belongs to another user, who must reach it.
  chmodSync(dataDir, 0o755);
  const settings = {
    ...(finishMinutes === undefined ? {} : { CITYGAS_FINISH_MINUTES: String(finishMinutes) }),
    ...(idleSeconds === undefined ? {} : { CITYGAS_IDLE_SECONDS: String(idleSeconds) }),
    ...env,
  };
  let city: ChildProcess | null = null;
  /** The city's own choice at its first start; kept, because pages stay open over a restart. */
  let port = 0;

  function launch(): { child: ChildProcess; words: string[] } {
    const words: string[] = [];
    const [command, args] = npm ? npmStart : nodeStart;
    const child = spawn(command, args, {
      cwd: root,
      env: { ...process.env, PORT: String(port), CITYGAS_DATA: dataDir, NODE_ENV: "test", ...settings },
      stdio: ["ignore", "pipe", "pipe"],
      // As a shell gives each command a process group of its own, which a closed terminal then ends.
      detached: npm,
    });
    city = child;
    for (const stream of [child.stdout, child.stderr])
      stream?.on("data", (chunk: Buffer) => words.push(chunk.toString()));
    return { child, words };
  }

  async function start(): Promise<void> {
    const { child, words } = launch();
    await until(
      async () => {
        if (child.exitCode !== null) throw new Error(`the city ended:\n${words.join("")}`);
        port ||= chosenPort(dataDir);
        return port !== 0 && (await health(urlOf(port)));
      },
      readyWithinMs,
      () => `the city did not become ready:\n${words.join("")}`,
    );
  }

  const pids = (): Record<string, number> =>
    JSON.parse(readFileSync(join(dataDir, "run", "pids.json"), "utf8")) as Record<string, number>;
  const kill: World["kill"] = (name) => {
    const pid = pids()[name];
    if (pid === undefined) throw new Error(`no process ${name}; there are ${Object.keys(pids()).join(", ")}`);
    process.kill(pid, "SIGKILL");
  };

  async function killAll(): Promise<void> {
    const others = pids();
    city?.kill("SIGKILL");
    for (const pid of Object.values(others)) signalQuietly(pid, "SIGKILL");
    await until(
      async () => Object.values(others).every((pid) => !isAlive(pid)),
      10_000,
      () => "processes survived kill -9",
    );
  }

  async function interrupt(signal: NodeJS.Signals = "SIGINT"): Promise<void> {
    const child = city;
    if (child === null || child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise<void>((resolve) => child.once("exit", () => resolve()));
    // Ctrl-C in a terminal reaches the city's processes too; the database stands in a group of its own.
    const { postgres, ...others } = signal === "SIGINT" ? pids() : {};
    child.kill(signal);
    for (const pid of Object.values(others)) signalQuietly(pid, signal);
    await gone;
  }
  async function end(): Promise<void> {
    await interrupt("SIGTERM");
    rmSync(dataDir, { recursive: true, force: true });
  }

  try {
    await start();
  } catch (error) {
    // Nobody will have this city to stop it.
    await end();
    throw error;
  }
  const url = urlOf(port);
  const healthy = (): Promise<void> =>
    until(
      () => health(url),
      readyWithinMs,
      () => "not healthy again",
    );
  const world: World = {
    url,
    dataDir,
    finishMs: (finishMinutes ?? 30) * 60_000,
    sandbox: sandboxAt(`${url}/sandbox/api`),
    kill,
    killAll,
    interrupt: () => interrupt(),
    start,
    launch: () => launch().child,
    starter: () => {
      if (city === null) throw new Error("nothing was started");
      return city;
    },
    processes: () => processesOf(dataDir),
    pids,
    healthy,
    query: (sql, values) => queryOf(dataDir, sql, values),
    stop: async () => {
      standing.delete(world);
      await end();
    },
  };
  standing.add(world);
  return world;
}

/** To the database of the city in that folder. */
export async function connectTo(dataDir: string): Promise<pg.Client> {
  const connection = JSON.parse(readFileSync(join(dataDir, "run", "database.json"), "utf8")) as pg.ClientConfig;
  const client = new pg.Client(connection);
  await client.connect();
  return client;
}

/** Asks it one thing. */
export async function queryOf<Row extends pg.QueryResultRow>(
  dataDir: string,
  sql: string,
  values: unknown[] = [],
): Promise<Row[]> {
  const client = await connectTo(dataDir);
  try {
    return (await client.query<Row>(sql, values)).rows;
  } finally {
    await client.end();
  }
}

/** What was waited for did not come in time; nothing is said about whether it would have. */
export class TimeUp extends Error {}

/** Asks again until it holds. @throws TimeUp; the message says what was waited for. */
export async function until(holds: () => Promise<boolean>, withinMs: number, message: () => string): Promise<void> {
  const end = Date.now() + withinMs;
  while (!(await holds())) {
    if (Date.now() > end) throw new TimeUp(message());
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

const health = (url: string): Promise<boolean> => answers(`${url}/health`);

/** Does it say, within two seconds, that all is well? */
export async function answers(url: string): Promise<boolean> {
  try {
    return (await fetch(url, { signal: AbortSignal.timeout(2_000) })).ok;
  } catch {
    return false;
  }
}

function signalQuietly(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // it is gone already
  }
}

/** A zombie that nobody has reaped yet no longer runs. */
export function isAlive(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return false;
  }
}

function processesOf(dataDir: string): number[] {
  const numbers = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  return numbers.map(Number).filter((pid) => {
    if (pid === process.pid || !isAlive(pid)) return false;
    return ["environ", "cmdline"].some((file) => readQuietly(`/proc/${pid}/${file}`).includes(dataDir));
  });
}

function readQuietly(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

const urlOf = (port: number): string => `http://127.0.0.1:${port}`;

/** 0: not chosen yet. */
function chosenPort(dataDir: string): number {
  const kept = readQuietly(join(dataDir, "run", "ports.json"));
  return kept === "" ? 0 : ((JSON.parse(kept) as { front?: number }).front ?? 0);
}

export interface MeterView {
  id: string;
  count: number;
  registerL: number;
  totalCredited: number;
  valve: string;
}
export type Kiosk = "kiosk-1" | "kiosk-2";

/** The table, as people move things on it. */
export function sandboxAt(base: string) {
  async function call<T>(method: string, path: string, body?: unknown): Promise<T> {
    const response = await fetch(`${base}${path}`, {
      method,
      ...(body === undefined ? {} : { headers: { "content-type": "application/json" }, body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
    return (text === "" ? undefined : JSON.parse(text)) as T;
  }
  return {
    call,
    insert: (card: string, reader: Kiosk | "desk-1" = "kiosk-1", upsideDown = false) =>
      call<unknown>("POST", `/cards/${card}/insert`, { reader, upsideDown }),
    remove: (card: string) => call<unknown>("POST", `/cards/${card}/remove`, {}),
    tear: (card: string, afterBytes: number) => call<unknown>("POST", `/cards/${card}/tear`, { afterBytes }),
    image: async (card: string) => (await call<{ hex: string }>("GET", `/cards/${card}/image`)).hex,
    present: (wallet: "wechat" | "alipay", kiosk: Kiosk = "kiosk-1", phone = "phone-1") =>
      call<unknown>("POST", `/phones/${phone}/present`, { wallet, kiosk }),
    scan: (text: string, kiosk: Kiosk = "kiosk-1") => call<unknown>("POST", `/scanners/${kiosk}/scan`, { text }),
    password: (enter: boolean, phone = "phone-1") => call<unknown>("POST", `/phones/${phone}/password`, { enter }),
    phone: (settings: { askPassword?: boolean; noBalance?: boolean; offline?: boolean }, phone = "phone-1") =>
      call<unknown>("POST", `/phones/${phone}/settings`, settings),
    /** `linesLeft`: the paper ends after so many more lines. */
    paper: (state: "full" | "low" | "out", kiosk: Kiosk = "kiosk-1", linesLeft?: number) =>
      call<unknown>("POST", `/printer/${kiosk}/paper`, { state, ...(linesLeft === undefined ? {} : { linesLeft }) }),
    faults: (body: unknown) => call<unknown>("PUT", "/faults", body),
    ledger: (gateway: GatewayLedger["gateway"]) =>
      call<{ rows: LedgerRow[]; netFen: number; payCalls: { outTradeNo: string; count: number }[] }>(
        "GET",
        `/gateways/${gateway}/ledger`,
      ),
    meter: (id: string) => call<MeterView>("GET", `/meters/${id}`),
    load: (meter: string, card: string) => call<unknown>("POST", `/meters/${meter}/insert-card`, { card }),
  };
}
export type Sandbox = ReturnType<typeof sandboxAt>;
