import { mkdirSync } from "node:fs";
import { createServer } from "node:net";
import { type ApiServer, makeApiServer } from "./api/server.ts";
import { type Gateways, type MerchantSetup, startGateways } from "./gateways/gateways.ts";
import type { SeenCall } from "./gateways/http.ts";
import type { Gateway } from "./gateways/names.ts";
import type { CallbackRow } from "./gateways/rows.ts";
import { listen } from "./net/single-client-server.ts";
import { type Ports, readLastPorts, writePorts } from "./ports.ts";
import { servePrinter } from "./printer/printer-server.ts";
import type { CrtFaults, FrameFault, ReplyFault } from "./reader/crt/machine.ts";
import { type CrtServer, serveCrt } from "./reader/crt/server.ts";
import { type ReaderServer, serveReader } from "./reader/reader-server.ts";
import { makeStepPause } from "./reader/step-pause.ts";
import { plugIntoVpcd } from "./reader/vpcd.ts";
import { type ScannerServer, serveScanner } from "./scanner/scanner-server.ts";
import type { SandboxSeed } from "./seed.ts";
import { KIOSKS, type KioskId, READERS, type ReaderId } from "./world/context.ts";
import { openWorld, type World } from "./world/world.ts";

export interface SandboxOptions {
  /** Holds everything; a second start on it continues, and listens on the same ports as far as they are free. */
  dir: string;
  /** Port of the API; without it the last one, or any. */
  port?: number;
  /** What a new world begins with. */
  seed?: SandboxSeed;
  /** Readers whose cards also lie in a virtual PC/SC reader, with its port. */
  vpcd?: Partial<Record<ReaderId, number>>;
  /** Readers that are motorised ones too, on a serial line brought over TCP, with its port. */
  crt?: Partial<Record<ReaderId, number>>;
  /** 1 = a card write takes as long as with a real chip, 0 = no time. */
  writeTimeScale?: number;
  /** The world's clock, ms since the epoch. */
  now: () => number;
}

export interface KioskDeviceUrls {
  reader: string;
  scanner: string;
  printer: string;
}
export type DeviceUrls = Record<KioskId, KioskDeviceUrls> & { "desk-1": { reader: string } };

export interface Sandbox {
  /** "http://127.0.0.1:PORT", the API below it at `/sandbox/api`. */
  url: string;
  deviceUrls: DeviceUrls;
  /** What the merchant side needs to reach the gateways; holds private keys. */
  merchant: MerchantSetup;
  gateways: { wechatUrl: string; alipayUrl: string; acquirerUrl: string };
  /** docs/notices.md. */
  notices: { smsUrl: string; wechatUrl: string; secret: string };
  close(): Promise<void>;
}

/** `wanted` when it is free, else 0 (any). */
async function freeOrAny(wanted: number): Promise<number> {
  if (wanted === 0) return 0;
  const probe = createServer();
  const got = await listen(probe, wanted);
  await new Promise<void>((resolve) => probe.close(() => resolve()));
  return got === wanted ? wanted : 0;
}

interface Wires {
  readers: Map<ReaderId, ReaderServer>;
  scanners: Map<KioskId, ScannerServer>;
  printers: Map<KioskId, { port: number }>;
}

async function serveDevices(world: World, last: Ports, opened: (() => Promise<void>)[]): Promise<Wires> {
  const wires: Wires = { readers: new Map(), scanners: new Map(), printers: new Map() };
  for (const reader of READERS) {
    const silent = (): boolean => world.faults.take("readerSilent");
    const server = await serveReader(world.cards.slot(reader), last.readers[reader] ?? 0, silent);
    wires.readers.set(reader, server);
    opened.push(() => server.close());
  }
  world.onReaderChanged((reader) => wires.readers.get(reader)?.announce());
  for (const kiosk of KIOSKS) {
    const scanner = await serveScanner(last.scanners[kiosk] ?? 0);
    wires.scanners.set(kiosk, scanner);
    opened.push(() => scanner.close());
    const printer = await servePrinter(world.printers.printer(kiosk), last.printers[kiosk] ?? 0);
    world.printers.connect(kiosk, (bytes) => void printer.send(bytes));
    wires.printers.set(kiosk, printer);
    opened.push(() => printer.close());
  }
  return wires;
}

function plugReaders(world: World, ports: Partial<Record<ReaderId, number>>): () => Promise<void> {
  const plugs = READERS.flatMap((reader) => {
    const port = ports[reader];
    return port === undefined ? [] : [{ reader, plug: plugIntoVpcd(world.cards.slot(reader), port) }];
  });
  world.onReaderChanged((changed) => {
    for (const { reader, plug } of plugs) if (reader === changed) plug.announce();
  });
  return async () => {
    for (const { plug } of plugs) plug.close();
  };
}

/** Motorised readers by the name of their slot. */
async function serveMotorised(
  world: World,
  ports: Partial<Record<ReaderId, number>>,
  opened: (() => Promise<void>)[],
): Promise<Map<ReaderId, CrtServer>> {
  const servers = new Map<ReaderId, CrtServer>();
  const { faults } = world;
  const frameFault = (): FrameFault | null => {
    if (faults.take("readerF2")) return "f2";
    if (faults.take("readerSilent")) return "silence";
    return faults.take("readerRefusesFrames") ? "nak" : null;
  };
  const replyFault = (): ReplyFault | null => (faults.take("readerSpoilsReplies") ? "badCheck" : null);
  const wrong: CrtFaults = {
    frame: frameFault,
    reply: replyFault,
    jam: () => faults.take("readerJam"),
    powerFails: () => faults.take("readerPowerLost"),
  };
  for (const reader of READERS) {
    const port = ports[reader];
    if (port === undefined) continue;
    const server = await serveCrt(world.cards.slot(reader), port, wrong, () => world.changed("readers"));
    servers.set(reader, server);
    opened.push(() => server.close());
  }
  world.onReaderChanged((reader) => servers.get(reader)?.announce());
  return servers;
}

