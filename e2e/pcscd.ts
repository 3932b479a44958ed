/**
 * The PC/SC service with a virtual reader of two slots (Debian packages pcscd and vsmartcard-vpcd). It has one socket
 * for the whole machine, so only one test at a time may have it: a second file waits until the first has stopped it.
 */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { isAlive, until } from "./world.ts";

const driver = "/usr/lib/pcsc/drivers/serial/libifdvpcd.so";
const needed: readonly (readonly [file: string, debianPackage: string])[] = [
  ["/usr/sbin/pcscd", "pcscd"],
  [driver, "vsmartcard-vpcd"],
  ["/usr/bin/scriptor", "pcsc-tools"],
];
const control = "/run/pcscd/pcscd.comm";

/** Debian packages that are missing here; none: the tests can run. */
export const missingForPcsc = (): string[] => [
  ...needed.flatMap(([file, name]) => (existsSync(file) ? [] : [name])),
  ...(process.getuid?.() === 0 ? [] : ["root (pcscd owns /run/pcscd)"]),
];

/**
 * Ports on which the reader's two slots wait for a card, and what the slots are called. Debian's own configuration has
 * ports that the system also gives to outgoing calls; these it does not, and a city chooses none up here (`freePort`).
 */
export const slotPorts = [0x7000, 0x7001] as const;
export const slotNames = ["Virtual PCD 00 00", "Virtual PCD 00 01"] as const;

/** A virtual reader of two slots, which wait for a card at `port` and the one after it. */
export interface VirtualPcd {
  name: string;
  port: number;
}

/**
 * Folder of pcscd's reader configuration (`-c`), with these readers in it. The driver knows its slots by their number and
 * not by their reader, so each reader has a driver file of its own.
 */
export function readerConfig(readers: readonly VirtualPcd[]): string {
  const around = mkdtempSync(join(tmpdir(), "citygas-readers-"));
  const folder = join(around, "conf");
  mkdirSync(folder);
  for (const [index, { name, port }] of readers.entries()) {
    const library = join(around, `driver-${index}.so`);
    copyFileSync(driver, library);
    const channel = `0x${port.toString(16)}`;
    const lines = [
      `FRIENDLYNAME "${name}"`,
      `DEVICENAME /dev/null:${channel}`,
      `LIBPATH ${library}`,
      `CHANNELID ${channel}`,
    ];
    writeFileSync(join(folder, `reader-${index}`), `${lines.join("\n")}\n`);
  }
  return folder;
}

/** The reader of two slots, unless a test wants others or more. */
export const twoSlots: VirtualPcd = { name: "Virtual PCD", port: slotPorts[0] };

export interface Pcscd {
  /** Without warning, as when it crashes. */
  kill(): Promise<void>;
  start(): Promise<void>;
  stop(): Promise<void>;
}

const owner = join(tmpdir(), "citygas-pcscd.owner");
const turnWithinMs = 600_000;
/** For a hook that starts the service, and a city with it. */
export const pcscdHookMs = turnWithinMs + 120_000;

/** 0: nobody, or somebody who is just writing it. */
function ownerPid(): number {
  try {
    return Number(readFileSync(owner, "utf8"));
  } catch {
    return 0;
  }
}

/** Waits for its turn, and says how to end it. What a killed run has left is nobody's. */
async function turn(): Promise<() => void> {
  const take = async (): Promise<boolean> => {
    try {
      writeFileSync(owner, String(process.pid), { flag: "wx" });
      return true;
    } catch {
      const pid = ownerPid();
      if (pid !== 0 && !isAlive(pid)) rmSync(owner, { force: true });
      return false;
    }
  };
  await until(take, turnWithinMs, () => "another test does not give up pcscd");
  return () => rmSync(owner, { force: true });
}

export async function startPcscd(readers = readerConfig([twoSlots])): Promise<Pcscd> {
  const done = await turn();
  const preload = shim();
  let service: ChildProcess | null = null;
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    const child = service;
    service = null;
    if (child === null || child.exitCode !== null) return;
    const gone = new Promise((resolve) => child.once("exit", resolve));
    child.kill(signal);
    await gone;
  };
  const start = async (): Promise<void> => {
    for (const left of [control, "/run/pcscd/pcscd.pid"]) rmSync(left, { force: true });
    const env = { ...process.env, ...(preload === null ? {} : { LD_PRELOAD: preload }) };
    service = spawn("/usr/sbin/pcscd", ["--foreground", "-c", readers], { env, stdio: "ignore" });
    const until = Date.now() + 10_000;
    while (!existsSync(control)) {
      if (Date.now() > until) throw new Error("pcscd did not open its socket");
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  };
  try {
    await start();
  } catch (error) {
    done();
    throw error;
  }
  const stop = async (): Promise<void> => {
    await end("SIGTERM");
    done();
  };
  return { start, kill: () => end("SIGKILL"), stop };
}

/** The shim beside this file, compiled; null where there is no compiler: then each command takes 44 ms. */
function shim(): string | null {
  const out = join(mkdtempSync(join(tmpdir(), "citygas-vpcd-")), "shim.so");
  const source = fileURLToPath(new URL("vpcd-shim.c", import.meta.url));
  try {
    execFileSync("gcc", ["-shared", "-fPIC", "-O2", "-o", out, source, "-ldl"], { stdio: "ignore" });
    return out;
  } catch {
    return null;
  }
}

/** What a card answers to these commands through Debian's own PC/SC tool, in lower-case hex with its status word. */
export function scriptor(readerName: string, commands: readonly string[]): string[] {
  const printed = execFileSync("/usr/bin/scriptor", ["-r", readerName], {
    input: commands.map((command) => `${command}\n`).join(""),
    encoding: "utf8",
    timeout: 20_000,
  });
  return [...printed.matchAll(/^<\s*((?:[0-9A-F]{2}\s+)+):/gm)].map(([, bytes = ""]) =>
    bytes.replace(/\s+/g, "").toLowerCase(),
  );
}
