/** The pages that the city fronts, and where their sources are. */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { buildScreen, screenFolder } from "@citygas/kiosk-screen";
import { buildWorkbench, workbenchFolder } from "@citygas/sandbox";
import { buildSurfaces, type Surface } from "./build.ts";

const roomOf = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url));

const surfaces: readonly Surface[] = [
  {
    name: "kiosk screen",
    build: buildScreen,
    sources: [roomOf("kiosk/screen"), roomOf("texts")],
    built: join(screenFolder, "index.html"),
  },
  {
    name: "workbench",
    build: buildWorkbench,
    sources: [roomOf("sandbox/workbench")],
    built: join(workbenchFolder, "index.html"),
  },
];

/** Builds the pages whose sources are newer than what was built; a start does it by itself. Not twice at once. */
export const buildPages = (say: (line: string) => void): Promise<void> => buildSurfaces(surfaces, say);
