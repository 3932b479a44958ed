/**
 * `npm start`. Settings: PORT (8080; 0: a free one), HOST (127.0.0.1), CITYGAS_DATA (./.citygas), CITYGAS_READERS (a
 * kiosk's reader other than the sandbox's: `kiosk-1=pcsc:ACS ACR39U`, separated by commas), CITYGAS_READER_DIALECTS
 * (how it is told to work on memory cards: `kiosk-1=pcsc3`), CITYGAS_PSAMS (a kiosk's PSAM:
 * `kiosk-1=tripleDes:28:01@pcsc:ACS ACR39U 00 01`), and of the server's own CITYGAS_FINISH_MINUTES,
 * CITYGAS_IDLE_SECONDS, CITYGAS_DEBTS and CITYGAS_LOG. Ctrl-C, SIGTERM and a closed terminal stop all that was
 * started.
 */
import { once } from "node:events";
import { resolve } from "node:path";
import { isKiosk, startCity } from "./city.ts";
import { ends } from "./ends.ts";

const serverSettings = ["CITYGAS_FINISH_MINUTES", "CITYGAS_IDLE_SECONDS", "CITYGAS_DEBTS", "CITYGAS_LOG"];
const known = [
  "CITYGAS_DATA",
  "CITYGAS_CHROMIUM",
  "CITYGAS_LONG",
  "CITYGAS_READERS",
  "CITYGAS_READER_DIALECTS",
  "CITYGAS_PSAMS",
  ...serverSettings,
];

function readPort(text: string): number {
  const port = Number(text);
  if (!/^\d{1,5}$/.test(text) || port > 65_535) throw new Error(`PORT must be a port number, not "${text}"`);
  return port;
}

function readOfKiosks(
  name: `CITYGAS_${"READERS" | "READER_DIALECTS" | "PSAMS"}`,
  like: string,
): Record<string, string> {
  const pairs = (process.env[name] ?? "").split(",").filter((part) => part !== "");
  return Object.fromEntries(
    pairs.map((pair) => {
      const [kiosk, ...url] = pair.split("=");
      if (kiosk === undefined || !isKiosk(kiosk) || url.length === 0)
        throw new Error(`${name} must be like kiosk-1=${like}, not "${pair}"`);
      return [kiosk, url.join("=")];
    }),
  );
}

async function main(): Promise<void> {
  const unknown = Object.keys(process.env).filter((name) => name.startsWith("CITYGAS_") && !known.includes(name));
  if (unknown.length > 0) throw new Error(`unknown setting: ${unknown.join(", ")}`);
  const began = performance.now();
  const end = ends();
  const city = await startCity({
    port: readPort(process.env.PORT ?? "8080"),
    host: process.env.HOST ?? "127.0.0.1",
    dataDir: resolve(process.env.CITYGAS_DATA ?? ".citygas"),
    serverEnv: Object.fromEntries(serverSettings.map((name) => [name, process.env[name] ?? ""])),
    readers: readOfKiosks("CITYGAS_READERS", "pcsc:NAME"),
    dialects: readOfKiosks("CITYGAS_READER_DIALECTS", "pcsc3"),
    psams: readOfKiosks("CITYGAS_PSAMS", "tripleDes:28:01@pcsc:NAME"),
    say: (line) => console.log(line),
    end,
  });
  if (city === null) return;
  console.log(`Citygas is ready after ${((performance.now() - began) / 1000).toFixed(1)} s: ${city.url}/`);
  if (!end.aborted) await once(end, "abort");
  console.log("stopping …");
  await city.stop();
}

function fail(error: unknown): void {
  console.error(error instanceof Error ? error.message : error);
  process.exit(1);
}

main().then(() => process.exit(0), fail);
