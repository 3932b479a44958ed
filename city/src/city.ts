/**
 * The whole city on one machine: PostgreSQL, the servers (one, where nobody asks for more), the sandbox, two kiosk
 * agents, and the front before them.
 *
 * All state lies under one data folder. A second start continues with it, after a Ctrl-C as after a kill -9 of
 * everything: PostgreSQL recovers by itself or is adopted, each part reads its own journal.
 */
import { cpSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { screenFolder } from "@citygas/kiosk-screen";
import { sandboxMain, workbenchFolder } from "@citygas/sandbox";
import { makeLog, startServer } from "@citygas/server";
import { type ChildSpec, superviseChildren } from "./children.ts";
import { type Front, openFront } from "./front.ts";
import { type Address, directly, type Link, urlThrough } from "./links.ts";
import { openLog } from "./logFile.ts";
import { buildPages } from "./pages.ts";
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
  /** Kiosk → the dialect of its reader, where its name doesn't tell. */
  dialects?: Readonly<Record<string, string>>;
  /** Kiosk → its PSAM. */
  psams?: Readonly<Record<string, string>>;
  /** Servers on the one database: `server`, `server-2` … More than one needs a `link` that shares the calls out. */
  servers?: number;
  /** What stands between the parts. Default: nothing. */
  link?: Link;
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
const serverNames = (count: number): string[] =>
  Array.from({ length: count }, (_, index) => (index === 0 ? "server" : `server-${index + 1}`));
const readyTimeoutMs = 60_000;
const entryOf = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url));

