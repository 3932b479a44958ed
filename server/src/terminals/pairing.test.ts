/** Who may call: one-time codes, signed token requests, tokens that end. */
import { createHash } from "node:crypto";
import { TerminalConfigSchema } from "@citygas/api";
import { Check } from "typebox/value";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { pairWith, type TestServer, testServer, tokenFor } from "../server.testkit.ts";
import { openToken, sealToken } from "./token.ts";

let test: TestServer;
let unitId: string;
beforeAll(async () => {
  test = await testServer();
  const settings = { areaCode: "0996", quickAmountsFen: [], quickVolumesL: [], later: false };
  const unit = await test.admin("POST", "/units", {
    name: "样例营业部",
    company: "样例燃气",
    hotline: "0996-0000000",
    settings,
  });
  unitId = String(unit.body.id);
});
afterAll(() => test.stop());

async function newCode(): Promise<{ id: string; code: string }> {
  const terminal = await test.admin("POST", "/terminals", { unitId, name: "1号机", kind: "kiosk" });
  const id = String(terminal.body.id);
  const given = await test.admin("POST", `/terminals/${id}/pairing-codes`);
  return { id, code: String(given.body.code) };
}
const me = (token: string) =>
  test.call({ method: "GET", url: "/api/v1/terminals/me", headers: { authorization: `Bearer ${token}` } });
const ask = (payload: object) => test.call({ method: "POST", url: "/api/v1/terminals/token", payload });

describe("pairing", () => {
  it("pairs once per code, however the code is typed, and stores no code", async () => {
    const { id, code } = await newCode();
    const typed = code.toLowerCase().replaceAll("-", " ");
    const terminal = await pairWith(test, typed);
    expect(terminal.id).toBe(id);
    await expect(pairWith(test, code)).rejects.toThrow("401");
    const { rows } = await test.server.ctx.db.query<{ hash: string }>("select hash from pairing_code");
    expect(JSON.stringify(rows)).not.toContain(code.slice(0, 4));
  });

  it("gives its answer again to who asks with the same key, until the code expires", async () => {
    const { id, code } = await newCode();
    const { publicKeyPem: publicKey, ...terminal } = await pairWith(test, code);
    const again = () => test.call({ method: "POST", url: "/api/v1/terminals/pair", payload: { code, publicKey } });
    const token = await tokenFor(test, { ...terminal, publicKeyPem: publicKey });
    expect(await again()).toMatchObject({ status: 200, body: { terminalId: id } });
    // Nothing was changed by it: tokens given out before count on.
    expect((await me(token)).status).toBe(200);
    await expect(pairWith(test, code)).rejects.toThrow("401");
    await test.admin("POST", `/terminals/${id}/revocation`);
    expect((await again()).status).toBe(401);
    const other = await newCode();
    const { publicKeyPem } = await pairWith(test, other.code);
    test.clock.now += 24 * 3_600_000;
    const late = { code: other.code, publicKey: publicKeyPem };
    expect((await test.call({ method: "POST", url: "/api/v1/terminals/pair", payload: late })).status).toBe(401);
  });

  it("refuses a code that is too old, and one that a newer code replaced", async () => {
    const { id, code } = await newCode();
    const newer = await test.admin("POST", `/terminals/${id}/pairing-codes`);
    await expect(pairWith(test, code)).rejects.toThrow("401");
    test.clock.now += 24 * 3_600_000 + 1;
    await expect(pairWith(test, String(newer.body.code))).rejects.toThrow("401");
  });

  it("refuses a key that is not Ed25519 and keeps the code", async () => {
    const { code } = await newCode();
    const publicKey = "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----";
    const reply = await test.call({ method: "POST", url: "/api/v1/terminals/pair", payload: { code, publicKey } });
    expect(reply).toMatchObject({ status: 400, body: { code: "request.invalid" } });
    await expect(pairWith(test, code)).resolves.toBeDefined();
  });
});

