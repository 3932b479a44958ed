/** The demo's people can sign in by the files that were written for them, and a second start keeps their tokens. */
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Role } from "../decisions/types.ts";
import { type TestServer, testServer } from "../server.testkit.ts";
import { demoStaff, seedDemoStaff, staffTokenFile } from "./staff.ts";

let server: TestServer;
let dir: string;
beforeAll(async () => {
  server = await testServer();
  dir = fs.mkdtempSync(path.join(os.tmpdir(), "citygas-staff-"));
});
afterAll(async () => {
  await server.stop();
  fs.rmSync(dir, { recursive: true, force: true });
});

const roles = Object.keys(demoStaff) as Role[];
const tokens = () => roles.map((role) => fs.readFileSync(staffTokenFile(dir, role), "utf8").trim());
const me = (token: string) =>
  server.call({ method: "GET", url: "/api/v1/staff/me", headers: { authorization: `Bearer ${token}` } });

test("one of each role, with a token only its owner can read", async () => {
  await seedDemoStaff(server.server.ctx, dir);
  for (const [n, role] of roles.entries()) {
    expect((await me(tokens()[n] ?? "")).body).toMatchObject({ name: demoStaff[role], roles: [role] });
    expect(fs.statSync(staffTokenFile(dir, role)).mode & 0o077).toBe(0);
  }
});

test("again: the same tokens; one that opens no more is replaced", async () => {
  const before = tokens();
  await seedDemoStaff(server.server.ctx, dir);
  expect(tokens()).toEqual(before);
  await server.server.ctx.db.query("update staff_token set revoked_at = 1");
  await seedDemoStaff(server.server.ctx, dir);
  for (const [n, token] of tokens().entries()) {
    expect(token).not.toBe(before[n]);
    expect((await me(token)).status).toBe(200);
  }
});
