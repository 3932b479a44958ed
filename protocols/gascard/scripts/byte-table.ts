import { writeFileSync } from "node:fs";
import { argv } from "node:process";
import { fileURLToPath, pathToFileURL } from "node:url";
import { renderOpenB } from "./render-open-b.ts";

/** Writes docs/cards/open-b.md from the definitions: `node --import tsx protocols/gascard/scripts/byte-table.ts`. */
export const openBPage = fileURLToPath(new URL("../../../docs/cards/open-b.md", import.meta.url));

if (argv[1] !== undefined && import.meta.url === pathToFileURL(argv[1]).href) {
  writeFileSync(openBPage, renderOpenB());
}
