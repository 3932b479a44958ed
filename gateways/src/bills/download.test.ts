import { createHash } from "node:crypto";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type Hostile, hostile, nobody } from "../hostile.testkit.ts";
import { downloadBill, keeping, type Limits, type Seen } from "./download.ts";

let dir = "";
let file = "";
const opened: Hostile[] = [];
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "citygas-bills-"));
  file = join(dir, "bill.csv");
});
afterEach(async () => {
  await Promise.all(opened.splice(0).map((server) => server.close()));
  rmSync(dir, { recursive: true, force: true });
});

async function fetchFrom(
  answer: Parameters<typeof hostile>[0],
  { check = () => null, ...limits }: Partial<Limits> & { check?: (seen: Seen) => string | null } = {},
) {
  const server = await hostile(answer);
  opened.push(server);
  const request = { method: "GET", url: new URL(server.url), headers: { Authorization: "a" } } as const;
  const within = { timeoutMs: 10_000, maxBytes: 1_000_000, ...limits };
  return await keeping(file, (part) => downloadBill(request, within, { part, format: "wechat-trade-csv" }, check));
}

test("a file stands under its name, whole, its hashes seen on the way, for its owner only", async () => {
  const bytes = Buffer.alloc(300_000, "交易时间,`1.00\n");
  const seen: Seen[] = [];
  const check = (all: Seen) => {
    seen.push(all);
    expect(existsSync(file)).toBe(false);
    return null;
  };
  const fetched = await fetchFrom((_request, _body, response) => response.end(bytes), { check });
  const hash = (name: string) => createHash(name).update(bytes).digest("hex");
  expect(fetched).toEqual({ kind: "file", format: "wechat-trade-csv", sizeBytes: 300_000, sha256: hash("sha256") });
  expect(seen).toEqual([
    { sizeBytes: 300_000, sha256: hash("sha256"), sha1: hash("sha1"), head: bytes.subarray(0, 4096) },
  ]);
  expect(readFileSync(file).equals(bytes)).toBe(true);
  expect(statSync(file).mode & 0o077).toBe(0);
  expect(readdirSync(dir)).toEqual(["bill.csv"]);
});

test.each<[string, Parameters<typeof hostile>[0], Partial<Limits> & { check?: () => string }, object]>([
  ["found wrong", (_r, _b, response) => response.end("x"), { check: () => "sha1" }, { kind: "damaged", why: "sha1" }],
  [
    "too large",
    (_r, _b, response) => response.end("x".repeat(11)),
    { maxBytes: 10 },
    { kind: "damaged", why: "tooLarge" },
  ],
  ["refused", (_r, _b, response) => response.writeHead(400).end("{}"), {}, { kind: "unknown", why: "http.400" }],
  [
    "redirected",
    (_r, _b, response) => response.writeHead(302, { Location: "/x" }).end(),
    {},
    { kind: "unknown", why: "http.302" },
  ],
  ["silent", () => {}, { timeoutMs: 100 }, { kind: "unknown", why: "ETIMEDOUT" }],
  [
    "cut",
    (request, _b, response) => {
      response.writeHead(200, { "Content-Length": "1000" });
      response.write("half", () => request.socket.destroy());
    },
    {},
    { kind: "unknown", why: "ECONNRESET" },
  ],
])("%s: nothing is kept, an older file of that name neither", async (_name, answer, how, fetched) => {
  writeFileSync(file, "an older one");
  expect(await fetchFrom(answer, how)).toEqual(fetched);
  expect(readdirSync(dir)).toEqual([]);
  expect(opened[0]?.hits()).toBe(1);
});

test("a file that drips for ever ends with its time", async () => {
  let drip: NodeJS.Timeout | undefined;
  const fetched = await fetchFrom(
    (_request, _body, response) => {
      response.writeHead(200);
      drip = setInterval(() => response.write("x"), 20);
    },
    { timeoutMs: 200 },
  );
  clearInterval(drip);
  expect(fetched).toEqual({ kind: "unknown", why: "ETIMEDOUT" });
  expect(readdirSync(dir)).toEqual([]);
});

test("nobody there, and no folder to write to", async () => {
  const request = { method: "GET", url: new URL(await nobody()), headers: {} } as const;
  const within = { timeoutMs: 10_000, maxBytes: 10 };
  const to = { part: file, format: "wechat-trade-csv" } as const;
  const gone = await downloadBill(request, within, to, () => null);
  expect(gone).toEqual({ kind: "unknown", why: "ECONNREFUSED" });
  rmSync(dir, { recursive: true });
  expect(await fetchFrom((_r, _b, response) => response.end("x"))).toEqual({ kind: "unknown", why: "ENOENT" });
});
