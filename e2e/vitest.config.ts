import { defineConfig } from "vitest/config";

/**
 * Each file starts a whole city of its own. Most of a sale is waiting for people and their minutes, so two cities at a
 * time keep two cores busy and no more. What takes its minutes by nature (`*.long.test.ts`) runs under
 * `npm run test:long` only; each rule that it holds also has a quick test in one of the others. After every test,
 * whatever it is about, gateways, books and logs of its city must agree (`everyTest.ts`).
 */
export default defineConfig({
  test: {
    root: new URL(".", import.meta.url).pathname,
    include: ["**/*.test.ts"],
    exclude: process.env.CITYGAS_LONG === undefined ? ["**/*.long.test.ts"] : [],
    globalSetup: ["globalSetup.ts"],
    setupFiles: ["everyTest.ts"],
    maxWorkers: 2,
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
});
