import { defineConfig } from "vitest/config";

/** Each file starts a whole city of its own, so one at a time: two cores are its kiosks' and its database's. */
export default defineConfig({
  test: {
    root: new URL(".", import.meta.url).pathname,
    include: ["**/*.test.ts"],
    fileParallelism: false,
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
});
