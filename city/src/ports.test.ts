import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { freePort, innerPorts } from "./ports.ts";

it("gives ports that no outgoing call is given, so that they are still free when their part listens", async () => {
  for (let n = 0; n < 50; n += 1) {
    const port = await freePort();
    expect(port).toBeGreaterThanOrEqual(20_000);
    expect(port).toBeLessThan(28_000);
  }
});

it("keeps a port for the next start, unless somebody else holds it by then", async () => {
  const folder = mkdtempSync(join(tmpdir(), "citygas-ports-"));
  const first = await innerPorts(folder, ["server", "sandbox"]);
  expect(await innerPorts(folder, ["server", "sandbox"])).toEqual(first);
  const other = createServer().listen({ port: first.server, host: "127.0.0.1" });
  await once(other, "listening");
  const second = await innerPorts(folder, ["server", "sandbox"]);
  expect(second.server).not.toBe(first.server);
  expect(second.sandbox).toBe(first.sandbox);
  other.close();
  rmSync(folder, { recursive: true });
});
