import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Gateway } from "./faults.ts";

/** What a gateway does with one call; `cut` drops the connection without a byte. */
export type Answer = { kind: "reply"; status: number; headers: Record<string, string>; body: string } | { kind: "cut" };
/** One call as it reached a gateway, for tests that count them. */
export interface SeenCall {
  gateway: Gateway;
  call: "pay" | "query" | "reverse" | "refund" | "refundQuery" | "other";
  /** The order number; for refunds and their queries the refund number. */
  ref: string;
  headers: IncomingMessage["headers"];
}
export interface GatewayServer {
  url: string;
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
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", resolve);
  });
  const address = server.address() as AddressInfo; // a server that listens on a port always has one
  return {
    url: `http://127.0.0.1:${address.port}`,
    close() {
      for (const timer of held) clearTimeout(timer);
      return new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      });
    },
  };
}

/** "2026-11-22T10:00:00+08:00", as both gateways write Beijing time (Alipay with a blank and no zone). */
export function beijingTime(at: number): string {
  return `${new Date(at + 8 * 3600_000).toISOString().slice(0, 19)}+08:00`;
}
