/**
 * Takes the download addresses out of package-lock.json, so that it installs from whichever registry npm is set to;
 * versions and integrity hashes stay. Run after every `npm install` that changed the lock file.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const file = fileURLToPath(new URL("../package-lock.json", import.meta.url));
const lock = JSON.parse(readFileSync(file, "utf8")) as { packages: Record<string, { resolved?: string }> };
for (const entry of Object.values(lock.packages)) if (entry.resolved?.startsWith("http")) delete entry.resolved;
writeFileSync(file, `${JSON.stringify(lock, null, 2)}\n`);
