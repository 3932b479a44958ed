import { join } from "node:path";
import { defineConfig } from "vite";

/** Where `npm run dev` finds the running city: kiosk page and sandbox API. */
const city = process.env.WORKBENCH_CITY ?? "http://127.0.0.1:8080";

export default defineConfig({
  root: join(import.meta.dirname, "workbench"),
  base: "/workbench/",
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  build: { outDir: join(import.meta.dirname, "dist/workbench"), emptyOutDir: true, target: "chrome109" },
  server: { proxy: { "/sandbox/api": city, "/kiosk": { target: city, ws: true } } },
  preview: { proxy: { "/sandbox/api": city, "/kiosk": { target: city, ws: true } } },
});
