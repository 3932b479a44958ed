/** The centre: start it in this process, or run `src/main.ts` as a process of its own. */

export { channelsOf, type Gateways } from "./src/config/gatewaySettings.ts";
export type { ServerContext } from "./src/context.ts";
export type { Demo, DemoSeed } from "./src/demo/seed.ts";
export { makeLog } from "./src/http/log.ts";
export { type RunningServer, type ServerOptions, startServer } from "./src/server.ts";
export type { DatabaseConnection } from "./src/store/database.ts";
