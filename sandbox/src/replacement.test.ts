import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Sandbox, startSandbox } from "./sandbox.ts";
import type { SandboxSeed } from "./seed.ts";

/**
 * Goal: the fitter's hands and the issuing desk's at the workbench: a meter comes off the wall and says its last word, a
 * new one of its kind hangs there, and a new card is written on a chip like the old one's.
 */
const meter = {
  device: "meter",
  unit: "money",
  boundTo: { areaCode: "0996", cardNumber: "0311203086" },
  replacement: 0,
  count: 7,
  totalCredited: 90_000,
  remaining: 3_520,
  registerL: 31_480,
  valve: "open",
  batteryLow: false,
} as const;
const seed: SandboxSeed = {
  cards: [
    { id: "memory", label: "存储卡", accountNumber: "031140086", pscHex: "123456", errorCounter: 3 },
    { id: "plain", label: "无密码卡", chip: { kind: "at24c02", memoryHex: "ff".repeat(256) } },
    { id: "locked", label: "别的芯片", chip: { kind: "at88sc102", memoryHex: "ff".repeat(178) } },
    {
      id: "cpu",
      label: "CPU 卡",
      chip: {
        kind: "cpu",
        aidHex: "a000",
        cipher: "sm4",
        files: [
          { sfi: 1, contentHex: "0000", keyHex: "11".repeat(16) },
          { sfi: 2, contentHex: "000000", keyHex: "22".repeat(16) },
        ],
        externalKeyHex: "33".repeat(16),
        tries: 1,
      },
    },
  ],
  meters: [
    { ...meter, id: "m1", label: "厨房表", layout: "open-a", rateLPerHour: 600 },
    { ...meter, id: "m2", label: "阳台表", device: "controller", unit: "volume" },
  ],
  phones: [],
};

let dir: string;
let sandbox: Sandbox;
const start = (): Promise<Sandbox> => startSandbox({ dir, seed, writeTimeScale: 0, now: () => 1_780_000_000_000 });
beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), "sandbox-replacement-"));
  sandbox = await start();
});
afterAll(async () => {
  await sandbox.close();
  rmSync(dir, { recursive: true, force: true });
});

async function call(method: string, path: string, body?: object): Promise<{ status: number; body: object }> {
  // No kept connection: one to the sandbox of before a restart would be reused for the one after it.
  const response = await fetch(`${sandbox.url}/sandbox/api${path}`, {
    method,
    headers: { connection: "close", ...(body && { "content-type": "application/json" }) },
    ...(body && { body: JSON.stringify(body) }),
  });
  return { status: response.status, body: Object(await response.json()) };
}
const refused = (status: number, code: string) => ({ status, body: { code } });

describe("a meter", () => {
  test("comes off the wall with its last word, and one of its kind from the factory hangs in its place", async () => {
    const done = await call("POST", "/meters/m1/replacement");
    expect(done).toMatchObject({
      status: 201,
      body: {
        old: { id: "m1", replacedBy: "new-meter-1", rateLPerHour: 0 },
        fresh: { id: "new-meter-1", label: "第2只 · 厨房表", layout: "open-a", unit: "money", closedBy: "factory" },
        lastWord: { acceptedCount: 7, totalCredited: 90_000, remaining: 3_520, indexL: 31_480 },
      },
    });
    expect(done).toMatchObject({ body: { fresh: { boundTo: null, count: 0, registerL: 0, replacedBy: null } } });
    expect((await call("GET", "/log")).body).toMatchObject({
      lines: expect.arrayContaining([expect.objectContaining({ about: "meter" })]),
    });
  });

  test("off the wall takes no card, burns nothing and is not replaced again", async () => {
    expect(await call("POST", "/meters/m1/insert-card", { card: "memory" })).toMatchObject(
      refused(409, "meterTakenDown"),
    );
    expect(await call("POST", "/meters/m1/consume", { volumeL: 1 })).toMatchObject(refused(409, "meterTakenDown"));
    expect(await call("PUT", "/meters/m1/rate", { litresPerHour: 1 })).toMatchObject(refused(409, "meterTakenDown"));
    expect(await call("POST", "/meters/m1/replacement")).toMatchObject(refused(409, "meterTakenDown"));
    expect((await call("GET", "/meters/m1")).body).toMatchObject({ remaining: 3_520, registerL: 31_480 });
  });

  test("is as it was after a restart, and hangs there again when the replacement is undone", async () => {
    await call("POST", "/meters/m2/replacement");
    expect(await call("DELETE", "/meters/m2/replacement", {})).toMatchObject({ body: { id: "m2", replacedBy: null } });
    await sandbox.close();
    sandbox = await start();
    expect((await call("GET", "/meters/m1")).body).toMatchObject({ replacedBy: "new-meter-1" });
    expect((await call("GET", "/meters/m2")).body).toMatchObject({ replacedBy: null });
    expect(await call("GET", "/meters/new-meter-2")).toMatchObject(refused(404, "unknownMeter"));
    const back = await call("DELETE", "/meters/m1/replacement", {});
    expect(back).toMatchObject({ status: 200, body: { id: "m1", replacedBy: null, remaining: 3_520 } });
    expect(await call("GET", "/meters/new-meter-1")).toMatchObject(refused(404, "unknownMeter"));
    expect(await call("DELETE", "/meters/m1/replacement", {})).toMatchObject(refused(409, "meterOnTheWall"));
    expect((await call("POST", "/meters/m1/consume", { volumeL: 1_000 })).body).toMatchObject({ registerL: 32_480 });
  });

  test("stays off once its successor has known a card, or was replaced itself", async () => {
    await call("POST", "/meters/m2/replacement");
    await call("POST", "/meters/new-meter-1/replacement");
    expect((await call("GET", "/meters/new-meter-2")).body).toMatchObject({
      label: "第3只 · 阳台表",
      device: "controller",
    });
    expect(await call("DELETE", "/meters/m2/replacement", {})).toMatchObject(refused(409, "newMeterInUse"));
    await call("DELETE", "/meters/new-meter-1/replacement", {});
    expect(await call("DELETE", "/meters/m2/replacement", {})).toMatchObject({ status: 200 });
    await call("POST", "/meters", { id: "spare", label: "备用表", unit: "volume" });
    await call("POST", "/meters/spare/replacement");
    await call("POST", "/cards", { id: "user", imageHex: userCardHex });
    await call("POST", "/meters/new-meter-1/insert-card", { card: "user" });
    expect(await call("DELETE", "/meters/spare/replacement", {})).toMatchObject(refused(409, "newMeterInUse"));
    expect(await call("POST", "/meters/nobody/replacement")).toMatchObject(refused(404, "unknownMeter"));
    expect(await call("DELETE", "/meters/nobody/replacement", {})).toMatchObject(refused(404, "unknownMeter"));
  });
});

