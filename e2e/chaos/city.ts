/** A whole city with two servers on its one database, every link between its parts in our hands, and kill -9. */
import { chmodSync, mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startCity } from "@citygas/city";
import type { Asked } from "../agreement.ts";
import { answers, isAlive, queryOf, sandboxAt, until } from "../world.ts";
import { type Line, openLine } from "./line.ts";
import { type LinkName, linkNames, type Part, parts } from "./schedule.ts";

export interface ChaosCity extends Asked {
  url: string;
  dataDir: string;
  line(name: LinkName): Line;
  /** Waits until it runs, and kills it. @returns when it served again: a promise of ms. */
  kill(part: Part): Promise<{ back: Promise<number> }>;
  /** Parts that don't serve, and links that are harmed, right now. */
  down(): Promise<string[]>;
  /** Heals every link, and waits until every part serves. */
  heal(): Promise<void>;
  stop(): Promise<void>;
}

/** How long a paid purchase may be finished before its money goes back. */
const finishMinutes = 1;
const runsWithinMs = 60_000;
const servesWithinMs = 120_000;
const looksEveryMs = 100;

export async function startChaosCity(log: (line: string) => void): Promise<ChaosCity> {
  const dataDir = mkdtempSync(join(tmpdir(), "citygas-chaos-"));
  // As root the database belongs to another user, who must reach it.
  chmodSync(dataDir, 0o755);
  const lines = new Map<string, Line>();
  const closeLines = async (): Promise<void> => {
    await Promise.all([...lines.values()].map((line) => line.close()));
  };
  const city = await startCity({
    port: 0,
    host: "127.0.0.1",
    dataDir,
    servers: 2,
    serverEnv: { CITYGAS_FINISH_MINUTES: String(finishMinutes) },
    link: async (from, to, at) => {
      const name = `${from}→${to}`;
      const line = lines.get(name) ?? (await openLine(at));
      lines.set(name, line);
      return line.address;
    },
    say: log,
  }).catch(async (error: unknown) => {
    await closeLines();
    throw error;
  });
  if (city === null) throw new Error("the city was ended while it started");
  const ports = readJson<Record<string, number>>(join(dataDir, "run", "ports.json"));
  const pids = (): Record<string, number | undefined> => readJson(join(dataDir, "run", "pids.json"));

  const serves = async (part: Part): Promise<boolean> => {
    if (part === "postgres") return await answersSql(dataDir);
    const path = part === "sandbox" ? "sandbox/api/readers" : "health";
    return await answers(`http://127.0.0.1:${ports[part]}/${path}`);
  };
  const line = (name: LinkName): Line => {
    const found = lines.get(name);
    if (found === undefined) throw new Error(`no link ${name}; there are ${[...lines.keys()].join(", ")}`);
    return found;
  };
  const servesAgain = async (part: Part, words: string): Promise<void> =>
    await until(
      () => serves(part),
      servesWithinMs,
      () => `${part} does not serve ${servesWithinMs / 1_000} s after ${words}`,
    );

  async function kill(part: Part): Promise<{ back: Promise<number> }> {
    let pid = 0;
    await until(
      async () => {
        pid = pids()[part] ?? 0;
        return pid !== 0 && isAlive(pid);
      },
      runsWithinMs,
      () => `${part} was not started again within ${runsWithinMs / 1_000} s`,
    );
    process.kill(pid, "SIGKILL");
    const from = performance.now();
    const back = async (): Promise<number> => {
      // The file names the dead one until its end was noticed.
      await until(
        async () => pids()[part] !== pid,
        servesWithinMs,
        () => `nobody noticed the death of ${part}`,
      );
      await servesAgain(part, "it was killed");
      return performance.now() - from;
    };
    return { back: back() };
  }

  return {
    url: city.url,
    dataDir,
    finishMs: finishMinutes * 60_000,
    sandbox: sandboxAt(`${city.url}/sandbox/api`),
    query: (sql, values) => queryOf(dataDir, sql, values),
    line,
    kill,
    down: async () => {
      const up = await Promise.all(parts.map(serves));
      const harmed = linkNames.flatMap((name) => {
        const state = line(name).state();
        return state === null ? [] : [`${name} (${state})`];
      });
      return [...parts.filter((_, index) => up[index] !== true), ...harmed];
    },
    heal: async () => {
      for (const each of lines.values()) each.heal();
      await Promise.all(parts.map((part) => servesAgain(part, "the world calmed down")));
    },
    stop: async () => {
      await city.stop();
      await closeLines();
    },
  };
}

// Written whole by the city, of its own shape.
const readJson = <T extends object>(file: string): T => JSON.parse(readFileSync(file, "utf8")) as T;

async function answersSql(dataDir: string): Promise<boolean> {
  try {
    await queryOf(dataDir, "select 1");
    return true;
  } catch {
    return false;
  } finally {
    // Each look opens a connection, so not too often.
    await new Promise((resolve) => setTimeout(resolve, looksEveryMs));
  }
}
