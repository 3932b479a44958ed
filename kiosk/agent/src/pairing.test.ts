import { createPublicKey, verify } from "node:crypto";
import { writeFileSync } from "node:fs";
import { mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { crasher } from "./crash.ts";
import { openIdentity, pair, tokenSource } from "./pairing.ts";
import { readSettings } from "./settings.ts";

let folder = "";
let server: Server | null = null;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "pairing-"));
});
afterEach(async () => {
  server?.closeAllConnections();
  server?.close();
  server = null;
  await rm(folder, { recursive: true });
});

/** A centre that pairs any code and hands out numbered tokens to right signatures. */
async function centre(): Promise<string> {
  let publicKey = "";
  let tokens = 0;
  const started = createServer((request, response) => {
    let text = "";
    request.on("data", (chunk) => {
      text += chunk;
    });
    request.on("end", () => {
      const body = JSON.parse(text);
      const reply = (status: number, json: object) => {
        response.writeHead(status, { "content-type": "application/json" });
        response.end(JSON.stringify(json));
      };
      if (request.url === "/api/v1/terminals/pair") {
        publicKey = body.publicKey;
        return reply(200, { terminalId: "0190a000-0000-7000-8000-000000000001" });
      }
      const message = Buffer.from(`${body.terminalId}\n${body.timestampMs}\n${body.nonce}`);
      const right = verify(null, message, createPublicKey(publicKey), Buffer.from(body.signature, "base64"));
      return right
        ? reply(200, { token: `t${++tokens}`, expiresAtMs: body.timestampMs + 900_000 })
        : reply(401, { type: "", title: "", status: 401, code: "auth.required", zh: "", en: "" });
    });
  });
  server = started;
  await new Promise<void>((resolve) => started.listen(0, "127.0.0.1", resolve));
  const address = started.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return `http://127.0.0.1:${address.port}`;
}

describe("pairing", () => {
  it("keeps its key and id over restarts, for its owner's eyes only", async () => {
    const serverUrl = await centre();
    const identity = await openIdentity(folder);
    expect(identity.terminalId).toBeNull();
    const paired = await pair(folder, serverUrl, identity, "code-1");
    expect(paired).toEqual({ ok: true, value: "0190a000-0000-7000-8000-000000000001" });
    const again = await openIdentity(folder);
    expect(again.terminalId).toBe("0190a000-0000-7000-8000-000000000001");
    expect(again.key.equals(identity.key)).toBe(true);
    for (const name of ["terminal-key.pem", "terminal.json"]) {
      expect((await stat(join(folder, name))).mode & 0o777).toBe(0o600);
    }
  });

  it("signs for tokens, keeps one until shortly before its end, and renews it when told to", async () => {
    const serverUrl = await centre();
    const identity = await openIdentity(folder);
    await pair(folder, serverUrl, identity, "code-1");
    let wall = 1_000_000;
    const tokens = tokenSource({
      serverUrl,
      terminalId: "0190a000-0000-7000-8000-000000000001",
      key: identity.key,
      wallMs: () => wall,
    });
    expect(await Promise.all([tokens(false), tokens(false)])).toEqual([
      { ok: true, value: "t1" },
      { ok: true, value: "t1" },
    ]);
    wall += 839_000;
    expect(await tokens(false)).toEqual({ ok: true, value: "t1" });
    wall += 1_000;
    expect(await tokens(false)).toEqual({ ok: true, value: "t2" });
    expect(await tokens(true)).toEqual({ ok: true, value: "t3" });
  });
});

