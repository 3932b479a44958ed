/** The stand-in for a maker's DLLs, as a process, and what lies in its reader (standIn.testkit.mjs). */
import { existsSync, mkdtempSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { DllCard } from "@citygas/gascard";

export const xianfeng = { name: "xianfeng", mark: "XF" };
export const dandong = { name: "dandong", mark: "DD" };
export const gasCard: DllCard = {
  kh: "0311203086",
  dqdm: "0996",
  kzt: 1,
  klx: 1,
  ql: 0,
  cs: 3,
  ljgql: 250,
  bkcs: 0,
  ljyql: 23_456,
  syql: 1_544,
  bjql: 10,
  czsx: 600,
  tzed: 0,
  sqrq: "20261101",
};

interface State {
  start?: "silent" | "dies" | "garbage";
  makers?: unknown;
  card: null | { claimedBy: string[]; tool?: boolean; fields: DllCard };
  fault?: { on: string; kind: string };
}

export interface StandIn {
  command: [string, ...string[]];
  set(over: Partial<State>): void;
  state(): State;
  /** What it was started and asked for, in order. */
  log(): string[];
}

export function standIn(over: Partial<State> = {}): StandIn {
  const file = join(mkdtempSync(join(tmpdir(), "dll-")), "state.json");
  const state = (): State => JSON.parse(readFileSync(file, "utf8"));
  // Whole or not at all: the process reads it at any moment.
  const set = (next: Partial<State>): void => {
    writeFileSync(`${file}.ours`, JSON.stringify({ ...(existsSync(file) ? state() : {}), ...next }));
    renameSync(`${file}.ours`, file);
  };
  set({ card: null, ...over });
  return {
    command: [process.execPath, fileURLToPath(new URL("standIn.testkit.mjs", import.meta.url)), file],
    set,
    state,
    log: () => (existsSync(`${file}.log`) ? readFileSync(`${file}.log`, "utf8").trim().split("\n") : []),
  };
}
