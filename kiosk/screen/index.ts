/** The terminal's screen as files: where they are and how they are built. The page itself is `src/main.tsx`. */
import { fileURLToPath } from "node:url";

/** Folder of the built page, to be served under `/kiosk/` with `index.html` for `/kiosk/` itself. */
export const screenFolder: string = fileURLToPath(new URL("./dist", import.meta.url));

/** Builds the gallery, `gallery.html` with every screen and each of its faces, into a folder; to be served under `/kiosk/`. */
export async function buildGallery(outDir: string): Promise<void> {
  const { build } = await import("vite");
  const configFile = fileURLToPath(new URL("./vite.config.ts", import.meta.url));
  const input = fileURLToPath(new URL("./gallery.html", import.meta.url));
  await build({ configFile, logLevel: "warn", build: { outDir, rolldownOptions: { input } } });
}

/** Builds the page into `screenFolder` (a second or two); rejects when the sources do not build. */
export async function buildScreen(): Promise<void> {
  // Loaded only here: a start on built files must not pay for the bundler.
  const { build } = await import("vite");
  const configFile = fileURLToPath(new URL("./vite.config.ts", import.meta.url));
  await build({ configFile, logLevel: "warn" });
}
