import { readFileSync } from "node:fs";
import { Compile } from "typebox/compile";
import { startSandbox } from "./sandbox.ts";
import { SandboxSeed } from "./seed.ts";
import { READERS, type ReaderId } from "./world/context.ts";

/**
 * The sandbox as a process of its own. Settings by environment:
 * - `SANDBOX_DIR`: its folder (required)
 * - `SANDBOX_PORT`: port of the API; the last one or any when left out
 * - `SANDBOX_SEED`: a JSON file with what a new world begins with
 * - `SANDBOX_VPCD`: readers that also show their cards to PC/SC (`vsmartcard-vpcd`): `kiosk-1=35963,kiosk-2=35964`
 * - `SANDBOX_CRT`: readers that are motorised ones too, on a line over TCP: `kiosk-1=39001`
 * - `SANDBOX_WRITE_TIME_SCALE`: 1 = the chip's own time, 0 = none
 *
 * When it is ready it has written `ports.json` into its folder and prints one JSON line: {"ready":true,"url":"…"}.
 */
function setting(name: string): string | undefined {
  const value = process.env[name];
  return value === undefined || value === "" ? undefined : value;
}

function number(name: string): number | undefined {
  const text = setting(name);
  if (text === undefined) return undefined;
  const value = Number(text);
  if (!Number.isFinite(value) || value < 0) throw new Error(`${name} must be a number from 0, not ${text}`);
  return value;
}

function readSeed(path: string): SandboxSeed {
  const value: unknown = JSON.parse(readFileSync(path, "utf8"));
  const check = Compile(SandboxSeed);
  if (check.Check(value)) return value;
  const [first] = check.Errors(value);
  throw new Error(`${path} is no seed: ${first?.instancePath ?? ""} ${first?.message ?? ""}`);
}

/** `example`: a port, for whoever wrote it wrongly. */
function readerPorts(name: string, example: number): Partial<Record<ReaderId, number>> {
  const pairs = (setting(name) ?? "").split(",").filter((pair) => pair !== "");
  return Object.fromEntries(
    pairs.map((pair) => {
      const [reader, port] = pair.split("=");
      if (!READERS.some((known) => known === reader) || !/^\d{1,5}$/.test(port ?? ""))
        throw new Error(`${name} must be like kiosk-1=${example}, not ${pair}`);
      return [reader, Number(port)];
    }),
  );
}

const dir = setting("SANDBOX_DIR");
if (dir === undefined) throw new Error("SANDBOX_DIR is missing: the folder that holds the sandbox");
const port = number("SANDBOX_PORT");
const writeTimeScale = number("SANDBOX_WRITE_TIME_SCALE");
const seedPath = setting("SANDBOX_SEED");

const sandbox = await startSandbox({
  dir,
  now: Date.now,
  ...(port === undefined ? {} : { port }),
  vpcd: readerPorts("SANDBOX_VPCD", 35_963),
  crt: readerPorts("SANDBOX_CRT", 39_001),
  ...(writeTimeScale === undefined ? {} : { writeTimeScale }),
  ...(seedPath === undefined ? {} : { seed: readSeed(seedPath) }),
});
console.log(JSON.stringify({ ready: true, url: sandbox.url }));

let ending = false;
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.on(signal, () => {
    if (ending) return;
    ending = true;
    sandbox.close().then(
      () => process.exit(0),
      (error: unknown) => {
        console.error(error);
        process.exit(1);
      },
    );
  });
}