const filled = (byte: string, length: number): string => byte.repeat(length);

describe("a new card", () => {
  test("is written on a chip of the old one's kind: memory and secret, or files under the same keys", async () => {
    const memory = { layout: "x", imageHex: filled("a5", 256), secretHex: "ABCDEF" };
    expect(await call("POST", "/cards/memory/new-card", memory)).toMatchObject({
      status: 201,
      body: { id: "memory-2", label: "存储卡（补）", accountNumber: "031140086", errorCounter: 7 },
    });
    expect((await call("GET", "/cards/memory-2/image")).body).toMatchObject({ hex: filled("a5", 256) });
    expect((await call("GET", "/cards/memory/image")).body).not.toMatchObject({ hex: filled("a5", 256) });
    const plain = { imageHex: filled("b6", 256), secretHex: null };
    expect(await call("POST", "/cards/plain/new-card", plain)).toMatchObject({ body: { chip: "at24c02" } });
    expect(await call("POST", "/cards/cpu/new-card", { imageHex: "0102030405", secretHex: null })).toMatchObject({
      status: 201,
      body: { id: "cpu-2", chip: "cpu" },
    });
    expect((await call("GET", "/cards/cpu-2/image")).body).toMatchObject({ hex: "0102030405" });
    expect(await call("POST", "/cards/memory/new-card", memory)).toMatchObject({ body: { id: "memory-3" } });
  });

  test.each([
    ["memory", { imageHex: filled("a5", 256), secretHex: null }],
    ["memory", { imageHex: filled("a5", 255), secretHex: "abcdef" }],
    ["memory", { imageHex: filled("a5", 256), secretHex: "abcdef00" }],
    ["plain", { imageHex: filled("a5", 256), secretHex: "abcdef" }],
    ["plain", { imageHex: filled("a5", 128), secretHex: null }],
    ["cpu", { imageHex: "01020304", secretHex: null }],
    ["locked", { imageHex: filled("a5", 178), secretHex: null }],
  ])("of other bytes than such a chip has is refused, and nothing is made (%s)", async (card, body) => {
    const before = await call("GET", "/cards");
    expect(await call("POST", `/cards/${card}/new-card`, body)).toMatchObject(refused(422, "otherChip"));
    expect(await call("GET", "/cards")).toEqual(before);
  });

  test("needs an old one and something to write", async () => {
    const body = { imageHex: "00", secretHex: null };
    expect(await call("POST", "/cards/nobody/new-card", body)).toMatchObject(refused(404, "unknownCard"));
    expect(await call("POST", "/cards/memory/new-card", {})).toMatchObject(refused(400, "badRequest"));
  });
});

/** docs/cards/open-b.md's example, 120 m³ bought. */
const userCardHex = [
  "a2131091",
  filled("ff", 28),
  "43474f420101010009960311203086ff0000000000000000000000000000e2c8",
  "7f96980000000000000000000000e8a6",
  "00c0d4010020261123c0d4010001008025",
  filled("ff", 256 - 4 - 28 - 32 - 16 - 17),
].join("");
