/** `npm run card-conformance`: every layout driver that a module exports, held to the conformance kit. */
import { resolve } from "node:path";
import { argv, exit } from "node:process";
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { conformance } from "../src/conformance/conformance.ts";
import { fewMasks, manyMasks } from "../src/conformance/tears.ts";
import type { LayoutDriver } from "../src/layout.ts";

const help = `npm run card-conformance -- path/to/driver.ts [--long]

Holds every layout driver that the module exports to the conformance kit, and prints for each what was
tried, at how many points, and what broke.

  --long   half-flipped bits on both writes, and a million random images
  --help   this text

Exits 0 when everything holds, 1 when something broke, 2 when there was nothing to try: no path, a module
that can't be loaded, or one that exports no layout driver.
`;

const exits = { holds: 0, broken: 1, nothingTried: 2 } as const;

function nothingTried(why: string): never {
  console.error(why);
  exit(exits.nothingTried);
}

function asked(): { path: string; long: boolean } {
  try {
    const options = { long: { type: "boolean", default: false }, help: { type: "boolean", default: false } } as const;
    const { values, positionals } = parseArgs({ args: argv.slice(2), options, allowPositionals: true });
    if (values.help) {
      console.log(help);
      exit(exits.holds);
    }
    const [path, ...more] = positionals;
    if (path !== undefined && more.length === 0) return { path, long: values.long };
    return nothingTried(help);
  } catch (error) {
    return nothingTried(`${error instanceof Error ? error.message : String(error)}\n\n${help}`);
  }
}

async function load(file: string): Promise<object> {
  try {
    return (await import(pathToFileURL(resolve(file)).href)) as object;
  } catch (error) {
    return nothingTried(`${file} can't be loaded: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** Enough to be asked; whether it does what it says is what the kit is for. */
function isDriver(value: unknown): value is LayoutDriver {
  return (
    typeof value === "object" && value !== null && "purchaseImage" in value && "identify" in value && "areas" in value
  );
}

const { path, long } = asked();
const exported: unknown[] = Object.values(await load(path));
const drivers = [...new Set(exported.flat().filter(isDriver))];
if (drivers.length === 0) nothingTried(`${path} exports no layout driver`);

const options = long ? { masks: { first: manyMasks, second: fewMasks }, images: 1_000_000 } : {};
let failed = false;
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
exit(failed ? exits.broken : exits.holds);
