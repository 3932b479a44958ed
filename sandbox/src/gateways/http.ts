import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Gateway } from "./names.ts";

/** What a gateway does with one call; `cut` drops the connection without a byte. */
export type Answer =
  | { kind: "reply"; status: number; headers: Record<string, string>; body: string | Buffer }
  | { kind: "cut" };
/** One call as it reached a gateway, for tests that count them. */
export interface SeenCall {
  gateway: Gateway;
  call: "pay" | "query" | "reverse" | "refund" | "refundQuery" | "prepay" | "close" | "bill" | "other";
  /** The order number; for refunds and their queries the refund number. */
  ref: string;
  headers: IncomingMessage["headers"];
}
export interface GatewayServer {
  url: string;
  /** Stops or begins listening at the port; calls in the air are cut when it stops. */
  listen(open: boolean): Promise<void>;
  close(): Promise<void>;
}

const MAX_BODY_BYTES = 64 * 1024;

async function readBody(request: IncomingMessage): Promise<string | null> {
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of request) {
    const chunk: Buffer = Buffer.from(part);
    bytes += chunk.length;
    if (bytes > MAX_BODY_BYTES) return null;
    parts.push(chunk);
  }
  return Buffer.concat(parts).toString("utf8");
}

function send(response: ServerResponse, answer: Answer): void {
  if (answer.kind === "cut") {
    response.socket?.resetAndDestroy();
    return;
  }
  response.writeHead(answer.status, answer.headers);
  response.end(answer.body);
}

/**
 * A gateway's HTTP server on the loopback. `answer` is synchronous, so calls are carried out one after the other as
 * they come in; `delayMs` is asked once per reply and only holds the reply back.
 */
export async function serve(
  port: number,
  answer: (request: IncomingMessage, body: string) => Answer,
  delayMs: () => number,
): Promise<GatewayServer> {
  const held = new Set<NodeJS.Timeout>();

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await readBody(request);
    const result: Answer = body === null ? { kind: "cut" } : answer(request, body);
    const wait = delayMs();
    if (wait === 0) return send(response, result);
    const timer = setTimeout(() => {
      held.delete(timer);
      send(response, result);
    }, wait);
    held.add(timer);
  }

  const server = createServer((request, response) => {
    handle(request, response).catch((error: unknown) => {
      // A caller that hung up in the middle is no event; anything else is a fault of the sandbox and must be seen.
      if (!request.destroyed || request.complete) console.error("sandbox gateway:", error);
      response.destroy();
    });
  });
  const address = await listenOn(server, port);
  let work = Promise.resolve();
  async function set(open: boolean): Promise<void> {
    if (server.listening === open) return;
    if (open) await listenOn(server, address.port);
    else await closeServer(server);
  }

  return {
    url: `http://127.0.0.1:${address.port}`,
    listen(open) {
      work = work.then(() => set(open));
      return work;
    },
    close() {
      for (const timer of held) clearTimeout(timer);
      return work.then(() => closeServer(server));
    },
  };
}

async function listenOn(server: Server, port: number): Promise<AddressInfo> {
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", () => {
      server.off("error", reject);
      resolve();
    });
  });
  return server.address() as AddressInfo; // a server that listens on a port always has one
}

function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}

/** "2026-11-22T10:00:00+08:00", as both gateways write Beijing time (Alipay with a blank and no zone). */
export function beijingTime(at: number): string {
  return `${new Date(at + 8 * 3600_000).toISOString().slice(0, 19)}+08:00`;
}

/** "2026-11-22", Beijing's calendar. */
export const beijingDay = (at: number): string => beijingTime(at).slice(0, 10);

/** "2026-11-22 10:00:00", Beijing. */
export const beijingClock = (at: number): string => beijingTime(at).slice(0, 19).replace("T", " ");

/** The moment a day begins in Beijing, ms. */
export const dayStart = (day: string): number => Date.parse(`${day}T00:00:00+08:00`);

/** Undefined: not JSON. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** "1.00", with the sign of a negative amount in front. */
export function yuan(fen: number): string {
  const size = Math.abs(fen);
  return `${fen < 0 ? "-" : ""}${Math.trunc(size / 100)}.${String(size % 100).padStart(2, "0")}`;
}
