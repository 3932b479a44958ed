import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import type { PartResult } from "./longRun.ts";

const root = fileURLToPath(new URL("..", import.meta.url));

const file = `
describe("a hook that fails", () => {
  beforeAll(() => { throw new Error("no city:\\nunknown setting"); });
  it("one", () => {});
  it("two", () => {});
});
describe("others", () => {
  it("passes", () => {});
  it("counts", ({ task }) => { task.meta.cases = 7; });
  it("fails", () => { throw new Error("wrong"); });
  it.skip("waits", () => {});
});`;

it("tells every failure, a hook's too, and what it said", () => {
  const folder = mkdtempSync(join(tmpdir(), "citygas-part-"));
  const report = join(folder, "report.json");
  writeFileSync(join(folder, "some.test.js"), file);
  const reporter = join(root, "tools", "partReporter.ts");
  const { status } = spawnSync(
    process.execPath,
    [
      join(root, "node_modules", "vitest", "vitest.mjs"),
      "run",
      "--globals",
      "--root",
      folder,
      `--reporter=${reporter}`,
    ],
    { env: { ...process.env, TEST_PART_REPORT: report } },
  );
  expect(status).not.toBe(0);
  const part = JSON.parse(readFileSync(report, "utf8")) as PartResult;
  rmSync(folder, { recursive: true });
  expect(part.passed).toBe(2);
  expect(part.skips).toEqual(["a hook that fails > one", "a hook that fails > two", "others > waits"]);
  expect(part.failures).toEqual([
    expect.stringMatching(/some\.test\.js · a hook that fails: no city: · unknown setting$/),
    expect.stringMatching(/some\.test\.js · others > fails: wrong$/),
  ]);
  expect(part.counted).toMatchObject([{ test: "others > counts", cases: 7 }]);
});