function portsOf<K extends string>(servers: ReadonlyMap<K, { port: number }>): Record<string, number> {
  return Object.fromEntries([...servers].map(([name, { port }]) => [name, port]));
}

const portOf = (url: string): number => Number(new URL(url).port);

function deviceUrlsOf(ports: Ports): DeviceUrls {
  const tcp = (port: number | undefined): string => `tcp://127.0.0.1:${port}`;
  const kiosk = (id: KioskId): KioskDeviceUrls => ({
    reader: tcp(ports.readers[id]),
    scanner: tcp(ports.scanners[id]),
    printer: tcp(ports.printers[id]),
  });
  return {
    "kiosk-1": kiosk("kiosk-1"),
    "kiosk-2": kiosk("kiosk-2"),
    "desk-1": { reader: tcp(ports.readers["desk-1"]) },
  };
}

const GATEWAY_NAMES: Readonly<Record<Gateway, string>> = { wechat: "微信", alipay: "支付宝", acquirer: "收单行" };
const CALL_WORDS: Readonly<Partial<Record<SeenCall["call"], string>>> = {
  pay: "收到扣款请求",
  prepay: "收到预下单请求",
  reverse: "收到撤销请求",
  close: "收到关单请求",
  refund: "收到退款请求",
  bill: "收到账单请求",
};

/** Gateway calls as part of the story, and phones to look at again. */
function tellCall(world: World | null, { gateway, call }: SeenCall): void {
  if (world === null || call === "other") return;
  world.changed("phones");
  const zh = CALL_WORDS[call];
  if (zh !== undefined)
    world.story.tell("phone", gateway, `${GATEWAY_NAMES[gateway]}${zh}`, `${gateway}: ${call} call`);
}

/** What came of a message to the merchant. */
function tellCallback(world: World | null, { gateway, event, state, lastStatus, outTradeNo }: CallbackRow): void {
  if (world === null) return;
  const [zh, en] = state === "taken" ? ["已收下", "taken"] : ["未收下", "not taken"];
  const detail = `${event} ${outTradeNo} ${lastStatus ?? "-"}`;
  world.story.tell("phone", gateway, `${GATEWAY_NAMES[gateway]}通知商户${zh}`, `${gateway}: message ${en}`, detail);
  world.changed("phones");
}

/**
 * Starts the outside world on the loopback: gateways, devices of two kiosks and a desk, API. Its folder
 * must belong to it alone.
 */
export async function startSandbox(options: SandboxOptions): Promise<Sandbox> {
  const { dir, now, seed, writeTimeScale = 1 } = options;
  mkdirSync(dir, { recursive: true });
  const last = readLastPorts(dir);
  const opened: (() => Promise<void>)[] = [];
  const close = async (): Promise<void> => {
    for (const end of opened.splice(0).reverse()) await end();
  };
  try {
    const holder: { world: World | null } = { world: null };
    const gateways = await startGateways({
      dir,
      wechatPort: await freeOrAny(last.wechat),
      alipayPort: await freeOrAny(last.alipay),
      acquirerPort: await freeOrAny(last.acquirer ?? 0),
      now,
      onCall: (call) => tellCall(holder.world, call),
      onCallback: (row) => tellCallback(holder.world, row),
    });
    opened.push(() => gateways.close());
    for (const phone of seed?.phones ?? []) gateways.wallets.ensurePhone(phone);
    const stepPause = makeStepPause(writeTimeScale);
    const world = openWorld({ dir, now, stepPause, ...(seed === undefined ? {} : { seed }) });
    holder.world = world;
    opened.push(async () => world.close());
    const wires = await serveDevices(world, last, opened);
    opened.push(plugReaders(world, options.vpcd ?? {}));
    const motorised = await serveMotorised(world, options.crt ?? {}, opened);
    const scan = (kiosk: KioskId, text: string): boolean => wires.scanners.get(kiosk)?.scan(text) ?? false;
    const api: ApiServer = await makeApiServer({
      world,
      gateways,
      scan,
      motor: (reader) => motorised.get(reader)?.state ?? null,
    });
    opened.push(() => api.close());
    const apiPort = await api.listen(options.port ?? (await freeOrAny(last.api)));
    return announce(dir, gateways, wires, apiPort, close);
  } catch (error) {
    await close();
    throw error;
  }
}

function announce(dir: string, gateways: Gateways, wires: Wires, apiPort: number, close: () => Promise<void>): Sandbox {
  const ports: Ports = {
    api: apiPort,
    wechat: portOf(gateways.wechatUrl),
    alipay: portOf(gateways.alipayUrl),
    acquirer: portOf(gateways.acquirerUrl),
    readers: portsOf(wires.readers),
    scanners: portsOf(wires.scanners),
    printers: portsOf(wires.printers),
  };
  const { wechatUrl, alipayUrl, acquirerUrl, merchant } = gateways;
  const url = `http://127.0.0.1:${apiPort}`;
  const sandbox = {
    url,
    deviceUrls: deviceUrlsOf(ports),
    merchant,
    gateways: { wechatUrl, alipayUrl, acquirerUrl },
    notices: {
      smsUrl: `${url}/sandbox/sms/send`,
      wechatUrl: `${url}/sandbox/wechat/message`,
      secret: merchant.noticeSecret,
    },
  };
  writePorts(dir, { pid: process.pid, ports, ...sandbox });
  return { ...sandbox, close };
}
