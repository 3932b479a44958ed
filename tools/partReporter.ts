/**
 * Vitest's outcome of one part as `test.ts` adds it up. Vitest's own JSON keeps silent about a suite whose hook failed:
 * its tests are "skipped" and nobody is told why. Here that is a failure, with what it said.
 */
import { writeFileSync } from "node:fs";
import { relative } from "node:path";
import { fileURLToPath } from "node:url";
import type { Reporter, TestCase, TestModule } from "vitest/node";
import type { PartResult } from "./longRun.ts";
import { areaOf } from "./longTable.ts";

const root = fileURLToPath(new URL("..", import.meta.url));

export default class PartReporter implements Reporter {
  onTestRunEnd(files: readonly TestModule[], unhandled: readonly { message: string }[]): void {
    const file = process.env.TEST_PART_REPORT;
    if (file === undefined) throw new Error("TEST_PART_REPORT names no file");
    writeFileSync(file, JSON.stringify(partOf(files, unhandled)));
  }
}

function partOf(files: readonly TestModule[], unhandled: readonly { message: string }[]): PartResult {
  const tests = files.flatMap((file) => [...file.children.allTests()]);
  const inState = (state: string): TestCase[] => tests.filter((test) => test.result().state === state);
  const failures = [
    ...files.flatMap((file) => [
      ...file.errors().map(({ message }) => `${pathOf(file)}: ${message}`),
      ...[...file.children.allSuites()].flatMap((suite) =>
        suite.errors().map(({ message }) => `${pathOf(file)} · ${suite.fullName}: ${message}`),
      ),
    ]),
    ...inState("failed").map(
      (test) => `${pathOf(test.module)} · ${test.fullName}: ${test.result().errors?.[0]?.message ?? ""}`,
    ),
    ...unhandled.map(({ message }) => `outside of any test: ${message}`),
  ];
  return {
    passed: inState("passed").length,
    skips: inState("skipped").map((test) => test.fullName),
    // On one line each, or whoever looks for "failed:" sees the first words of some and the reason of none.
    failures: failures.map((failure) => failure.replace(/\s*\n\s*/g, " · ").slice(0, 600)),
    counted: tests.flatMap((test) => {
      const { cases } = test.meta() as { cases?: number };
      const seconds = (test.diagnostic()?.duration ?? 0) / 1_000;
      return cases === undefined ? [] : [{ area: areaOf(pathOf(test.module)), test: test.fullName, cases, seconds }];
    }),
  };
}

const pathOf = (file: TestModule): string => relative(root, file.moduleId);
