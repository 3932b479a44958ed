/**
 * The PC/SC service with a virtual reader of two slots (Debian packages pcscd and vsmartcard-vpcd). It has one socket
 * for the whole machine, so only one test at a time may have it.
 */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const needed: readonly (readonly [file: string, debianPackage: string])[] = [
  ["/usr/sbin/pcscd", "pcscd"],
  ["/usr/lib/pcsc/drivers/serial/libifdvpcd.so", "vsmartcard-vpcd"],
  ["/usr/bin/scriptor", "pcsc-tools"],
];
const control = "/run/pcscd/pcscd.comm";

/** Debian packages that are missing here; none: the tests can run. */
export const missingForPcsc = (): string[] => [
  ...needed.flatMap(([file, name]) => (existsSync(file) ? [] : [name])),
  ...(process.getuid?.() === 0 ? [] : ["root (pcscd owns /run/pcscd)"]),
];

/** Ports on which the reader's two slots wait for a card. */
export const slotPorts = [35_963, 35_964] as const;
export const slotNames = ["Virtual PCD 00 00", "Virtual PCD 00 01"] as const;

export interface Pcscd {
  /** Without warning, as when it crashes. */
  kill(): Promise<void>;
  start(): Promise<void>;
  stop(): Promise<void>;
}

/** `args`: more of its own options, as for another reader configuration. */
export async function startPcscd(args: readonly string[] = []): Promise<Pcscd> {
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
    service = spawn("/usr/sbin/pcscd", ["--foreground", ...args], { env, stdio: "ignore" });
    const until = Date.now() + 10_000;
    while (!existsSync(control)) {
      if (Date.now() > until) throw new Error("pcscd did not open its socket");
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  };
  await start();
  return { start, kill: () => end("SIGKILL"), stop: () => end("SIGTERM") };
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
