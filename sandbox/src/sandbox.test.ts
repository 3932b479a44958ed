import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { bytesOf } from "./hex.ts";
import { type Sandbox, startSandbox } from "./sandbox.ts";
import type { SandboxSeed } from "./seed.ts";

/** Goal: the HTTP API and the wires show one and the same world, and it is there again after a restart. */
const IDENTITY = "43474f420101010009960311203086ff0000000000000000000000000000e2c8";
const PARAMETERS = "7f96980000000000000000000000e8a6";
const BOUGHT = "00c0d4010020261123c0d4010001008025";
const SEEN = "58000000f87a0000b8880000c00d000000ff85b5";

function userCardHex(): string {
  const bytes = Buffer.alloc(256, 0xff);
  bytes.set(bytesOf("a2131091"), 0);
  bytes.set(bytesOf(IDENTITY + PARAMETERS + BOUGHT), 32);
  bytes.set(bytesOf(SEEN), 128);
  return bytes.toString("hex");
}

const SEED: SandboxSeed = {
  cards: [
    { id: "c1", label: "用户卡一", accountNumber: "031140086", imageHex: userCardHex(), pscHex: "123456" },
    { id: "worn", label: "密码错过一次", imageHex: userCardHex(), errorCounter: 3 },
    { id: "stripe", label: "银行磁条卡", mute: true },
  ],
  meters: [
    {
      id: "m1",
      label: "厨房表",
      device: "meter",
      unit: "volume",
      boundTo: { areaCode: "0996", cardNumber: "0311203086" },
      replacement: 0,
      count: 255,
      totalCredited: 35_000,
      remaining: 3_520,
      registerL: 31_480,
      valve: "open",
      batteryLow: false,
    },
  ],
  phones: [{ id: "p1", name: "小李的手机", balanceFen: 500_000 }],
};

let dir: string;
let sandbox: Sandbox;
const start = (): Promise<Sandbox> => startSandbox({ dir, seed: SEED, writeTimeScale: 0, now: Date.now });

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), "sandbox-api-"));
  sandbox = await start();
});
afterAll(async () => {
  await sandbox.close();
  rmSync(dir, { recursive: true, force: true });
});

interface Answer {
  status: number;
  // The body of an answer is what the test says it is; a wrong shape fails the expectation.
  body: Record<string, unknown>;
}

async function call(method: string, path: string, body?: unknown): Promise<Answer> {
  // No kept connection: one to the sandbox of before a restart would be reused for the one after it.
  const init: RequestInit = { method, headers: { connection: "close" } };
  if (body !== undefined) {
    init.body = JSON.stringify(body);
    init.headers = { connection: "close", "content-type": "application/json" };
  }
  const response = await fetch(`${sandbox.url}/sandbox/api${path}`, init);
  return { status: response.status, body: Object(await response.json()) };
}
const get = (path: string): Promise<Answer> => call("GET", path);
const post = (path: string, body?: unknown): Promise<Answer> => call("POST", path, body);

/** A device's client: collects what comes, and waits until the text so far satisfies `until`. */
function attach(url: string): {
  until(test: (text: string) => boolean): Promise<string>;
  send(data: string): void;
  end(): void;
} {
  const socket = connect(Number(new URL(url).port), "127.0.0.1");
  let text = "";
  let look = (): void => {};
  socket.on("data", (chunk) => {
    text += chunk.toString("latin1");
    look();
  });
  return {
    until: (check) =>
      new Promise((resolve) => {
        look = () => {
          if (!check(text)) return;
          const found = text;
          text = "";
          look = () => {};
          resolve(found);
        };
        look();
      }),
    send: (data) => void socket.write(data, "latin1"),
    end: () => void socket.destroy(),
  };
}

const line = (text: string): boolean => text.endsWith("\n");

