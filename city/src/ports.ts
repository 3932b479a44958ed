/**
 * Inner ports: free ones, chosen once and kept in the run folder, so that a part which is started again is found
 * where it was. A kept port that somebody else holds by now is replaced.
 */
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

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen({ port: 0, host: "127.0.0.1" }, () => {
      const address = server.address();
      server.close(() =>
        address !== null && typeof address === "object" ? resolve(address.port) : reject(new Error("no port")),
      );
    });
  });
}
