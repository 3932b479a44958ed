/**
 * `npm run simulate:night -- FILE [--purchases N] [--workers N] [--seed S] [--chunk N]`: ten million purchases unless told
 * otherwise, in chunks of 100,000, as many processes as there are cores. Each chunk that is over is a line in FILE, so a
 * run that was stopped goes on where it was. Prints the table of docs/protocol.md. Exit 1 on a violation, a fault never met
 * or a process that died, 2 where FILE holds what other code or another Node has run.
 */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { appendFileSync, existsSync, readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import { faultKinds } from "../faults/kinds.ts";
import { compile, worldFlags } from "../run/compile.ts";
import { chunksLeft, nightTable, otherRevisions, parseResults, type Revision, ratePerCpuSecond } from "./chunks.ts";

const usage = "npm run simulate:night -- FILE [--purchases N] [--workers N] [--seed S] [--chunk N]";
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    purchases: { type: "string", default: "10000000" },
    workers: { type: "string", default: String(availableParallelism()) },
    seed: { type: "string", default: "1000000" },
    chunk: { type: "string", default: "100000" },
  },
});
const [file = ""] = positionals;
const whole = (text: string): number => {
  const number = Number(text);
  if (!Number.isSafeInteger(number) || number < 1) throw new Error(`${text}: not a whole number above 0\n${usage}`);
  return number;
};
if (file === "" || positionals.length > 1) throw new Error(usage);
const [purchases, workers, seed, perChunk] = [values.purchases, values.workers, values.seed, values.chunk].map(whole);
if (purchases === undefined || seed === undefined || perChunk === undefined) throw new Error(usage);

function commitHere(): string | null {
  try {
    return execFileSync("git", ["describe", "--always", "--dirty"], { encoding: "utf8", stdio: "pipe" }).trim();
  } catch {
    return null;
  }
}

const { file: program, code } = await compile(new URL("./chunk.ts", import.meta.url));
const revision: Revision = { code, commit: commitHere(), node: process.version };
const results = () => parseResults(existsSync(file) ? readFileSync(file, "utf8") : "");
const before = results();
const [other] = otherRevisions(before, revision);
if (other !== undefined) {
  console.error(
    `${file} holds chunks of code ${other.code} (${other.commit}) on Node ${other.node}; here it is code ${code} ` +
      `(${revision.commit}) on Node ${revision.node}. They can't be added up: take another FILE.`,
  );
  process.exit(2);
}
const left = chunksLeft(seed, Math.ceil(purchases / perChunk), before);
console.error(`${left.length} chunks of ${perChunk}, ${before.length} done before, ${workers} at a time, code ${code}`);
// A kill may have left a line without its end: what comes next begins on a line of its own.
if (existsSync(file) && !readFileSync(file, "utf8").endsWith("\n")) appendFileSync(file, "\n");

const running = new Set<ChildProcess>();
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const)
  process.on(signal, () => {
    for (const child of running) child.kill(signal);
    process.exit(130);
  });

/** @returns its line; null: the process died without one. */
function carryOut(of: number): Promise<string | null> {
  return new Promise((resolve) => {
    const words = [...worldFlags, program, String(perChunk), String(of), JSON.stringify(revision)];
    const child = spawn(process.execPath, words, { stdio: ["ignore", "pipe", "inherit"] });
    running.add(child);
    let out = "";
    child.stdout.on("data", (data: Buffer) => {
      out += data.toString("utf8");
    });
    child.on("close", () => {
      running.delete(child);
      resolve(out.trim().split("\n").at(-1) || null);
    });
  });
}

const began = performance.now();
let broken = false;
let died = 0;
async function worker(): Promise<void> {
  for (let next = left.shift(); next !== undefined && !broken; next = left.shift()) {
    const line = await carryOut(next);
    const [result] = parseResults(line ?? "");
    if (result === undefined) {
      died += 1;
      console.error(`seed ${next}: its process died without a result; started again, this run does it again`);
      continue;
    }
    appendFileSync(file, `${line}\n`);
    broken ||= result.violations > 0;
    const all = results();
    const minutes = (performance.now() - began) / 60_000;
    const toCome = (minutes / (all.length - before.length)) * left.length;
    console.error(
      `seed ${next}: ${result.violations} violations, ${ratePerCpuSecond([result])} purchases per CPU-second ` +
        `(all: ${ratePerCpuSecond(all)}), ${result.rssMb.at(-1)} MB; ${left.length} chunks left, about ${Math.ceil(toCome)} min`,
    );
  }
}
await Promise.all(Array.from({ length: workers ?? 1 }, worker));

const all = results();
console.log(nightTable(all));
const met = new Set(all.flatMap(({ faults }) => Object.keys(faults)));
const missing = faultKinds.filter(({ name }) => !met.has(name)).map(({ name }) => name);
if (missing.length > 0) console.log(`never met: ${missing.join(", ")}`);
const failed = died > 0 || missing.length > 0 || all.some(({ violations }) => violations > 0);
process.exit(failed ? 1 : 0);
