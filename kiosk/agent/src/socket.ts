/**
 * The agent's door for its screens, on loopback only: the WebSocket of the views, `GET /health`, `GET /metrics.json`.
 * Every connected screen sees the same views; which taps count is the feed's to say. Pages of other sites can't open
 * it (Origin), nor names that were pointed at this machine (Host).
 */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { type WebSocket, WebSocketServer } from "ws";
import { parseAction } from "./actionMessage.ts";
import type { Agent } from "./run.ts";

export interface Door {
  port: number;
  close(): Promise<void>;
}

const maxScreens = 8;
const maxMessageBytes = 4_096;
const maxUnsentBytes = 1024 * 1024;
const pingEveryMs = 15_000;

/** Throws when the port is taken. */
export async function openDoor(agent: Agent, options: { port: number; origins: readonly string[] }): Promise<Door> {
  const server = createServer((request, response) => answer(agent, request, response));
  const sockets = new WebSocketServer({ noServer: true, maxPayload: maxMessageBytes });
  const screens: WebSocket[] = [];
  const alive = new WeakSet<WebSocket>();

  server.on("upgrade", (request, socket, head) => {
    const path = (request.url ?? "").split("?")[0];
    if (path !== "/socket" || !welcome(request, options.origins)) {
      socket.end("HTTP/1.1 403 Forbidden\r\nconnection: close\r\n\r\n");
      return;
    }
    sockets.handleUpgrade(request, socket, head, (screen) => join(screen));
  });
  const join = (screen: WebSocket): void => {
    screens.push(screen);
    alive.add(screen);
    // The newest screens stay: a forgotten one must not keep the real one out.
    if (screens.length > maxScreens) screens.shift()?.terminate();
    screen.on("message", (data, binary) => {
      const message = binary ? null : parseAction(data.toString());
      if (message !== null) agent.act(message);
    });
    screen.on("pong", () => alive.add(screen));
    screen.on("error", () => undefined);
    screen.on("close", () => {
      const index = screens.indexOf(screen);
      if (index !== -1) screens.splice(index, 1);
    });
    screen.send(JSON.stringify(agent.feed.current()));
  };
  const unsubscribe = agent.feed.subscribe((view) => {
    const text = JSON.stringify(view);
    for (const screen of [...screens]) {
      // A screen that does not read gets a fresh start, not a growing queue.
      if (screen.bufferedAmount > maxUnsentBytes) screen.terminate();
      else screen.send(text);
    }
  });
  const pings = setInterval(() => {
    for (const screen of [...screens]) {
      if (!alive.has(screen)) {
        screen.terminate();
        continue;
      }
      alive.delete(screen);
      screen.ping();
    }
  }, pingEveryMs);

  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(options.port, "127.0.0.1", resolve);
  });
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return {
    port: address.port,
    close: async () => {
      clearInterval(pings);
      unsubscribe();
      for (const screen of [...screens]) screen.terminate();
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

function answer(agent: Agent, request: IncomingMessage, response: ServerResponse): void {
  const body =
    request.method !== "GET"
      ? null
      : request.url === "/health"
        ? { status: "ok", stage: agent.stage(), screen: agent.feed.current().screen.name }
        : request.url === "/metrics.json"
          ? agent.metrics()
          : null;
  response.writeHead(body === null ? 404 : 200, { "content-type": "application/json", "cache-control": "no-store" });
  response.end(JSON.stringify(body ?? { status: "notFound" }));
}

/** Exported for its test. `origins` besides loopback that are let in. */
export function welcome(
  request: { headers: { host?: string | undefined; origin?: string | undefined } },
  origins: readonly string[],
): boolean {
  const { host, origin } = request.headers;
  const known = new Set(origins.map((each) => hostOf(each)));
  const hostName = hostOf(`http://${host ?? ""}`);
  if (hostName === null || !(isLoopback(hostName) || known.has(hostName))) return false;
  // No Origin: not a browser page, so nobody else's script.
  if (origin === undefined) return true;
  const originHost = hostOf(origin);
  return originHost !== null && (isLoopback(originHost) || origins.includes(origin));
}

function hostOf(url: string): string | null {
  return URL.canParse(url) ? new URL(url).hostname : null;
}
function isLoopback(name: string): boolean {
  return name === "localhost" || name === "[::1]" || /^127(\.\d{1,3}){3}$/.test(name);
}
