/**
 * `npm run card-conformance -- path/to/driver.ts [--long]`: every layout driver that the module exports, held to the
 * conformance kit. Prints what was tried and what broke; exits 1 when anything did, or when there was nothing to try.
 */
import { resolve } from "node:path";
import { argv, exit } from "node:process";
import { pathToFileURL } from "node:url";
import { conformance } from "../src/conformance/conformance.ts";
import { fewMasks, manyMasks } from "../src/conformance/tears.ts";
import type { LayoutDriver } from "../src/layout.ts";

const long = argv.includes("--long");
const options = long ? { masks: { first: manyMasks, second: fewMasks }, images: 1_000_000 } : {};
const [path] = argv.slice(2).filter((word) => !word.startsWith("--"));
if (path === undefined) {
  console.error("npm run card-conformance -- path/to/driver.ts [--long]");
  exit(1);
}

async function load(file: string): Promise<object> {
  try {
    return (await import(pathToFileURL(resolve(file)).href)) as object;
  } catch (error) {
    console.error(`${file} can't be loaded: ${error instanceof Error ? error.message : String(error)}`);
    exit(1);
  }
}

/** Enough to be asked; whether it does what it says is what the kit is for. */
function isDriver(value: unknown): value is LayoutDriver {
  return (
    typeof value === "object" && value !== null && "purchaseImage" in value && "identify" in value && "areas" in value
  );
}

const exported: unknown[] = Object.values(await load(path));
const drivers = [...new Set(exported.flat().filter(isDriver))];
let failed = drivers.length === 0;
if (failed) console.error(`${path} exports no layout driver`);

for (const driver of drivers) {
  const results = conformance(driver, options);
  const points = results.reduce((sum, result) => sum + result.points, 0);
  console.log(`${driver.name}: class ${driver.cardClass} on ${driver.chip}, ${points} points`);
  for (const { name, points: visited, broken } of results) {
    console.log(
      `  ${broken === null ? "ok    " : "BROKEN"} ${name} (${visited} points)${broken === null ? "" : `: ${broken}`}`,
    );
    failed ||= broken !== null;
  }
}
exit(failed ? 1 : 0);
