/** The wrong rules, and the whole world with them, are no part of anything that a company runs. */
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { expect, it } from "vitest";
import { ourOwnOnly } from "../run/compile.ts";
import { sabotages } from "./all.ts";

/** All that `npm start`, a server and a kiosk run. */
const production = ["city/src/main.ts", "server/src/main.ts", "kiosk/agent/src/main.ts", "kiosk/screen/src/main.tsx"];

const root = fileURLToPath(new URL("../../..", import.meta.url));

async function built(entryPoints: string[]): Promise<{ files: string[]; text: string }> {
  const { metafile, outputFiles } = await build({
    absWorkingDir: root,
    entryPoints,
    outdir: "never-written",
    write: false,
    metafile: true,
    bundle: true,
    platform: "node",
    format: "esm",
    loader: { ".css": "empty", ".svg": "empty" },
    plugins: [ourOwnOnly],
    logLevel: "error",
  });
  return { files: Object.keys(metafile.inputs), text: outputFiles.map(({ text }) => text).join("\n") };
}

const isOfTheSimulation = (file: string): boolean => file.startsWith("simulation/");

it("nothing of the simulation is built into what runs in production", async () => {
  const { files, text } = await built(production);
  expect(files.length).toBeGreaterThan(200);
  expect(files.filter(isOfTheSimulation)).toEqual([]);
  for (const { about } of sabotages) expect(text).not.toContain(about);
});

it("the same look finds it where it is", async () => {
  const { files, text } = await built(["simulation/src/main.ts"]);
  expect(files.filter(isOfTheSimulation).length).toBeGreaterThan(20);
  for (const { name } of sabotages) expect(text).toContain(name);
});