describe("settings", () => {
  const full = {
    CITYGAS_SERVER_URL: "http://127.0.0.1:1",
    CITYGAS_AGENT_DIR: "/tmp/agent",
    CITYGAS_AGENT_PORT: "0",
    CITYGAS_READER_URL: "tcp://127.0.0.1:2",
    CITYGAS_SCANNER_URL: "tcp://127.0.0.1:3",
    CITYGAS_PRINTER_URL: "tcp://127.0.0.1:4",
    CITYGAS_KIOSK_NAME: "kiosk-1",
  };

  it("names what is missing, unknown or malformed", () => {
    expect(readSettings(full)).toMatchObject({ port: 0, pairingCode: null, origins: [] });
    for (const name of Object.keys(full)) expect(() => readSettings({ ...full, [name]: "" })).toThrow(name);
    expect(() => readSettings({ ...full, CITYGAS_READER_URI: "x" })).toThrow("CITYGAS_READER_URI");
    expect(() => readSettings({ ...full, CITYGAS_AGENT_PORT: "80a" })).toThrow("CITYGAS_AGENT_PORT");
    expect(readSettings({ ...full, CITYGAS_DATA: "elsewhere" }).kioskName).toBe("kiosk-1");
  });

  it("takes each kind of reader, and says which of its settings is wrong", () => {
    const crt = { ...full, CITYGAS_READER_URL: "crt:/dev/serial/by-id/crt", CITYGAS_READER_BAUD: "38400" };
    expect(readSettings(crt).reader).toMatchObject({ kind: "crt", place: { kind: "serial", baudRate: 38_400 } });
    const pcsc = { ...full, CITYGAS_READER_URL: "pcsc:HID", CITYGAS_READER_DIALECT: "omnikey" };
    expect(readSettings(pcsc).reader).toEqual({ kind: "pcsc", name: "HID", dialect: "omnikey" });
    const file = join(folder, "dll.json");
    const dll = { ...full, CITYGAS_READER_URL: `dll:${file}` };
    const psam = { ...full, CITYGAS_READER_PSAM: "sm4:28:01:1001@pcsc:ACS 00 01" };
    expect(readSettings(full).psam).toBeNull();
    expect(readSettings(psam).psam).toEqual({
      key: { cipher: "sm4", usage: 0x28, version: 1, directoryId: 0x1001 },
      reader: { kind: "pcsc", name: "ACS 00 01", dialect: null },
    });
    for (const wrong of ["pcsc:X", "sm4:28:01", "sm4:28@pcsc:X", "sm4:28:01@/dev/ttyS0"])
      expect(() => readSettings({ ...full, CITYGAS_READER_PSAM: wrong })).toThrow("CITYGAS_READER_PSAM");
    expect(() => readSettings(dll)).toThrow(/CITYGAS_READER_URL: .*dll.json can't be read/);
    writeFileSync(file, JSON.stringify({ command: ["bridge"], makers: [{ name: "xianfeng", mark: "XF" }] }));
    expect(readSettings(dll).reader).toMatchObject({ kind: "dll", bridge: { command: ["bridge"] } });
    writeFileSync(file, "{}");
    expect(() => readSettings(dll)).toThrow(/CITYGAS_READER_URL: .*wanted/);
    expect(() => readSettings({ ...full, CITYGAS_READER_URL: "usb:1" })).toThrow(
      /malformed setting: CITYGAS_READER_URL must be tcp/,
    );
    expect(() => readSettings({ ...pcsc, CITYGAS_READER_DIALECT: "hid" })).toThrow(
      /CITYGAS_READER_DIALECT must be one of acs,/,
    );
    expect(() => readSettings({ ...crt, CITYGAS_READER_BAUD: "fast" })).toThrow(/CITYGAS_READER_BAUD must be one of/);
  });

  it("a crash point must be one, and is nothing outside tests", async () => {
    const order = (point: string) => writeFile(join(folder, "crash-at"), point);
    await order("afterLunch");
    expect(() => crasher({ NODE_ENV: "test" }, folder)("afterPaid")).toThrow("afterLunch");
    // Were it on, this would end the test run.
    await order("afterPaid");
    crasher({ NODE_ENV: "production" }, folder)("afterPaid");
    crasher({ NODE_ENV: "test" }, folder)("afterQuote");
  });
});
