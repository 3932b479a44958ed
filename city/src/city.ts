/**
 * The whole city on one machine: PostgreSQL, the server, the sandbox, two kiosk agents, and the front before them.
 *
 * All state lies under one data folder. A second start continues with it, after a Ctrl-C as after a kill -9 of
 * everything: PostgreSQL recovers by itself or is adopted, each part reads its own journal.
 */
import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { buildScreen, screenFolder } from "@citygas/kiosk-screen";
import { buildWorkbench, sandboxMain, workbenchFolder } from "@citygas/sandbox";
import { makeLog, startServer } from "@citygas/server";
import { buildSurfaces, type Surface } from "./build.ts";
import { type ChildSpec, superviseChildren } from "./children.ts";
import { type Front, openFront } from "./front.ts";
import { openLog } from "./logFile.ts";
import { innerPorts } from "./ports.ts";
import { keepPostgres, type Postgres } from "./postgres/keep.ts";

export interface CityOptions {
  /** 0: a free one, kept as the inner ones are. */
  port: number;
  host: string;
  dataDir: string;
  /** Settings handed to the server as they are; an empty one is its default. */
  serverEnv?: Readonly<Record<string, string>>;
  /** Kiosk → reader URL, where it is not the sandbox's. */
  readers?: Readonly<Record<string, string>>;
  say(line: string): void;
  /** Ends a start that is under way. */
  end?: AbortSignal;
}
export interface City {
  url: string;
  stop(): Promise<void>;
}

const kiosks = ["kiosk-1", "kiosk-2"] as const;
export const isKiosk = (name: string): boolean => kiosks.some((kiosk) => kiosk === name);
const partNames = ["server", "sandbox", ...kiosks] as const;
const readyTimeoutMs = 60_000;
const entryOf = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url));

const surfaces: readonly Surface[] = [
  {
    name: "kiosk screen",
    build: buildScreen,
    sources: [entryOf("kiosk/screen"), entryOf("texts")],
    built: join(screenFolder, "index.html"),
  },
  {
    name: "workbench",
    build: buildWorkbench,
    sources: [entryOf("sandbox/workbench")],
    built: join(workbenchFolder, "index.html"),
  },
];

/** null: it was ended before it was up, and nothing of it is left. */
export async function startCity(options: CityOptions): Promise<City | null> {
  const { dataDir, say, end } = options;
  // The database belongs to another user when root starts: the data folder lets it through, what is secret is closed.
  mkdirSync(dataDir, { recursive: true, mode: 0o755 });
  for (const folder of ["run", "log", "server", "sandbox", ...kiosks])
    mkdirSync(join(dataDir, folder), { recursive: true, mode: 0o700 });
  await buildSurfaces(surfaces, say);
  const ended = (): boolean => end?.aborted === true;
  if (ended()) return null;
  const postgres = await keepPostgres(join(dataDir, "postgres"), say);
  const children = superviseChildren((name) => openLog(join(dataDir, "log", `${name}.log`)));
  let front: Front | null = null;
  const stop = async (): Promise<void> => {
    await front?.close();
    await children.stop();
    await postgres.stop();
  };
  // Whoever waits for a child to be ready is told that there will be none.
  const endStart = (): void => void children.stop();
  end?.addEventListener("abort", endStart, { once: true });
  try {
    if (ended()) throw new Error("ended");
    writeWhole(join(dataDir, "run", "database.json"), postgres.connection);
    const ports = await innerPorts(join(dataDir, "run"), [...partNames, "front"]);
    const port = options.port === 0 ? ports.front : options.port;
    const publicUrl = `http://${options.host}:${port}`;
    await children.start(sandboxSpec(dataDir, ports.sandbox, await seedFile(dataDir, postgres, publicUrl)));
    await children.start(serverSpec(dataDir, ports.server, postgres, publicUrl, options.serverEnv ?? {}));
    const agents = await Promise.all(
      kiosks.map((kiosk) => children.start(agentSpec(dataDir, kiosk, ports, options.readers?.[kiosk]))),
    );
    say(`${agents.length} kiosks are up`);
    const tellPids = (): void =>
      writeWhole(join(dataDir, "run", "pids.json"), { ...children.pids(), postgres: postgres.pid() });
    children.onChange(tellPids);
    postgres.onRestart(tellPids);
    front = await openFront(port, options.host, {
      server: ports.server,
      sandbox: ports.sandbox,
      agents: { "kiosk-1": ports["kiosk-1"], "kiosk-2": ports["kiosk-2"] },
      kioskFiles: screenFolder,
      workbenchFiles: workbenchFolder,
      adminTokenFile: join(dataDir, "server", "secrets", "admin.token"),
      health: async () => (await Promise.all(partNames.map((name) => probes[name](ports[name])))).every(Boolean),
    });
    return { url: front.url, stop };
  } catch (error) {
    await stop();
    if (ended()) return null;
    throw error;
  } finally {
    end?.removeEventListener("abort", endStart);
  }
}

/**
 * What the table begins with, made by the server's demo on an empty database. The sandbox takes it when its own folder
 * is empty, so both begin from one story; kept as a file, because a crash between the two must not part them.
 */
