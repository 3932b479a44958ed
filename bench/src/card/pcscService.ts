/** The PC/SC service with a virtual reader (Debian packages pcscd, vsmartcard-vpcd), for as long as the bench runs. */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";

const needed = [
  ["/usr/sbin/pcscd", "pcscd"],
  ["/usr/lib/pcsc/drivers/serial/libifdvpcd.so", "vsmartcard-vpcd"],
] as const;
const control = "/run/pcscd/pcscd.comm";
const startMs = 10_000;

/** On which the reader's first slot waits for a card. */
export const slotPort = 35_963;
export const slotName = "Virtual PCD 00 00";

/** Why it can't run here; empty: it can. */
export function missingForPcsc(): string[] {
  return [
    ...needed.flatMap(([file, name]) => (existsSync(file) ? [] : [`Debian package ${name}`])),
    ...(process.getuid?.() === 0 ? [] : ["root (pcscd owns /run/pcscd)"]),
  ];
}

export interface PcscService {
  /** Whether the shim is in that keeps the virtual reader from waiting 44 ms with each command. */
  shim: boolean;
  stop(): Promise<void>;
}

/** `dir`: for the compiled shim. */
export async function startPcscService(dir: string): Promise<PcscService> {
  const shim = compiledShim(dir);
  for (const left of [control, "/run/pcscd/pcscd.pid"]) rmSync(left, { force: true });
  const env = { ...process.env, ...(shim === null ? {} : { LD_PRELOAD: shim }) };
  const service = spawn("/usr/sbin/pcscd", ["--foreground"], { env, stdio: "ignore" });
  const until = Date.now() + startMs;
  while (!existsSync(control)) {
    if (Date.now() > until || service.exitCode !== null) {
      await ended(service);
      throw new Error("pcscd did not open its socket");
    }
    await sleep(20);
  }
  return { shim: shim !== null, stop: () => ended(service) };
}

async function ended(service: ChildProcess): Promise<void> {
  if (service.exitCode !== null || service.signalCode !== null) return;
  const gone = new Promise((resolve) => service.once("exit", resolve));
  service.kill("SIGTERM");
  await gone;
}

/** null where there is no compiler. */
function compiledShim(dir: string): string | null {
  const out = join(dir, "vpcd-shim.so");
  const source = fileURLToPath(new URL("../../../e2e/vpcd-shim.c", import.meta.url));
  try {
    execFileSync("gcc", ["-shared", "-fPIC", "-O2", "-o", out, source, "-ldl"], { stdio: "ignore" });
    return out;
  } catch {
    return null;
  }
}
