/** A provider that answers whatever it likes: every answer has one meaning, and none is an exception. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, expect, test } from "vitest";
import { httpNotices } from "./httpNotices.ts";

let server: Server;
let url: string;
let seen: { authorization: string | undefined; body: unknown }[];
let answer: (request: IncomingMessage, response: ServerResponse) => void;

beforeEach(async () => {
  seen = [];
  server = createServer((request, response) => {
    let text = "";
    request.setEncoding("utf8");
    request.on("data", (part: string) => {
      text += part;
    });
    request.on("end", () => {
      seen.push({ authorization: request.headers.authorization, body: JSON.parse(text) });
      answer(request, response);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  // A server that listens on a port has this kind of address.
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/sms/send`;
});
afterEach(() => {
  server.closeAllConnections();
  return new Promise<void>((resolve) => server.close(() => resolve()));
});

const message = {
  templateId: "citygas.refunded",
  to: "13800000000",
  params: { number: "3K7-0192", paid: "12.34元" },
  text: "购气单 3K7-0192 已退款。",
  ref: "00000000-0000-8000-8000-000000000001",
};
const send = () => httpNotices({ name: "sms", url, secret: "s3cret", timeoutMs: 5_000 }).send(message);
const replies = (status: number, body: string) => {
  answer = (_request, response) => response.writeHead(status, { "content-type": "application/json" }).end(body);
};

test("what is sent is what the provider's wire asks for", async () => {
  replies(200, `{"id":"m-1"}`);
  expect(await send()).toEqual({ kind: "sent", id: "m-1" });
  expect(seen).toEqual([{ authorization: "Bearer s3cret", body: message }]);
});

test.each<[number, string, object]>([
  [422, `{"code":"addressRefused"}`, { kind: "refused", what: "address", code: "addressRefused" }],
  [401, `{"code":"wrongSecret"}`, { kind: "refused", what: "setup", code: "wrongSecret" }],
  [400, "<html>", { kind: "refused", what: "setup", code: "400" }],
  [503, `{"code":"providerDown"}`, { kind: "unknown", why: "providerDown" }],
  [302, "", { kind: "unknown", why: "302" }],
  [200, "{}", { kind: "unknown", why: "badReply" }],
  [200, `{"id":7}`, { kind: "unknown", why: "badReply" }],
  [200, "\u0000", { kind: "unknown", why: "badReply" }],
  [500, "x".repeat(70_000), { kind: "unknown", why: "tooLarge" }],
])("%i %s", async (status, body, outcome) => {
  replies(status, body);
  expect(await send()).toEqual(outcome);
});

test("a line that breaks is unknown, and nothing is sent again by itself", async () => {
  answer = (request) => request.socket.destroy();
  expect((await send()).kind).toBe("unknown");
  expect(seen).toHaveLength(1);
});