async function seedFile(dataDir: string, postgres: Postgres, publicUrl: string): Promise<string> {
  const file = join(dataDir, "sandbox", "seed.json");
  if (readJson(file) !== null) return file;
  const server = await startServer({
    database: postgres.connection,
    dataDir: join(dataDir, "server"),
    port: 0,
    channels: new Map(),
    publicUrl,
    log: makeLog("warn"),
    demo: true,
  });
  const seed = server.demo?.sandboxSeed ?? null;
  await server.close();
  writeWhole(file, seed ?? { cards: [], meters: [], phones: [] });
  return file;
}

function sandboxSpec(dataDir: string, port: number, seed: string): ChildSpec {
  return {
    name: "sandbox",
    entry: sandboxMain,
    env: { SANDBOX_DIR: join(dataDir, "sandbox"), SANDBOX_PORT: String(port), SANDBOX_SEED: seed },
    ready: () => probes.sandbox(port),
    readyTimeoutMs,
  };
}

function serverSpec(
  dataDir: string,
  port: number,
  postgres: Postgres,
  publicUrl: string,
  settings: Readonly<Record<string, string>>,
): ChildSpec {
  const { merchant, gateways } = sandboxFacts(dataDir);
  const gatewaysFile = join(dataDir, "server", "gateways.json");
  const notifyUrl = (channel: string): string => `http://127.0.0.1:${port}/notify/${channel}`;
  writeWhole(gatewaysFile, {
    wechat: { ...merchant.wechat, baseUrl: gateways.wechatUrl, notifyUrl: notifyUrl("wechat") },
    alipay: { ...merchant.alipay, notifyUrl: notifyUrl("alipay") },
    acquirer: { ...merchant.acquirer, schemes: ["unionpay", "ecny"] },
  });
  const { host, port: databasePort, user, database } = postgres.connection;
  return {
    name: "server",
    entry: entryOf("server/src/main.ts"),
    env: {
      ...settings,
      PORT: String(port),
      CITYGAS_DATA: join(dataDir, "server"),
      CITYGAS_PUBLIC_URL: publicUrl,
      CITYGAS_GATEWAYS_FILE: gatewaysFile,
      CITYGAS_DEMO: "1",
      CITYGAS_DB_HOST: host,
      CITYGAS_DB_PORT: String(databasePort),
      CITYGAS_DB_USER: user,
      CITYGAS_DB_NAME: database,
    },
    ready: () => answers(port),
    readyTimeoutMs,
  };
}

function agentSpec(
  dataDir: string,
  kiosk: (typeof kiosks)[number],
  ports: Record<string, number>,
  readerUrl?: string,
): ChildSpec {
  const devices = sandboxFacts(dataDir).deviceUrls[kiosk];
  const port = ports[kiosk] ?? 0;
  const code = pairingCodes(dataDir)[kiosk];
  if (devices === undefined) throw new Error(`the sandbox has no devices for ${kiosk}`);
  return {
    name: kiosk,
    entry: entryOf("kiosk/agent/src/main.ts"),
    env: {
      CITYGAS_SERVER_URL: `http://127.0.0.1:${ports.server}`,
      CITYGAS_AGENT_DIR: join(dataDir, kiosk),
      CITYGAS_AGENT_PORT: String(port),
      CITYGAS_KIOSK_NAME: kiosk,
      CITYGAS_READER_URL: readerUrl ?? devices.reader,
      CITYGAS_SCANNER_URL: devices.scanner,
      CITYGAS_PRINTER_URL: devices.printer,
      ...(code === undefined ? {} : { CITYGAS_PAIRING_CODE: code }),
    },
    ready: () => answers(port),
    readyTimeoutMs,
  };
}

interface SandboxFacts {
  merchant: { wechat: object; alipay: object; acquirer: object };
  gateways: { wechatUrl: string; alipayUrl: string };
  deviceUrls: Record<string, { reader: string; scanner: string; printer: string }>;
}

/** Written whole by the sandbox before it says that it is ready. */
function sandboxFacts(dataDir: string): SandboxFacts {
  return JSON.parse(readFileSync(join(dataDir, "sandbox", "ports.json"), "utf8")) as SandboxFacts;
}

function pairingCodes(dataDir: string): Record<string, string | undefined> {
  const ready = readJson(join(dataDir, "server", "run", "server.json")) as {
    pairingCodes?: Record<string, string>;
  } | null;
  return ready?.pairingCodes ?? {};
}

function readJson(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, "utf8"));
  } catch {
    return null;
  }
}

/** For its owner only, whole or not at all. */
function writeWhole(file: string, content: unknown): void {
  writeFileSync(`${file}.new`, `${JSON.stringify(content, null, 1)}\n`, { mode: 0o600 });
  renameSync(`${file}.new`, file);
}

const answers = (port: number): Promise<boolean> => responds(`http://127.0.0.1:${port}/health`);
const probes: Record<(typeof partNames)[number], (port: number) => Promise<boolean>> = {
  server: answers,
  sandbox: (port) => responds(`http://127.0.0.1:${port}/sandbox/api/readers`),
  "kiosk-1": answers,
  "kiosk-2": answers,
};

async function responds(url: string): Promise<boolean> {
  try {
    return (await fetch(url, { signal: AbortSignal.timeout(2_000) })).ok;
  } catch {
    return false;
  }
}