describe("cards", () => {
  test("list says what is on each; an image is 256 bytes", async () => {
    const { body } = await get("/cards");
    expect(body).toMatchObject({
      cards: [
        { id: "c1", accountNumber: "031140086", kind: "user", content: { onCard: 120_000, cardNumber: "0311203086" } },
        { id: "worn", errorCounter: 3 },
        { id: "stripe", kind: "mute", content: null },
      ],
    });
    expect((await get("/cards/c1/image")).body).toEqual({ id: "c1", hex: userCardHex() });
    expect((await get("/cards/nobody/image")).body).toMatchObject({ status: 404, code: "unknownCard" });
  });

  test("inserted through the API, read on the wire, torn by the API", async () => {
    const reader = attach(sandbox.deviceUrls["kiosk-2"].reader);
    expect(await reader.until(line)).toBe('{"event":"state","card":null}\n');
    expect((await post("/cards/c1/insert", { reader: "kiosk-2" })).body).toMatchObject({ reader: "kiosk-2" });
    const insertion = Number(/"insertion":(\d+)/.exec(await reader.until(line))?.[1]);
    const command = async (apdu: string): Promise<string> => {
      reader.send(`${JSON.stringify({ id: 1, insertion, apdu })}\n`);
      return reader.until((text) => text.includes('"id":1') && line(text));
    };
    await command("ffa400000106");
    expect(await command("ffb0002004")).toBe('{"id":1,"response":"43474f429000"}\n');
    expect(await command("ff20000003123456")).toContain("9007");
    await post("/cards/c1/tear", { afterBytes: 1 });
    const answer = await command("ffd000c0020102");
    expect(answer).toContain('"card":null');
    expect(answer).toContain('{"id":1,"error":"removed"}');
    expect((await get("/cards/c1/image")).body.hex).toMatch(/^.{384}01ff/);
    reader.end();
    expect((await get("/log")).body).toMatchObject({
      lines: expect.arrayContaining([expect.objectContaining({ id: "c1" })]),
    });
  });

  test("one card is in one place, one reader holds one card", async () => {
    expect((await post("/cards/worn/insert")).body).toMatchObject({ reader: "kiosk-1", upsideDown: false });
    expect((await post("/cards/worn/insert", { reader: "kiosk-2" })).body).toMatchObject({ code: "cardInReader" });
    expect((await post("/cards/c1/insert")).body).toMatchObject({ code: "readerTaken", status: 409 });
    expect((await post("/meters/m1/insert-card", { card: "worn" })).body).toMatchObject({ code: "cardInReader" });
    expect((await get("/readers")).body).toMatchObject({
      readers: [{ id: "kiosk-1", card: "worn" }, { card: null }, { card: null }],
    });
    await post("/cards/worn/remove");
    expect((await post("/cards/worn/remove")).body).toMatchObject({ code: "cardNotInReader" });
  });

  test("new cards are blank unless the body says otherwise; wishes that fit no schema are refused", async () => {
    expect((await post("/cards")).body).toMatchObject({ kind: "blank", errorCounter: 7 });
    const given = await post("/cards", { id: "x", imageHex: userCardHex(), pscHex: "ABCDEF" });
    expect(given).toMatchObject({ status: 201, body: { id: "x", kind: "user" } });
    expect((await post("/cards", { id: "x" })).body).toMatchObject({ code: "idTaken" });
    expect((await post("/cards", { imageHex: "00" })).body).toMatchObject({ code: "badRequest" });
    expect((await post("/cards/x/insert", { reader: "kiosk-9" })).status).toBe(400);
  });
});

