/** The kiosk agent: its contract with the screen, and what tests and benches need to run it in their own process. */

export { type CrashPoint, crashPoints } from "./src/crash.ts";
export { type Agent, type AgentParts, runAgent } from "./src/run.ts";
export { type Door, openDoor } from "./src/socket.ts";
export type { Metrics, Summary } from "./src/stopwatch.ts";
export type * from "./src/view.ts";
