/** The surface: every route described, every refusal a problem with a status and both texts. */
import { ProblemSchema, refusalCodes } from "@citygas/api";
import { Check } from "typebox/value";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type TestServer, testServer } from "../server.testkit.ts";
import { problem, problemStatuses } from "./problem.ts";

let test: TestServer;
beforeAll(async () => {
  test = await testServer();
});
afterAll(() => test.stop());

describe("problems", () => {
  it.each(refusalCodes)("%s has a status and a text in both languages", (code) => {
    const body = problem(code);
    expect(Check(ProblemSchema, body)).toBe(true);
    expect(problemStatuses[code]).toBeGreaterThanOrEqual(400);
    expect(body.zh).toMatch(/[\u4e00-\u9fff]/);
    expect(body.en).toMatch(/[a-z]/);
  });

  it("writes the number of a refusal in the entry's unit", () => {
    expect(problem("entry.overLimit", { value: 150_000, entryUnit: "money" }).zh).toContain("1500元");
    expect(problem("entry.overLimit", { value: 47_400, entryUnit: "volume" }).zh).toContain("47.4 方");
  });

  it.each([
    ["an unknown path", { method: "GET", url: "/api/v1/nothing" }, 404, "notFound"],
    [
      "broken JSON",
      { method: "POST", url: "/api/v1/terminals/pair", headers: { "content-type": "application/json" }, payload: "{" },
      400,
      "request.invalid",
    ],
    [
      "a body of another shape",
      { method: "POST", url: "/api/v1/terminals/pair", payload: { code: 1 } },
      400,
      "request.invalid",
    ],
    [
      "another kind of body",
      { method: "POST", url: "/api/v1/terminals/pair", headers: { "content-type": "text/xml" }, payload: "<a/>" },
      415,
      "request.invalid",
    ],
    [
      "a body over 64 KB",
      { method: "POST", url: "/api/v1/terminals/pair", payload: { code: "x".repeat(70_000) } },
      413,
      "request.invalid",
    ],
    ["no token", { method: "GET", url: "/api/v1/terminals/me" }, 401, "auth.required"],
  ] as const)("answers %s with a problem", async (_name, request, status, code) => {
    const reply = await test.call(request);
    expect(reply.headers["content-type"]).toContain("application/problem+json");
    expect(reply).toMatchObject({ status, body: { status, code } });
    expect(Check(ProblemSchema, reply.body)).toBe(true);
    expect(reply.text).not.toContain("x".repeat(100));
  });

  it("asks for an Idempotency-Key where money moves", async () => {
    const url = "/accounts/00000000-0000-4000-8000-000000000000/adjustments";
    const reply = await test.admin("POST", url, { amountFen: 1, reason: "样例" });
    expect(reply).toMatchObject({ status: 400, body: { code: "request.keyMissing" } });
  });
});

describe("the description", () => {
  it("is OpenAPI 3.1 and holds every route under /api/v1, each with an operation", async () => {
    const reply = await test.call({ method: "GET", url: "/api/v1/openapi.json" });
    const description = reply.body as { openapi: string; paths: Record<string, Record<string, { tags?: string[] }>> };
    expect(description.openapi).toBe("3.1.0");
    const routes = test.server.app.printRoutes({ commonPrefix: false, includeHooks: false });
    expect(routes).toContain("openapi.json");
    const wanted = [
      ["get", "/health"],
      ["get", "/r/{token}"],
      ["post", "/api/v1/terminals/pair"],
      ["post", "/api/v1/terminals/token"],
      ["get", "/api/v1/terminals/me"],
      ["post", "/api/v1/card-sessions"],
      ["put", "/api/v1/card-sessions/{id}/image"],
      ["post", "/api/v1/card-sessions/{id}/reports"],
      ["post", "/api/v1/card-sessions/{id}/end"],
      ["post", "/api/v1/purchases"],
      ["post", "/api/v1/purchases/{id}/confirm"],
      ["post", "/api/v1/purchases/{id}/attempts"],
      ["post", "/api/v1/purchases/{id}/cancel"],
      ["get", "/api/v1/purchases/{id}"],
      ["get", "/api/v1/purchases/{id}/events"],
      ["post", "/api/v1/purchases/{id}/script"],
      ["get", "/api/v1/purchases/{id}/receipt"],
      ["post", "/api/v1/accounts"],
      ["put", "/api/v1/cards/{id}/status"],
    ];
    for (const [method = "", path = ""] of wanted)
      expect(description.paths[path]?.[method]?.tags, path).toHaveLength(1);
    const described = Object.values(description.paths).flatMap((methods) => Object.keys(methods)).length;
    const hidden = ["/metrics", "/docs/api", "/docs/api.css", "/docs/api.js", "/api/v1/openapi.json"];
    for (const url of hidden) expect((await test.call({ method: "GET", url })).status, url).toBe(200);
    // Fastify adds a HEAD to each GET; the line of a route names its methods.
    const served = routes
      .split("\n")
      .flatMap((line) => /\(([A-Z, ]+)\)/.exec(line)?.[1]?.split(", ") ?? [])
      .filter((method) => method !== "HEAD").length;
    expect(described).toBe(served - hidden.length);
  });

  it("is drawn by a page that needs nothing from elsewhere", async () => {
    const page = await test.call({ method: "GET", url: "/docs/api" });
    expect(page.status).toBe(200);
    expect(page.text).not.toMatch(/https?:\/\//);
    for (const url of ["/docs/api.js", "/docs/api.css"])
      expect((await test.call({ method: "GET", url })).status).toBe(200);
  });
});

describe("operation", () => {
  it("is healthy while the database has every migration", async () => {
    const { db } = test.server.ctx;
    expect((await test.call({ method: "GET", url: "/health" })).status).toBe(200);
    await db.query("update migration set name = 'away' where name = '0003_terminals_and_settings.sql'");
    expect((await test.call({ method: "GET", url: "/health" })).status).toBe(503);
    await db.query("update migration set name = '0003_terminals_and_settings.sql' where name = 'away'");
    expect((await test.call({ method: "GET", url: "/health" })).status).toBe(200);
  });

  it("counts requests by route, not by address", async () => {
    await test.call({ method: "GET", url: "/r/some-token-of-somebody" });
    const { text } = await test.call({ method: "GET", url: "/metrics" });
    expect(text).toMatch(/citygas_http_request_seconds_count\{method="GET",route="\/r\/:token",status="404"\} \d+/);
    expect(text).not.toContain("some-token");
  });
});
