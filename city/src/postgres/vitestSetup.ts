/**
 * PostgreSQL for the tests, started when the first test asks and stopped at the end of the run.
 *
 * Tests run in other processes and server/ may not import city/, so they ask over a socket: one line with a cluster's
 * name, answered by one line with its connection. "NAME kill" kills it without warning first and starts it again.
 */
import fs from "node:fs";
import net from "node:net";
import os from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import type { TestProject } from "vitest/node";
import { type RunningPostgres, startPostgres } from "./launcher.ts";

declare module "vitest" {
  interface ProvidedContext {
    /** Socket where a test asks for a cluster by name. */
    postgresSocket: string;
  }
}

export default function setup(project: TestProject): () => Promise<void> {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), "citygas-test-"));
  // Root hands the clusters to another user.
  fs.chmodSync(dir, 0o755);
  const clusters = new Map<string, Promise<RunningPostgres>>();

  const clusterFor = async (name: string, kill: boolean): Promise<RunningPostgres> => {
    const known = clusters.get(name);
    if (known !== undefined && !kill) return known;
    const start = async (): Promise<RunningPostgres> => {
      if (known !== undefined) {
        const { pid, exited } = await known;
        process.kill(pid, "SIGKILL");
        await exited;
      }
      return startPostgres({ dataDir: path.join(dir, name), log: () => undefined });
    };
    const started = start();
    clusters.set(name, started);
    return started;
  };

  const server = net.createServer((socket) => {
    socket.on("error", () => undefined);
    createInterface(socket).once("line", (line) => {
      const [, name, kill] = /^([a-z]+)( kill)?$/.exec(line) ?? [];
      clusterFor(name ?? "shared", kill !== undefined)
        .then(({ connection }) => socket.end(`${JSON.stringify({ connection })}\n`))
        .catch((error: unknown) => socket.end(`${JSON.stringify({ error: String(error) })}\n`));
    });
  });
  const socketPath = path.join(dir, "ask");
  server.listen(socketPath);
  project.provide("postgresSocket", socketPath);

  return async () => {
    server.close();
    for (const starting of clusters.values()) await (await starting).stop();
    fs.rmSync(dir, { recursive: true, force: true });
  };
}
