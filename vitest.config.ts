import { defineConfig } from "vitest/config";

/** Unit tests stand beside the source; e2e has its own config because it starts the whole city. */
export default defineConfig({
  test: {
    include: ["{core,protocols,api,texts,gateways,devices,terminal,server,kiosk,sandbox,city}/**/*.test.ts"],
    exclude: ["**/node_modules/**", "**/dist/**"],
    globalSetup: ["city/src/postgres/vitestSetup.ts"],
    testTimeout: 30_000,
    hookTimeout: 60_000,
    maxWorkers: 2,
  },
});
