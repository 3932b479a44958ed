/**
 * Inner ports: free ones, chosen once and kept in the run folder, so that a part which is started again is found
 * where it was. A kept port that somebody else holds by now is replaced.
 */
import { randomInt } from "node:crypto";
import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";

export async function innerPorts<Name extends string>(
  runDir: string,
  names: readonly Name[],
): Promise<Record<Name, number>> {
  const file = join(runDir, "ports.json");
  const kept = readKept(file);
  const ports: Partial<Record<Name, number>> = {};
  for (const name of names) {
    const old = kept[name];
    ports[name] = old !== undefined && (await isFree(old)) ? old : await freePort();
  }
  writeFileSync(`${file}.tmp`, JSON.stringify(ports, null, 2));
  renameSync(`${file}.tmp`, file);
  return ports as Record<Name, number>;
}

function readKept(file: string): Record<string, number | undefined> {
  try {
    return JSON.parse(readFileSync(file, "utf8")) as Record<string, number>;
  } catch {
    return {};
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen({ port, host: "127.0.0.1" }, () => server.close(() => resolve(true)));
  });
}

/**
 * Below what any system hands out for outgoing calls (Linux from 32768, others from 49152): there another process's call
 * may take the port between this look and the moment its part listens, and again while a dead part is down.
 */
const lowest = 20_000;
const highest = 28_000;
const tries = 200;

/** A port of 127.0.0.1 that nobody holds and that stays free until somebody asks for it by its number. */
export async function freePort(): Promise<number> {
  for (let n = 0; n < tries; n += 1) {
    const port = randomInt(lowest, highest);
    if (await isFree(port)) return port;
  }
  throw new Error(`no free port between ${lowest} and ${highest} in ${tries} tries`);
}