describe("meter", () => {
  test("takes the purchase, writes its return area, and a second insertion adds nothing", async () => {
    const card = { card: "x" };
    const first = await post("/meters/m1/insert-card", { ...card, pullAfterBytes: 10 });
    expect(first.body).toMatchObject({ verdict: { kind: "credited", amount: 120_000 }, pulled: true });
    expect((await get("/cards/x")).body).toMatchObject({ content: { returned: null } });
    const second = await post("/meters/m1/insert-card", card);
    expect(second.body).toMatchObject({ verdict: { kind: "alreadyTaken", count: 256 }, pulled: false });
    expect((await get("/cards/x")).body).toMatchObject({ content: { onCard: 0, returned: { acceptedCount: 256 } } });
    expect((await get("/meters/m1")).body).toMatchObject({ count: 256, totalCredited: 155_000, valve: "open" });
  });

  test("burning gas moves the register and ends in a closed valve, with nothing burnt that was not paid", async () => {
    expect((await post("/meters/m1/consume", { volumeL: 1_000 })).body).toMatchObject({
      registerL: 32_480,
      remaining: 122_520,
    });
    expect((await post("/meters/m1/consume", { volumeL: 200_000 })).body).toMatchObject({
      valve: "closed",
      closedBy: "empty",
      remaining: 0,
      registerL: 155_000,
    });
    expect((await post("/meters/m1/consume", { volumeL: 1 })).body).toMatchObject({ registerL: 155_000 });
  });

  test("burns at a rate, hour by hour", async () => {
    await post("/meters", { id: "m3", label: "按金额表", unit: "money", layout: "open-a" });
    const set = await call("PUT", "/meters/m3/rate", { litresPerHour: 600 });
    expect(set.body).toMatchObject({ rateLPerHour: 600, layout: "open-a", closedBy: "factory" });
    expect(set.body).toMatchObject({ price: { nowE4: 25_300, next: null }, registerL: 0 });
    expect(await call("PUT", "/meters/m3/rate", { litresPerHour: -1 })).toMatchObject({ status: 400 });
  });

  test("a new meter binds to its first card; a mute card is not readable", async () => {
    await post("/meters", { id: "m2", label: "新表", unit: "volume" });
    expect((await post("/meters/m2/insert-card", { card: "stripe" })).body).toMatchObject({
      verdict: { kind: "unreadable" },
    });
    expect((await post("/meters/m2/insert-card", { card: "worn" })).body).toMatchObject({
      meter: { boundTo: { cardNumber: "0311203086" }, count: 256 },
    });
  });

  test("the early pull is a fault switch too", async () => {
    await call("PUT", "/faults", { faults: [{ name: "meterPulledEarly" }] });
    expect((await post("/meters/m2/insert-card", { card: "worn" })).body).toMatchObject({ pulled: true });
    expect((await post("/meters/m2/insert-card", { card: "worn" })).body).toMatchObject({ pulled: false });
  });
});

describe("phones and scanners", () => {
  test("the code of this minute goes into that kiosk's scanner", async () => {
    const scanner = attach(sandbox.deviceUrls["kiosk-2"].scanner);
    // A scanner tells nobody that it is connected: hold something under it until it comes through.
    while ((await post("/scanners/kiosk-2/scan", { text: "there?" })).body.delivered !== true);
    await scanner.until((text) => text.endsWith("\r"));
    const { body } = await get("/phones/p1");
    expect(body).toMatchObject({ name: "小李的手机", balanceFen: { wechat: 500_000 }, prompts: [] });
    const codes = body.codes;
    if (!Array.isArray(codes)) throw new Error("no codes");
    const [wechat, alipay] = codes;
    expect(wechat.code).toMatch(/^1[0-5]\d{16}$/);
    expect(alipay.qrSvg).toMatch(/^<svg/);
    expect((await post("/phones/p1/present", { wallet: "wechat", kiosk: "kiosk-2" })).body).toEqual({
      delivered: true,
    });
    expect(await scanner.until((text) => text.endsWith("\r"))).toBe(`${wechat.code}\r`);
    scanner.end();
    expect((await get("/log")).body.lines).not.toContain(wechat.code);
  });

  test("settings change one thing at a time; no password box is a conflict", async () => {
    expect((await post("/phones/p1/settings", { askPassword: true })).body).toMatchObject({
      settings: { askPassword: true, noBalance: false, offline: false },
    });
    expect((await post("/phones/p1/password", { enter: true })).body).toMatchObject({ code: "noPasswordPrompt" });
    expect((await post("/phones/p9/password", { enter: true })).body).toMatchObject({ code: "unknownPhone" });
    expect((await get("/gateways/wechat/ledger")).body).toMatchObject({
      rows: [],
      netFen: 0,
      payCalls: [],
      orders: [],
    });
  });
});

describe("printer", () => {
  test("bytes on the wire are paper in the API, out of paper holds the rest", async () => {
    const printer = attach(sandbox.deviceUrls["kiosk-1"].printer);
    await post("/printer/kiosk-1/paper", { state: "low", linesLeft: 1 });
    printer.send("one\ntwo\n\x1dVA\x00\x1dr1\x10\x04\x04");
    expect(await printer.until((text) => text.length === 1)).toBe("\x7e");
    expect((await get("/printer/paper")).body).toMatchObject({
      printers: [{ kiosk: "kiosk-1", paper: "out", hanging: [{ text: "one" }], receipts: [] }, { kiosk: "kiosk-2" }],
    });
    await post("/printer/kiosk-1/paper", { state: "full" });
    expect(await printer.until((text) => text.length === 1)).toBe("\x00");
    expect((await get("/printer/paper")).body).toMatchObject({
      printers: [{ paper: "full", hanging: [], receipts: [{ number: 1, text: "one\ntwo" }] }, {}],
    });
    printer.end();
  });
});

