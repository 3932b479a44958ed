import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { afterEach, describe, expect, it } from "vitest";
import { type Answer, terminalApi } from "./client.ts";
import { eventReader } from "./eventStream.ts";

const problem = (status: number, code: string) => ({ type: "about:blank", title: code, status, code, zh: "", en: "" });
const config = {
  terminalId: "0190a000-0000-7000-8000-000000000001",
  terminal: "1号机",
  company: "洪通燃气",
  unit: "库尔勒",
  hotline: "0996-2959627",
  nowMs: 5,
  settings: { codeWindowMs: 60_000, successWindowMs: 30_000, idleMs: 60_000 },
};

let server: Server | null = null;
afterEach(() => {
  server?.closeAllConnections();
  server?.close();
  server = null;
});

async function serve(handler: (req: IncomingMessage, res: ServerResponse) => void): Promise<string> {
  const started = createServer(handler);
  server = started;
  await new Promise<void>((resolve) => started.listen(0, "127.0.0.1", resolve));
  const address = started.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return `http://127.0.0.1:${address.port}`;
}
const token = (value: string) => async (): Promise<Answer<string>> => ({ ok: true, value });
const json = (res: ServerResponse, status: number, body: unknown) => {
  res.writeHead(status, { "content-type": "application/json" });
  res.end(JSON.stringify(body));
};

describe("terminalApi", () => {
  it("sends the token and gives the checked answer", async () => {
    const seen: (string | undefined)[] = [];
    const serverUrl = await serve((req, res) => {
      seen.push(req.url, req.headers.authorization);
      json(res, 200, config);
    });
    expect(await terminalApi({ serverUrl, token: token("t1") }).me()).toEqual({ ok: true, value: config });
    expect(seen).toEqual(["/api/v1/terminals/me", "Bearer t1"]);
  });

  it("asks once for a fresh token when the server wants one", async () => {
    const serverUrl = await serve((req, res) =>
      req.headers.authorization === "Bearer new"
        ? json(res, 200, config)
        : json(res, 401, problem(401, "auth.required")),
    );
    const asked: boolean[] = [];
    const api = terminalApi({
      serverUrl,
      token: async (fresh) => {
        asked.push(fresh);
        return { ok: true, value: fresh ? "new" : "old" };
      },
    });
    expect((await api.me()).ok).toBe(true);
    expect(asked).toEqual([false, true]);
  });

  it("carries the idempotency key and hands a problem on", async () => {
    const keys: unknown[] = [];
    const serverUrl = await serve((req, res) => {
      keys.push(req.headers["idempotency-key"]);
      json(res, 409, problem(409, "purchase.quoteStale"));
    });
    const answer = await terminalApi({ serverUrl, token: token("t") }).confirm("p", "key-1");
    expect(answer).toMatchObject({ ok: false, kind: "problem", problem: { code: "purchase.quoteStale" } });
    expect(keys).toEqual(["key-1"]);
  });

  it("takes a 204 as done", async () => {
    const serverUrl = await serve((_req, res) => {
      res.writeHead(204);
      res.end();
    });
    expect(await terminalApi({ serverUrl, token: token("t") }).endSession("s")).toEqual({ ok: true, value: null });
  });

  it.each([
    ["a proxy's error page", (res: ServerResponse) => res.writeHead(502).end("<html>")],
    ["a centre that can't now", (res: ServerResponse) => json(res, 503, problem(503, "server.unavailable"))],
    ["an answer of another shape", (res: ServerResponse) => json(res, 200, { ...config, nowMs: "soon" })],
    ["a cut line", (res: ServerResponse) => res.destroy()],
  ])("calls %s unreachable, for nothing is known", async (_name, reply) => {
    const serverUrl = await serve((_req, res) => void reply(res));
    const answer = await terminalApi({ serverUrl, token: token("t") }).me();
    expect(answer).toEqual({ ok: false, kind: "unreachable" });
  });
});

describe("eventReader", () => {
  const text = 'retry: 1\n\n: hello\n\ndata: {"a":1}\n\ndata: x\r\ndata: y\r\n\r\n';

  it("gives the same events however the stream is cut", () => {
    for (let cut = 0; cut <= text.length; cut++) {
      const read = eventReader();
      expect([...read(text.slice(0, cut)), ...read(text.slice(cut))]).toEqual(['{"a":1}', "x\ny"]);
    }
  });

  it("gives nothing for an event that has not ended", () => {
    expect(eventReader()("data: half\n")).toEqual([]);
  });

  it("bounds what it buffers", () => {
    const read = eventReader();
    expect(() => read("x".repeat(300_000))).toThrow(RangeError);
  });
});
