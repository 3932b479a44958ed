/** The commands of docs/payments.md, "Follow one purchase", as they stand there: a new city, one sale, its closed day. */
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, it } from "vitest";
import { carryHome, customerAt, goTo } from "./steps.ts";
import { startWorld, type World } from "./world.ts";

const page = readFileSync(new URL("../docs/payments.md", import.meta.url), "utf8");
const chapter = page.slice(page.indexOf("## Follow one purchase"), page.indexOf("A closed day is never opened again"));
const blocks = [...chapter.matchAll(/```(sh|text)\n([\s\S]*?)```/g)].map(([, kind, text = ""]) => ({ kind, text }));

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world?.stop());

it("one purchase is followed from the scan to the day that two people closed", { timeout: 300_000 }, async () => {
  const who = await customerAt(world, "kiosk-1", "031140086", "10");
  await goTo(world, who, "success");
  await carryHome(world, who);
  who.hand.close();
  const commands = blocks.filter(({ kind }) => kind === "sh").map(({ text }) => text);
  expect(commands.length).toBeGreaterThan(3);
  const script = commands.join("\n");
  const { stdout, stderr } = await promisify(execFile)("sh", ["-u", "-c", script], {
    env: { ...process.env, PORT: new URL(world.url).port, CITYGAS_DATA: world.dataDir },
    timeout: 240_000,
  });
  expect(stderr).toBe("");
  // What the page says one sees, but for the times and the ids.
  const shown = blocks.filter(({ kind }) => kind === "text").map(({ text }) => text);
  const lines = shown
    .flatMap((text) => text.split("\n"))
    .filter((line) => line !== "" && !/20\d\d-|[0-9a-f]{8}-…/.test(line));
  const seen = stdout.split("\n");
  for (const line of lines.filter((each) => !each.startsWith("{"))) expect(seen).toContain(line);
  expect(stdout).toMatch(/theirsFen: 970,\s+oursFen: 970,\s+booksFen: 970/);
  for (const [line, times] of [
    ["closed", 1],
    ["as it came", 2],
  ] as const)
    expect(seen.filter((each) => each === line)).toHaveLength(times);
  const sums = await world.query<{ sum: string }>("select sum(amount)::text as sum from posting group by commodity");
  for (const { sum } of sums) expect(sum).toBe("0");
});
