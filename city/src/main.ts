/**
 * `npm start`. Settings: PORT (8080), HOST (127.0.0.1), CITYGAS_DATA (./.citygas), and of the server's own
 * CITYGAS_FINISH_MINUTES and CITYGAS_DEBTS. Ctrl-C stops all that was started.
 */
import { resolve } from "node:path";
import { startCity } from "./city.ts";

const serverSettings = ["CITYGAS_FINISH_MINUTES", "CITYGAS_DEBTS"];
const known = ["CITYGAS_DATA", "CITYGAS_CHROMIUM", "CITYGAS_LONG", ...serverSettings];

function readPort(text: string): number {
  const port = Number(text);
  if (!/^\d{1,5}$/.test(text) || port < 1 || port > 65_535)
    throw new Error(`PORT must be a port number, not "${text}"`);
  return port;
}

async function main(): Promise<void> {
  const unknown = Object.keys(process.env).filter((name) => name.startsWith("CITYGAS_") && !known.includes(name));
  if (unknown.length > 0) throw new Error(`unknown setting: ${unknown.join(", ")}`);
  const began = performance.now();
  const city = await startCity({
    port: readPort(process.env.PORT ?? "8080"),
    host: process.env.HOST ?? "127.0.0.1",
    dataDir: resolve(process.env.CITYGAS_DATA ?? ".citygas"),
    serverEnv: Object.fromEntries(serverSettings.map((name) => [name, process.env[name] ?? ""])),
    say: (line) => console.log(line),
  });
  console.log(`Citygas is ready after ${((performance.now() - began) / 1000).toFixed(1)} s: ${city.url}/`);
  let stopping = false;
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.on(signal, () => {
      if (stopping) return;
      stopping = true;
      console.log("stopping …");
      city.stop().then(() => process.exit(0), fail);
    });
  }
}

function fail(error: unknown): void {
  console.error(error instanceof Error ? error.message : error);
  process.exit(1);
}

main().catch(fail);
