/** A whole server for tests, on a database of its own: real routes, real store, a clock that the test moves. */
import { generateKeyPairSync, type KeyObject, randomUUID, sign } from "node:crypto";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { tokenMessage } from "@citygas/api";
import { testChannel } from "@citygas/gateways";
import type { InjectOptions } from "fastify";
import { makeLog } from "./http/log.ts";
import { type RunningServer, type ServerOptions, startServer } from "./server.ts";
import { freshDatabase } from "./store/testDatabase.ts";

export interface TestServer {
  server: RunningServer;
  options: ServerOptions;
  clock: { now: number };
  dataDir: string;
  /** As the administrator; the answer's body parsed. */
  admin(
    method: "GET" | "POST" | "PUT" | "DELETE",
    url: string,
    body?: object,
    headers?: Record<string, string>,
  ): Promise<Reply>;
  call(request: InjectOptions): Promise<Reply>;
  stop(): Promise<void>;
}

export interface Reply {
  status: number;
  headers: Record<string, unknown>;
  // A test reads whatever it expects; a wrong shape fails its expectation.
  body: Record<string, unknown>;
  text: string;
}

export async function testServer(options: { demo?: boolean; now?: number } = {}): Promise<TestServer> {
  const database = await freshDatabase("shared", { migrated: false });
  const dataDir = fs.mkdtempSync(path.join(os.tmpdir(), "citygas-server-"));
  const clock = { now: options.now ?? Date.now() };
  const serverOptions: ServerOptions = {
    database: database.connection,
    dataDir,
    port: 0,
    channels: new Map([["test", testChannel()]]),
    publicUrl: "http://127.0.0.1:8080",
    log: makeLog("silent"),
    demo: options.demo ?? false,
    now: () => clock.now,
  };
  const server = await startServer(serverOptions);
  const call = async (request: InjectOptions): Promise<Reply> => {
    const reply = await server.app.inject(request);
    const isJson = String(reply.headers["content-type"] ?? "").includes("json");
    return { status: reply.statusCode, headers: reply.headers, body: isJson ? reply.json() : {}, text: reply.body };
  };
  return {
    server,
    options: serverOptions,
    clock,
    dataDir,
    call,
    admin: (method, url, body, headers = {}) =>
      call({
        method,
        url: `/api/v1${url}`,
        headers: { authorization: `Bearer ${server.adminToken}`, ...headers },
        ...(body === undefined ? {} : { payload: body }),
      }),
    async stop() {
      await server.close();
      await database.drop();
      fs.rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

export interface TestTerminal {
  id: string;
  privateKey: KeyObject;
  publicKeyPem: string;
  /** A signed body for `POST /terminals/token`. */
  request(timestampMs: number, nonce?: string): object;
}

/** Pairs a fresh key by this code. */
export async function pairWith(test: TestServer, code: string): Promise<TestTerminal> {
  const { publicKey, privateKey } = generateKeyPairSync("ed25519");
  const publicKeyPem = publicKey.export({ type: "spki", format: "pem" }).toString();
  const reply = await test.call({
    method: "POST",
    url: "/api/v1/terminals/pair",
    payload: { code, publicKey: publicKeyPem },
  });
  if (reply.status !== 200) throw new Error(`pairing: ${reply.status} ${reply.text}`);
  const id = String(reply.body.terminalId);
  return {
    id,
    privateKey,
    publicKeyPem,
    request(timestampMs, nonce = randomUUID()) {
      const message = Buffer.from(tokenMessage(id, timestampMs, nonce));
      return { terminalId: id, timestampMs, nonce, signature: sign(null, message, privateKey).toString("base64") };
    },
  };
}

export async function tokenFor(test: TestServer, terminal: TestTerminal): Promise<string> {
  const payload = terminal.request(test.clock.now);
  const reply = await test.call({ method: "POST", url: "/api/v1/terminals/token", payload });
  if (reply.status !== 200) throw new Error(`token: ${reply.status} ${reply.text}`);
  return String(reply.body.token);
}
