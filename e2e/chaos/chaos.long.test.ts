/** The long tier's chaos: a few kills from a fresh seed. The whole of it is `npm run chaos` (docs/chaos.md). */
import { rmSync } from "node:fs";
import { expect, it } from "vitest";
import { reportOf, summaryOf } from "./report.ts";
import { chaos } from "./run.ts";

const longSeed = Number(process.env.CITYGAS_LONG);
const withinMs = 1_200_000;

it("all agrees after every part was killed once", { timeout: withinMs }, async () => {
  const tell = (line: string): void => console.log(line);
  const outcome = await chaos({ seed: longSeed, kills: 6, log: tell, progress: tell });
  console.log(reportOf(outcome), summaryOf(outcome), outcome.logs);
  expect(outcome.violations).toEqual([]);
  expect(outcome.unfinished).toEqual([]);
  for (const { count } of Object.values(outcome.kills)) expect(count).toBe(1);
  rmSync(outcome.logs, { recursive: true, force: true });
});
