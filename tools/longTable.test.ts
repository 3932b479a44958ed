import fc from "fast-check";
import { expect, it } from "vitest";
import { areaOf, type LongRun, longPage, readLongPage, withRun } from "./longTable.ts";

const run = (command: string, ...counted: [area: string, test: string, cases: number][]): LongRun => ({
  command,
  result: "12 passed, 0 failed, 1 skipped",
  day: "2026-11-29",
  node: "v20.20.2",
  counted: counted.map(([area, test, cases]) => ({ area, test, cases, seconds: 1.5 })),
});

it("reads back what it wrote", () => {
  const area = fc.constantFrom("core", "protocols/gascard");
  const test = fc.string({ unit: fc.constantFrom("a", " ", "|", "é", "`", "-", "1"), minLength: 1 });
  const row = fc.tuple(
    area,
    test.map((text) => `a ${text} z`),
    fc.nat(),
  );
  fc.assert(
    fc.property(fc.array(row), (rows) => {
      const page = longPage([run("npm run test:long -- --seed=7", ...rows), run("another", ["core", "x", 1])]);
      expect(longPage(readLongPage(page))).toBe(page);
      expect(readLongPage(page)[0]?.counted).toHaveLength(rows.length);
    }),
  );
});

it("a new run takes over its own tests' lines and leaves the others, and a run without any is gone", () => {
  const [core, both] = [run("first", ["core", "a", 1]), run("second", ["core", "b", 1], ["api", "c", 1])];
  const now = withRun([core, both], run("third", ["core", "a", 9], ["core", "b", 9]));
  expect(now.map(({ command, counted }) => [command, counted.map(({ test }) => test)])).toEqual([
    ["third", ["a", "b"]],
    ["second", ["c"]],
  ]);
});

it("keeps the same test's name in another room apart", () => {
  const now = withRun([run("first", ["core", "a", 1])], run("second", ["api", "a", 1]));
  expect(now).toHaveLength(2);
});

it("an area is the package's folder", () => {
  expect(areaOf("protocols/gascard/src/open/x.test.ts")).toBe("protocols/gascard");
  expect(areaOf("e2e/sale.test.ts")).toBe("e2e");
});