describe("tokens", () => {
  it("opens the terminal's own routes and notes that it was seen", async () => {
    const terminal = await pairWith(test, (await newCode()).code);
    const reply = await me(await tokenFor(test, terminal));
    expect(reply.status).toBe(200);
    expect(Check(TerminalConfigSchema, reply.body)).toBe(true);
    expect(reply.body).toMatchObject({ terminalId: terminal.id, terminal: "1号机", company: "样例燃气" });
    const seen = await test.admin("GET", `/terminals/${terminal.id}`);
    expect(seen.body.lastSeenAt).toBe(new Date(test.clock.now).toISOString());
  });

  it.each([-120_001, 120_001])("refuses a clock that is %d ms off, and says so", async (offMs) => {
    const terminal = await pairWith(test, (await newCode()).code);
    expect(await ask(terminal.request(test.clock.now + offMs))).toMatchObject({
      status: 401,
      body: { code: "auth.clockSkew" },
    });
    expect((await ask(terminal.request(test.clock.now + Math.sign(offMs) * 120_000))).status).toBe(200);
  });

  it("refuses a replayed request, also with the clock moved on inside the window", async () => {
    const terminal = await pairWith(test, (await newCode()).code);
    const request = terminal.request(test.clock.now + 60_000, "nonce-nonce");
    expect((await ask(request)).status).toBe(200);
    expect(await ask(request)).toMatchObject({ status: 401, body: { code: "auth.required" } });
    test.clock.now += 179_000;
    expect(await ask(request)).toMatchObject({ status: 401, body: { code: "auth.required" } });
  });

  it("refuses another key's signature and a signature over other words", async () => {
    const [one, two] = [await pairWith(test, (await newCode()).code), await pairWith(test, (await newCode()).code)];
    const foreign = { ...two.request(test.clock.now), terminalId: one.id };
    const moved = { ...one.request(test.clock.now), timestampMs: test.clock.now + 1 };
    for (const request of [foreign, moved])
      expect(await ask(request)).toMatchObject({ status: 401, body: { code: "auth.required" } });
  });

  it("ends after 15 minutes, at once on revocation, and when the terminal is paired anew", async () => {
    const { id, code } = await newCode();
    const terminal = await pairWith(test, code);
    const token = await tokenFor(test, terminal);
    test.clock.now += 15 * 60_000 - 1;
    expect((await me(token)).status).toBe(200);
    test.clock.now += 1;
    expect((await me(token)).status).toBe(401);
    const second = await tokenFor(test, terminal);
    expect((await me(second)).status).toBe(200);
    await test.admin("POST", `/terminals/${id}/revocation`);
    expect((await me(second)).status).toBe(401);
    expect((await ask(terminal.request(test.clock.now))).status).toBe(401);
    const given = await test.admin("POST", `/terminals/${id}/pairing-codes`);
    test.clock.now += 10_000;
    const again = await pairWith(test, String(given.body.code));
    expect((await me(second)).status).toBe(401);
    expect((await me(await tokenFor(test, again))).status).toBe(200);
  });

  it("does not open the administrator's routes, nor the other way round", async () => {
    const token = await tokenFor(test, await pairWith(test, (await newCode()).code));
    const headers = { authorization: `Bearer ${token}` };
    expect(await test.call({ method: "GET", url: "/api/v1/accounts", headers })).toMatchObject({ status: 403 });
    expect((await me(test.server.adminToken)).status).toBe(401);
    expect((await test.call({ method: "GET", url: "/api/v1/accounts" })).status).toBe(401);
  });
});

describe("a token", () => {
  const claims = { terminalId: "t", pairedAt: 1, expiresAt: 100 };
  const token = sealToken(claims, "secret");

  it("opens with the servers' secret until it expires", () => {
    expect(openToken(token, "secret", 99)).toEqual(claims);
    expect(openToken(token, "secret", 100)).toBeUndefined();
    expect(openToken(token, "other", 99)).toBeUndefined();
  });

  it("does not open when a part of it was changed", () => {
    const body = Buffer.from(JSON.stringify({ t: "t", p: 1, e: 9_999 })).toString("base64url");
    const seal = createHash("sha256").update(body).digest("base64url");
    for (const forged of [`${body}.${token.split(".")[1]}`, `${body}.${seal}`, body, "", "..", `${token}.x`])
      expect(openToken(forged, "secret", 1)).toBeUndefined();
  });
});