/** null: it was ended before it was up, and nothing of it is left. */
export async function startCity(options: CityOptions): Promise<City | null> {
  const { dataDir, say, end, link = directly } = options;
  const servers = serverNames(options.servers ?? 1);
  // The database belongs to another user when root starts: the data folder lets it through, what is secret is closed.
  mkdirSync(dataDir, { recursive: true, mode: 0o755 });
  for (const folder of ["run", "log", ...servers, "sandbox", ...kiosks])
    mkdirSync(join(dataDir, folder), { recursive: true, mode: 0o700 });
  await buildPages(say);
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
    const partNames = [...servers, "sandbox", ...kiosks];
    const ports = await innerPorts(join(dataDir, "run"), [...partNames, "front"]);
    const portOf = (name: string): number => ports[name] ?? 0;
    const port = options.port === 0 ? portOf("front") : options.port;
    const publicUrl = `http://${options.host}:${port}`;
    const serversAt = servers.map((name) => ({ host: "127.0.0.1", port: portOf(name) }));
    await children.start(sandboxSpec(dataDir, portOf("sandbox"), await seedFile(dataDir, postgres, publicUrl)));
    const common = { dataDir, publicUrl, link, serversAt };
    for (const name of servers)
      await children.start(await serverSpec(common, name, portOf(name), postgres, options.serverEnv ?? {}));
    const agents = await Promise.all(
      kiosks.map(async (kiosk) => children.start(await agentSpec(common, kiosk, portOf(kiosk), options))),
    );
    say(`${agents.length} kiosks are up`);
    const tellPids = (): void =>
      writeWhole(join(dataDir, "run", "pids.json"), { ...children.pids(), postgres: postgres.pid() });
    children.onChange(tellPids);
    postgres.onRestart(tellPids);
    front = await openFront(port, options.host, {
      server: (await link("front", "server", serversAt)).port,
      sandbox: portOf("sandbox"),
      agents: { "kiosk-1": portOf("kiosk-1"), "kiosk-2": portOf("kiosk-2") },
      kioskFiles: screenFolder,
      workbenchFiles: workbenchFolder,
      adminTokenFile: join(dataDir, "server", "secrets", "admin.token"),
      health: async () => (await Promise.all(partNames.map((name) => serves(name, portOf(name))))).every(Boolean),
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
    ready: () => serves("sandbox", port),
    readyTimeoutMs,
  };
}

interface Common {
  dataDir: string;
  publicUrl: string;
  link: Link;
  serversAt: readonly Address[];
}

async function serverSpec(
  { dataDir, publicUrl, link, serversAt }: Common,
  name: string,
  port: number,
  postgres: Postgres,
  settings: Readonly<Record<string, string>>,
): Promise<ChildSpec> {
  const { merchant, gateways, notices } = sandboxFacts(dataDir);
  const folder = join(dataDir, name);
  const first = join(dataDir, "server");
  // One master key for all, or a card written by one server were a stranger's to the next.
  if (folder !== first) cpSync(join(first, "keys"), join(folder, "keys"), { recursive: true });
  const gatewaysFile = join(folder, "gateways.json");
  const centre = await link("sandbox", "server", serversAt);
  const notifyUrl = (channel: string): string => `http://${centre.host}:${centre.port}/notify/${channel}`;
  const through = (to: string, url: string): Promise<string> => urlThrough(link, name, to, url);
  writeWhole(gatewaysFile, {
    wechat: {
      ...merchant.wechat,
      baseUrl: await through("wechat", gateways.wechatUrl),
      notifyUrl: notifyUrl("wechat"),
    },
    alipay: {
      ...merchant.alipay,
      gatewayUrl: await through("alipay", merchant.alipay.gatewayUrl),
      notifyUrl: notifyUrl("alipay"),
    },
    acquirer: {
      ...merchant.acquirer,
      baseUrl: await through("acquirer", merchant.acquirer.baseUrl),
      schemes: ["unionpay", "ecny"],
    },
    notices: {
      ...notices,
      smsUrl: await through("notices", notices.smsUrl),
      wechatUrl: await through("notices", notices.wechatUrl),
    },
  });
  const { host, port: databasePort, user, database } = postgres.connection;
  const databaseAt = await link(name, "postgres", [{ host, port: databasePort }]);
  return {
    name,
    entry: entryOf("server/src/main.ts"),
    env: {
      ...settings,
      PORT: String(port),
      CITYGAS_DATA: folder,
      CITYGAS_ADMIN_TOKEN_FILE: join(first, "secrets", "admin.token"),
      CITYGAS_PUBLIC_URL: publicUrl,
      CITYGAS_GATEWAYS_FILE: gatewaysFile,
      // The first one tells the demo's story and hands out its pairing codes.
      CITYGAS_DEMO: folder === first ? "1" : "0",
      CITYGAS_DB_HOST: databaseAt.host,
      CITYGAS_DB_PORT: String(databaseAt.port),
      CITYGAS_DB_USER: user,
      CITYGAS_DB_NAME: database,
    },
    ready: () => serves(name, port),
    readyTimeoutMs,
  };
}

async function agentSpec(
  { dataDir, link, serversAt }: Common,
  kiosk: (typeof kiosks)[number],
  port: number,
  { readers, dialects, psams }: Pick<CityOptions, "readers" | "dialects" | "psams">,
): Promise<ChildSpec> {
  const devices = sandboxFacts(dataDir).deviceUrls[kiosk];
  const code = pairingCodes(dataDir)[kiosk];
  const dialect = dialects?.[kiosk];
  if (devices === undefined) throw new Error(`the sandbox has no devices for ${kiosk}`);
  const centre = await link(kiosk, "server", serversAt);
  const through = (to: "reader" | "scanner" | "printer"): Promise<string> => urlThrough(link, kiosk, to, devices[to]);
  return {
    name: kiosk,
    entry: entryOf("kiosk/agent/src/main.ts"),
    env: {
      CITYGAS_SERVER_URL: `http://${centre.host}:${centre.port}`,
      CITYGAS_AGENT_DIR: join(dataDir, kiosk),
      CITYGAS_AGENT_PORT: String(port),
      CITYGAS_KIOSK_NAME: kiosk,
      CITYGAS_READER_URL: readers?.[kiosk] ?? (await through("reader")),
      CITYGAS_READER_PSAM: psams?.[kiosk] ?? "",
      CITYGAS_SCANNER_URL: await through("scanner"),
      CITYGAS_PRINTER_URL: await through("printer"),
      ...(dialect === undefined ? {} : { CITYGAS_READER_DIALECT: dialect }),
      ...(code === undefined ? {} : { CITYGAS_PAIRING_CODE: code }),
    },
    ready: () => serves(kiosk, port),
    readyTimeoutMs,
  };
}

interface SandboxFacts {
  merchant: { wechat: object; alipay: { gatewayUrl: string }; acquirer: { baseUrl: string } };
  gateways: { wechatUrl: string; alipayUrl: string };
  notices: { smsUrl: string; wechatUrl: string; secret: string };
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

const serves = (name: string, port: number): Promise<boolean> =>
  responds(`http://127.0.0.1:${port}/${name === "sandbox" ? "sandbox/api/readers" : "health"}`);

async function responds(url: string): Promise<boolean> {
  try {
    return (await fetch(url, { signal: AbortSignal.timeout(2_000) })).ok;
  } catch {
    return false;
  }
}
