/**
 * The one port that people open: landing page, kiosk and workbench files, and everything else passed on to the part
 * that answers it. Holds no state.
 */
import { once } from "node:events";
import { createServer, request as httpRequest, type IncomingMessage, type ServerResponse } from "node:http";
import { type AddressInfo, connect } from "node:net";
import type { Duplex } from "node:stream";
import fastifyStatic from "@fastify/static";
import fastify from "fastify";
import { landingPage, notBuiltPage } from "./landing.ts";
import { openTrailDoor } from "./trailDoor.ts";

export interface FrontTargets {
  server: number;
  /** null in production: no sandbox, no workbench. */
  sandbox: number | null;
  /** kiosk name → agent's port. */
  agents: Readonly<Record<string, number>>;
  kioskFiles: string;
  workbenchFiles: string | null;
  /** Where the server keeps the administrator's token; null in production: the workbench alone needs it. */
  adminTokenFile: string | null;
  health(): Promise<boolean>;
}

export interface Front {
  url: string;
  close(): Promise<void>;
}

/** Where a path goes: a port and the path there; null = answered here. */
export function routeOf(
  path: string,
  targets: Pick<FrontTargets, "server" | "sandbox" | "agents">,
): { port: number; path: string } | null {
  const socket = /^\/kiosk\/socket\/([\w-]+)$/.exec(path.split("?")[0] ?? path);
  if (socket !== null) {
    const port = targets.agents[socket[1] ?? ""];
    return port === undefined ? null : { port, path: "/socket" };
  }
  if (/^\/(api|docs|r|b|notify)(\/|$|\?)/.test(path)) return { port: targets.server, path };
  if (/^\/sandbox\/(api|cashier)(\/|$|\?)/.test(path) && targets.sandbox !== null)
    return { port: targets.sandbox, path };
  return null;
}

export async function openFront(port: number, host: string, targets: FrontTargets): Promise<Front> {
  const app = await pages(targets);
  const server = createServer((request, response) => {
    const target = routeOf(request.url ?? "/", targets);
    if (target !== null) passOn(request, response, target);
    else app.routing(request, response);
  });
  /** The screens' lines. The HTTP server forgets them at their upgrade, and yet waits for their end. */
  const lines = new Set<Duplex>();
  server.on("upgrade", (request, socket, head) => {
    const target = routeOf(request.url ?? "/", targets);
    if (target === null) {
      socket.destroy();
      return;
    }
    lines.add(socket);
    socket.on("close", () => lines.delete(socket));
    passUpgrade(request, socket, head, target);
  });
  server.listen({ port, host });
  await once(server, "listening");
  return {
    url: `http://${host}:${(server.address() as AddressInfo).port}`, // it listens on TCP
    close: async () => {
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      for (const line of lines) line.destroy();
      await Promise.all([closed, app.close()]);
    },
  };
}

async function pages(targets: FrontTargets) {
  const app = fastify();
  app.get("/health", async (_request, reply) => {
    const healthy = await targets.health();
    return reply.code(healthy ? 200 : 503).send({ status: healthy ? "ok" : "starting" });
  });
  app.get("/", (_request, reply) =>
    reply.type("text/html; charset=utf-8").send(landingPage(targets.workbenchFiles !== null)),
  );
  for (const path of ["/h5", "/mini", "/console"]) {
    app.get(path, (_request, reply) => reply.code(501).type("text/html; charset=utf-8").send(notBuiltPage()));
  }
  await app.register(fastifyStatic, { root: targets.kioskFiles, prefix: "/kiosk/" });
  app.get("/kiosk", (request, reply) => reply.redirect(`/kiosk/${query(request.url)}`));
  if (targets.workbenchFiles !== null) {
    await app.register(fastifyStatic, { root: targets.workbenchFiles, prefix: "/workbench/", decorateReply: false });
    if (targets.sandbox !== null && targets.adminTokenFile !== null)
      openTrailDoor(app, { serverPort: targets.server, adminTokenFile: targets.adminTokenFile });
    app.get("/workbench", (request, reply) => reply.redirect(`/workbench/${query(request.url)}`));
  }
  await app.ready();
  return app;
}

const query = (url: string): string => (url.includes("?") ? url.slice(url.indexOf("?")) : "");

function passOn(request: IncomingMessage, response: ServerResponse, target: { port: number; path: string }): void {
  const upstream = httpRequest(
    { host: "127.0.0.1", port: target.port, path: target.path, method: request.method, headers: request.headers },
    (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    },
  );
  upstream.on("error", () => {
    if (response.headersSent) response.destroy();
    else response.writeHead(502, { "content-type": "application/problem+json" }).end(JSON.stringify(unavailable));
  });
  response.on("close", () => upstream.destroy());
  request.pipe(upstream);
}

const unavailable = {
  type: "about:blank",
  title: "Service unavailable",
  status: 502,
  code: "server.unavailable",
  zh: "服务正在启动或暂时不可用，请稍后再试。",
  en: "The service is starting or unavailable. Please try again in a moment.",
};

function passUpgrade(
  request: IncomingMessage,
  client: Duplex,
  head: Buffer,
  target: { port: number; path: string },
): void {
  const upstream = connect({ host: "127.0.0.1", port: target.port }, () => {
    const headers = request.rawHeaders.reduce(
      (text, value, i) => text + (i % 2 === 0 ? `${value}: ` : `${value}\r\n`),
      "",
    );
    upstream.write(`GET ${target.path} HTTP/1.1\r\n${headers}\r\n`);
    upstream.write(head);
    upstream.pipe(client);
    client.pipe(upstream);
  });
  upstream.on("error", () => client.destroy());
  client.on("error", () => upstream.destroy());
  client.on("close", () => upstream.destroy());
}
