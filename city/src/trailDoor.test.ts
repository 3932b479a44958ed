import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fastify from "fastify";
import { expect, it, onTestFinished } from "vitest";
import { openTrailDoor } from "./trailDoor.ts";

/** A server that answers with what it was asked. */
async function world() {
  const folder = mkdtempSync(join(tmpdir(), "citygas-trail-"));
  const adminTokenFile = join(folder, "admin.token");
  writeFileSync(adminTokenFile, "the-token\n");
  const server = createServer((request, response) => {
    const known = request.headers.authorization === "Bearer the-token";
    response.writeHead(known ? 200 : 401).end(JSON.stringify({ url: request.url }));
  });
  const serverPort = await new Promise<number>((resolve) => {
    server.listen({ port: 0, host: "127.0.0.1" }, () => {
      const address = server.address();
      resolve(typeof address === "object" && address !== null ? address.port : 0);
    });
  });
  const app = fastify();
  openTrailDoor(app, { serverPort, adminTokenFile });
  const close = () => new Promise((resolve) => server.close(resolve));
  onTestFinished(async () => {
    await app.close();
    await close();
    rmSync(folder, { recursive: true });
  });
  return { app, close, adminTokenFile };
}

it("asks the server's trail with the token, and tells nobody the token", async () => {
  const { app } = await world();
  const reply = await app.inject("/workbench/trail?after=abc&limit=9999&id=x");
  expect(reply.statusCode).toBe(200);
  expect(reply.json()).toEqual({ url: "/api/v1/trail?limit=200&after=abc" });
  expect(JSON.stringify(reply.headers) + reply.body).not.toContain("the-token");
});

it("says so when the server or its token is not there", async () => {
  const { app, close, adminTokenFile } = await world();
  writeFileSync(adminTokenFile, "another");
  expect((await app.inject("/workbench/trail")).statusCode).toBe(401);
  rmSync(adminTokenFile);
  expect((await app.inject("/workbench/trail")).statusCode).toBe(502);
  writeFileSync(adminTokenFile, "the-token");
  await close();
  expect((await app.inject("/workbench/trail")).statusCode).toBe(502);
});
