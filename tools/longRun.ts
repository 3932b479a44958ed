/** What a long run has done so far, so that one that was ended goes on instead of beginning again. */
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Counted } from "./longTable.ts";

export interface PartResult {
  passed: number;
  /** Names of the tests that were skipped. */
  skips: readonly string[];
  /** Each with what it said. */
  failures: readonly string[];
  counted: readonly Counted[];
}

export interface KeptRun {
  seed: number;
  /** What was tested. */
  commit: string;
  /** The parts that passed, by name. */
  done: Record<string, PartResult>;
}

const fileIn = (root: string): string => join(root, ".test-long.json");

export const newRun = (root: string, seed: number): KeptRun => ({ seed, commit: commitOf(root), done: {} });

/** @throws when none was kept, or one of another commit: half of each would say nothing. */
export function keptRun(root: string): KeptRun {
  if (!existsSync(fileIn(root))) throw new Error("--resume: no long run was broken off here");
  // Written by `keep` and nobody else.
  const kept = JSON.parse(readFileSync(fileIn(root), "utf8")) as KeptRun;
  if (kept.commit !== commitOf(root)) throw new Error(`--resume: the run that was broken off was of ${kept.commit}`);
  return kept;
}

export function keep(root: string, run: KeptRun): void {
  writeFileSync(fileIn(root), JSON.stringify(run));
}

export function forget(root: string): void {
  rmSync(fileIn(root), { force: true });
}

const commitOf = (root: string): string =>
  execFileSync("git", ["rev-parse", "HEAD"], { cwd: root, encoding: "utf8" }).trim();
