/**
 * `npm run simulate:night -- FILE [PURCHASES [SEED [PROCESSES [PER_CHUNK]]]]`: ten million purchases unless told otherwise,
 * in chunks of 100,000, as many processes as there are cores. Each chunk that is over is a line in FILE, so a run that was
 * stopped goes on where it was. Prints the table of docs/protocol.md. Exit 1 on a violation or a fault never met.
 */
import { spawn } from "node:child_process";
import { appendFileSync, existsSync, readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import { faultKinds } from "../faults/kinds.ts";
import { chunksLeft, nightTable, parseResults } from "./chunks.ts";

const [file = "", ...numbers] = process.argv.slice(2);
const [purchases = 10_000_000, seed = 1_000_000, processes = availableParallelism(), perChunk = 100_000] =
  numbers.map(Number);
if (file === "" || ![purchases, seed, processes, perChunk].every((n) => Number.isSafeInteger(n) && n > 0))
  throw new Error("FILE [PURCHASES [SEED [PROCESSES [PER_CHUNK]]]], whole numbers above 0");

const chunk = fileURLToPath(new URL("./chunk.ts", import.meta.url));
const flags = ["--max-semi-space-size=64", "--single-threaded-gc", "--import", "tsx"];
const results = () => parseResults(existsSync(file) ? readFileSync(file, "utf8") : "");
const before = results();
const left = chunksLeft(seed, Math.ceil(purchases / perChunk), before);
console.error(`${left.length} chunks of ${perChunk}, ${before.length} done before, ${processes} at a time`);
// A kill may have left a line without its end: what comes next begins on a line of its own.
if (existsSync(file) && !readFileSync(file, "utf8").endsWith("\n")) appendFileSync(file, "\n");

/** @returns its line; null: the process died without one. */
function carryOut(of: number): Promise<string | null> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [...flags, chunk, String(perChunk), String(of)], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    let out = "";
    child.stdout.on("data", (data: Buffer) => {
      out += data.toString("utf8");
    });
    child.on("close", () => resolve(out.trim().split("\n").at(-1) || null));
  });
}

let broken = false;
async function worker(): Promise<void> {
  for (let next = left.shift(); next !== undefined && !broken; next = left.shift()) {
    const line = await carryOut(next);
    if (line === null) throw new Error(`the process of seed ${next} died without a result`);
    appendFileSync(file, `${line}\n`);
    const [result] = parseResults(line);
    broken = (result?.violations ?? 1) > 0;
    console.error(
      `seed ${next}: ${result?.violations} violations, ${result?.cpuSeconds} CPU-seconds; ${left.length} left`,
    );
  }
}
await Promise.all(Array.from({ length: processes }, worker));

const all = results();
console.log(nightTable(all));
const met = new Set(all.flatMap(({ faults }) => Object.keys(faults)));
const missing = faultKinds.filter(({ name }) => !met.has(name)).map(({ name }) => name);
if (missing.length > 0) console.log(`never met: ${missing.join(", ")}`);
process.exit(broken || all.some(({ violations }) => violations > 0) || missing.length > 0 ? 1 : 0);
