import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";

/** The pages are built once, before two cities begin to start side by side. */
export function setup(): void {
  const main = fileURLToPath(new URL("../city/src/buildPages.ts", import.meta.url));
  execFileSync(process.execPath, ["--import", "tsx", main], { stdio: "inherit" });
}
