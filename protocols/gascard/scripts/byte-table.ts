import { writeFileSync } from "node:fs";
import { argv } from "node:process";
import { fileURLToPath, pathToFileURL } from "node:url";
import { type OpenTable, openTables } from "../src/open/tables.ts";
import { renderOpen } from "./render-open.ts";
import { renderOverview } from "./render-overview.ts";

/** Writes docs/cards/ from the definitions: `node --import tsx protocols/gascard/scripts/byte-table.ts`. */
const folder = new URL("../../../docs/cards/", import.meta.url);

export const pageOf = ({ family }: Pick<OpenTable, "family">): string => fileURLToPath(new URL(`${family}.md`, folder));
export const overviewPage: string = fileURLToPath(new URL("README.md", folder));

if (argv[1] !== undefined && import.meta.url === pathToFileURL(argv[1]).href) {
  for (const table of openTables) writeFileSync(pageOf(table), renderOpen(table));
  writeFileSync(overviewPage, renderOverview());
}
