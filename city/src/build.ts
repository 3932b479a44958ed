/**
 * Builds the browser surfaces when their sources are newer than what was built, so that `npm start` needs no step of
 * its own and a second start costs nothing.
 */
import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";

export interface Surface {
  name: string;
  /** The surface's own build. */
  build(): Promise<void>;
  sources: readonly string[];
  /** File whose age stands for the build. */
  built: string;
}

export async function buildSurfaces(surfaces: readonly Surface[], say: (line: string) => void): Promise<void> {
  for (const surface of surfaces) {
    if (isFresh(surface)) continue;
    say(`building ${surface.name} …`);
    await surface.build();
  }
}

function isFresh({ built, sources }: Surface): boolean {
  if (!existsSync(built)) return false;
  const at = statSync(built).mtimeMs;
  return sources.every((folder) => newest(folder) <= at);
}

/** Time of the newest file below; skips what is not source. */
function newest(path: string): number {
  const stat = statSync(path);
  if (!stat.isDirectory()) return stat.mtimeMs;
  let latest = 0;
  for (const name of readdirSync(path)) {
    if (name === "node_modules" || name === "dist") continue;
    latest = Math.max(latest, newest(join(path, name)));
  }
  return latest;
}
