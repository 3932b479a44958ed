import { defineConfig } from "vitest/config";

/** Set by `npm run test:long` only; its value is the run's seed (CONTRIBUTING.md). */
const longSeed = process.env.CITYGAS_LONG;

/** Unit tests stand beside the source; e2e has its own config because it starts the whole city. */
export default defineConfig({
  test: {
    include: [
      "{core,protocols,api,texts,gateways,devices,terminal,server,kiosk,sandbox,simulation,city,bench,tools}/**/*.test.ts",
    ],
    exclude: ["**/node_modules/**", "**/dist/**"],
    globalSetup: ["city/src/postgres/vitestSetup.ts"],
    setupFiles: ["tools/propertySetup.ts"],
    provide: { long: longSeed !== undefined, seed: Number(longSeed ?? 20_261_123) },
    testTimeout: longSeed === undefined ? 30_000 : 30 * 60_000,
    hookTimeout: 60_000,
    maxWorkers: 2,
    // No module of ours keeps state, so files share their worker's modules: loading them anew for each was a third of the
    // run. What a test sets for its whole process (an environment variable, a spy) it sets back.
    isolate: false,
  },
});
