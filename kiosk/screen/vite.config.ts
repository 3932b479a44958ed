import { defineConfig } from "vite";

/** Served by the city under /kiosk/. The gallery (gallery.html) is for development: it is not an input here. */
export default defineConfig({
  root: import.meta.dirname,
  base: "/kiosk/",
  // Never the development form, whatever NODE_ENV says: it carries this machine's paths.
  oxc: { jsx: { runtime: "automatic", importSource: "preact", development: false } },
  build: { outDir: "dist", emptyOutDir: true, target: "chrome109", reportCompressedSize: true },
});
