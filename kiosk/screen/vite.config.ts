import { defineConfig } from "vite";

/** Served by the city under /kiosk/. The gallery (gallery.html) is for development: it is not an input here. */
export default defineConfig({
  root: import.meta.dirname,
  base: "/kiosk/",
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  build: { outDir: "dist", emptyOutDir: true, target: "chrome109", reportCompressedSize: true },
});