describe("faults", () => {
  test("PUT arms exactly what it names; a switch can be set alone", async () => {
    const armed = (answer: Answer): unknown => {
      const faults = answer.body.faults;
      if (!Array.isArray(faults)) throw new Error("no faults");
      return Object.fromEntries(
        faults.filter((fault) => fault.armed !== null).map((fault) => [fault.name, fault.armed]),
      );
    };
    await call("PUT", "/faults", { faults: [{ name: "dropReply", times: 2, gateway: "wechat" }] });
    expect(armed(await call("PUT", "/faults/printerSilent", { times: "always" }))).toEqual({
      dropReply: { times: 2, gateway: "wechat", seconds: 20 },
      printerSilent: { times: "always" },
    });
    expect((await call("PUT", "/faults", { faults: [{ name: "earthquake" }] })).body).toMatchObject({
      code: "unknownFault",
    });
    expect(armed(await get("/faults"))).toHaveProperty("dropReply");
    expect(armed(await call("DELETE", "/faults/dropReply"))).toEqual({ printerSilent: { times: "always" } });
    expect(armed(await call("PUT", "/faults", { faults: [] }))).toEqual({});
  });
});

test("changes are told as events", async () => {
  const response = await fetch(`${sandbox.url}/sandbox/api/events`);
  const reader = response.body?.getReader();
  if (reader === undefined) throw new Error("no stream");
  await post("/cards/c1/tear", { afterBytes: 5 });
  let text = "";
  while (!text.includes('"cards"')) text += Buffer.from((await reader.read()).value ?? []).toString();
  expect(text).toContain('data: {"topics":[');
  await reader.cancel();
});

test("the description is OpenAPI 3.1 and names every path of the issue, each with what it does", async () => {
  const { body } = await get("/openapi.json");
  expect(body.openapi).toBe("3.1.0");
  expect(Object.keys(Object(body.paths))).toEqual(
    expect.arrayContaining([
      "/sandbox/api/readers",
      "/sandbox/api/cards/{id}/tear",
      "/sandbox/api/phones/{id}/present",
      "/sandbox/api/meters/{id}/insert-card",
      "/sandbox/api/gateways/{gateway}/ledger",
      "/sandbox/api/faults",
    ]),
  );
  for (const [path, methods] of Object.entries<object>(Object(body.paths)))
    for (const [method, said] of Object.entries(methods))
      expect(String(said.description ?? ""), `${method} ${path}`).not.toBe("");
  expect((await get("/nothing")).body).toMatchObject({ status: 404, code: "notFound" });
});

describe("restart", () => {
  let before: Answer;
  let insertion: number;
  beforeEach(async () => {
    await post("/cards/c1/insert", { reader: "kiosk-2" });
    const readers = (await get("/readers")).body.readers;
    insertion = Array.isArray(readers) ? readers[1].insertion : -1;
    before = await get("/cards/c1/image");
  });

  test("same ports, same world, and a card left in a reader is powered up anew", async () => {
    const { url, deviceUrls } = sandbox;
    const file = JSON.parse(readFileSync(join(dir, "ports.json"), "utf8"));
    expect(file).toMatchObject({ url, deviceUrls, pid: process.pid });
    expect(statSync(join(dir, "ports.json")).mode & 0o077).toBe(0);
    await sandbox.close();
    sandbox = await start();
    expect(sandbox).toMatchObject({ url, deviceUrls });
    expect(await get("/cards/c1/image")).toEqual(before);
    expect((await get("/readers")).body).toMatchObject({ readers: [{}, { card: "c1", insertion: insertion + 1 }, {}] });
    expect((await get("/meters/m1")).body).toMatchObject({ count: 256 });
    expect((await get("/printer/paper")).body).toMatchObject({ printers: [{ receipts: [{ text: "one\ntwo" }] }, {}] });
    expect((await get("/phones/p1")).body).toMatchObject({ settings: { askPassword: true } });
  });
});
