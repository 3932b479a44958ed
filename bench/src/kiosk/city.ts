/** A city as `npm start` runs it, in a folder of its own, and the table before it through the sandbox's API. */
import { chmodSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "@citygas/city";
import { type Child, startChild, until } from "../children.ts";

export const kioskNames = ["kiosk-1", "kiosk-2"] as const;
export type KioskName = (typeof kioskNames)[number];

export interface BenchCity {
  url: string;
  /** Starts it (again, on the same data). @returns seconds until it says that it is ready. */
  start(): Promise<number>;
  /** Ends it; its data stay. */
  stop(): Promise<void>;
  /** Address of a kiosk's agent itself, behind the front. */
  agentUrl(kiosk: KioskName): string;
  /** One call to the table. @throws on any answer but success. */
  table<T = unknown>(method: "GET" | "POST", path: string, body?: object): Promise<T>;
  /** Ends it and removes its data. */
  remove(): Promise<void>;
}

const readyWithinMs = 180_000;

export async function makeCity(): Promise<BenchCity> {
  const dataDir = mkdtempSync(join(tmpdir(), "citygas-bench-"));
  // As root the database belongs to another user, who must reach it.
  chmodSync(dataDir, 0o755);
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  let city: Child | null = null;
  const stop = async (): Promise<void> => {
    await city?.stop();
    city = null;
  };
  return {
    url,
    stop,
    start: async () => {
      const from = performance.now();
      const child = startChild({
        entry: "city/src/main.ts",
        env: { PORT: String(port), CITYGAS_DATA: dataDir },
        logFile: join(dataDir, "bench-city.log"),
      });
      city = child;
      await until(
        async () => !child.running() || (await healthy(url)),
        readyWithinMs,
        () => `the city did not become ready:\n${child.lastWords()}`,
      );
      if (!child.running()) throw new Error(`the city ended:\n${child.lastWords()}`);
      return (performance.now() - from) / 1_000;
    },
    agentUrl: (kiosk) => {
      // Written by the city at its start: part → port.
      const ports = JSON.parse(readFileSync(join(dataDir, "run", "ports.json"), "utf8")) as Record<string, number>;
      return `http://127.0.0.1:${ports[kiosk]}`;
    },
    table: (method, path, body) => call(`${url}/sandbox/api${path}`, method, body),
    remove: async () => {
      await stop();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

async function call<T>(address: string, method: string, body?: object): Promise<T> {
  const response = await fetch(address, {
    method,
    ...(body === undefined ? {} : { headers: { "content-type": "application/json" }, body: JSON.stringify(body) }),
  });
  if (!response.ok) throw new Error(`${method} ${address}: ${response.status} ${await response.text()}`);
  // The sandbox's API describes what it answers.
  return (await response.json()) as T;
}

async function healthy(url: string): Promise<boolean> {
  try {
    return (await fetch(`${url}/health`, { signal: AbortSignal.timeout(2_000) })).ok;
  } catch {
    return false;
  }
}
