/** One request on a connection of its own, and no more of the answer than was allowed. */
import { createServer, type IncomingMessage, type RequestListener, type Server } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { afterEach, expect, test } from "vitest";
import { oneRequest, readBody } from "./oneRequest.ts";

const PATIENT_MS = 10_000;
const opened: Server[] = [];
afterEach(async () => {
  for (const server of opened.splice(0)) {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
});

async function serve(listener: RequestListener): Promise<{ url: URL; server: Server }> {
  const server = createServer(listener);
  opened.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo; // a server that listens on a port always has one
  return { url: new URL(`http://127.0.0.1:${port}/`), server };
}
const ask = (url: URL, maxBytes = 100) =>
  oneRequest({ method: "POST", url, headers: {}, body: Buffer.from("pay") }, PATIENT_MS, (reply) =>
    readBody(reply, maxBytes),
  );
const answered = (text: string) => ({ kind: "answered", value: Buffer.from(text) });

/**
 * A gateway that keeps connections open closes them when it likes. A pay call that goes out on one at that moment is lost
 * with it, and nobody can say whether it arrived: each would be an unknown payment, of a gateway that is well.
 */
test("each request has a connection of its own: none is lost with one that the other side is giving up", async () => {
  const used = new Set<Socket>();
  const { url } = await serve((request, response) => {
    if (used.has(request.socket)) return request.socket.destroy();
    used.add(request.socket);
    response.writeHead(200, { connection: "keep-alive", "content-length": 2 }).end("ok");
  });
  for (let time = 0; time < 3; time++) expect(await ask(url)).toEqual(answered("ok"));
  expect(used.size).toBe(3);
  // All at once, too: nobody waits for a place in a pool.
  const many = await Promise.all(Array.from({ length: 20 }, () => ask(url)));
  expect(new Set(many.map(({ kind }) => kind))).toEqual(new Set(["answered"]));
  expect(used.size).toBe(23);
});

test("its connection ends with it, read to the end or not", async () => {
  const ends: Promise<unknown>[] = [];
  const { url } = await serve((request, response) => {
    ends.push(new Promise((resolve) => request.socket.once("close", resolve)));
    response.writeHead(200, { connection: "keep-alive" }).write("ok");
    // The other side would go on for ever.
    if (request.method === "POST") response.end();
  });
  expect(await ask(url)).toEqual(answered("ok"));
  const hourMs = 3_600_000;
  const unread = await oneRequest({ method: "GET", url, headers: {} }, hourMs, async () => "enough");
  expect(unread).toEqual({ kind: "answered", value: "enough" });
  expect(ends).toHaveLength(2);
  await Promise.all(ends);
});

test("an answer has its limit to the byte", async () => {
  const { url } = await serve((_request, response) => response.end("x".repeat(100)));
  expect(await ask(url, 100)).toEqual(answered("x".repeat(100)));
  expect(await ask(url, 99)).toEqual({ kind: "silent", why: "tooLarge", notSent: false });
});

test.each([
  ["announced as huge", { "content-length": String(2 ** 40) }],
  ["without an end", {}],
])("an answer %s is left where the limit is, not read until the time is over", async (_name, headers) => {
  const left: Promise<unknown>[] = [];
  const { url } = await serve((request, response) => {
    left.push(new Promise((resolve) => request.socket.once("close", resolve)));
    response.writeHead(200, headers);
    const more = () => {
      while (!response.destroyed && response.write("x".repeat(64 * 1024)));
    };
    response.on("drain", more);
    more();
  });
  expect(await ask(url, 1024 * 1024)).toEqual({ kind: "silent", why: "tooLarge", notSent: false });
  await Promise.all(left);
});

test("what its reader throws makes it silent, by its code, and never 'not sent'", async () => {
  const { url } = await serve((_request, response) => response.end("ok"));
  const read = (_reply: IncomingMessage) => Promise.reject(Object.assign(new Error("no"), { code: "ECONNREFUSED" }));
  expect(await oneRequest({ method: "GET", url, headers: {} }, PATIENT_MS, read)).toEqual({
    kind: "silent",
    why: "ECONNREFUSED",
    notSent: false,
  });
});
