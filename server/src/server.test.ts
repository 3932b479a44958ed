/** Servers come and go; what is in the database and the data folder stays. */
import fs from "node:fs";
import path from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { pairWith, testServer, tokenFor } from "./server.testkit.ts";
import { startServer } from "./server.ts";

it("announces itself before it calls itself ready", async () => {
  const test = await testServer();
  onTestFinished(() => test.stop());
  const seen: unknown[] = [];
  const second = await startServer({
    ...test.options,
    announce: ({ url }) => {
      seen.push(url);
    },
  });
  onTestFinished(() => second.close());
  expect(seen).toEqual([second.url]);
  expect((await fetch(`${second.url}/health`)).status).toBe(200);
});

it("shares tokens, keys and the demo with another server on the same database", async () => {
  const test = await testServer({ demo: true });
  onTestFinished(() => test.stop());
  const terminal = await pairWith(test, test.server.demo?.pairingCodes["kiosk-1"] ?? "");
  const token = await tokenFor(test, terminal);
  const second = await startServer({ ...test.options, demo: true });
  onTestFinished(() => second.close());
  expect(second.demo?.sandboxSeed).toEqual(test.server.demo?.sandboxSeed);
  expect(Object.keys(second.demo?.pairingCodes ?? {}).sort()).toEqual(["desk-1", "kiosk-2"]);
  expect(second.adminToken).toBe(test.server.adminToken);
  const me = await fetch(`${second.url}/api/v1/terminals/me`, { headers: { authorization: `Bearer ${token}` } });
  expect(me.status).toBe(200);
});

it("leaves another city's database alone", async () => {
  const test = await testServer();
  onTestFinished(() => test.stop());
  const settings = { areaCode: "1", quickAmountsFen: [], quickVolumesL: [], later: false };
  await test.admin("POST", "/units", { name: "别的城市", company: "别的燃气", hotline: "000", settings });
  const second = await startServer({ ...test.options, demo: true });
  onTestFinished(() => second.close());
  expect(second.demo).toEqual({ sandboxSeed: null, pairingCodes: {} });
  expect((await test.admin("GET", "/accounts")).body.items).toEqual([]);
});

it("keeps its secrets for their owner, and has neither demo nor key file in production", async () => {
  const test = await testServer();
  onTestFinished(() => test.stop());
  for (const file of ["secrets/admin.token", "keys/card-master.key"])
    expect(fs.statSync(path.join(test.dataDir, file)).mode & 0o777).toBe(0o600);
  await expect(startServer({ ...test.options, production: true, demo: true })).rejects.toThrow(/no demo/);
  await expect(startServer({ ...test.options, production: true })).rejects.toThrow(/key device/);
});

it("opens the manual's outcome page for a purchase of the demo", async () => {
  const test = await testServer({ demo: true });
  onTestFinished(() => test.stop());
  const { rows } = await test.server.ctx.db.query<{ token: string }>(
    "select token from purchase where status = 'unknown'",
  );
  for (const { token } of rows) {
    const page = await fetch(`${test.server.url}/r/${token}`);
    expect(page.headers.get("content-security-policy")).toContain("default-src 'none'");
    expect(await page.text()).toContain("钱没有丢");
  }
  expect(rows.length).toBe(2);
});
