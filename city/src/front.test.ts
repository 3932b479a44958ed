import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { openFront, routeOf } from "./front.ts";

const targets = { server: 1, sandbox: 2, agents: { "kiosk-1": 3, "kiosk-2": 4 } };

describe("routeOf", () => {
  it.each<[string, object | null]>([
    ["/api/v1/purchases/x/events?after=3", { port: 1, path: "/api/v1/purchases/x/events?after=3" }],
    ["/docs/api", { port: 1, path: "/docs/api" }],
    ["/b/abc", { port: 1, path: "/b/abc" }],
    ["/bench", null],
    ["/workbench/trail", null],
    ["/r/abc", { port: 1, path: "/r/abc" }],
    ["/notify/wechat", { port: 1, path: "/notify/wechat" }],
    ["/sandbox/api/cards", { port: 2, path: "/sandbox/api/cards" }],
    ["/kiosk/socket/kiosk-2", { port: 4, path: "/socket" }],
    ["/kiosk/socket/kiosk-9", null],
    ["/kiosk/", null],
    ["/receipts", null],
    ["/apiary", null],
    ["/", null],
  ])("%s", (path, target) => expect(routeOf(path, targets)).toEqual(target));

  it("passes nothing to a sandbox that is not there", () => {
    expect(routeOf("/sandbox/api/cards", { ...targets, sandbox: null })).toBeNull();
  });
});

it("closes while a screen is still connected", async () => {
  const files = mkdtempSync(join(tmpdir(), "citygas-front-"));
  const accepted: Socket[] = [];
  const agent = createServer((socket) => {
    accepted.push(socket);
    socket.once("data", () => socket.write("HTTP/1.1 101 Switching Protocols\r\n\r\n"));
  }).listen(0, "127.0.0.1");
  await once(agent, "listening");
  const { port } = agent.address() as AddressInfo; // it listens on TCP
  const front = await openFront(0, "127.0.0.1", {
    ...targets,
    agents: { "kiosk-1": port },
    kioskFiles: files,
    workbenchFiles: null,
    adminTokenFile: null,
    health: () => Promise.resolve(true),
  });
  const screen = connect(Number(new URL(front.url).port), "127.0.0.1");
  screen.write("GET /kiosk/socket/kiosk-1 HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
  await once(screen, "data");
  const ended = once(screen, "close");
  await front.close();
  await ended;
  for (const socket of accepted) socket.destroy();
  agent.close();
  rmSync(files, { recursive: true });
});
