import { fileURLToPath } from "node:url";

export { At24c } from "./src/chip/at24c.ts";
export { At88sc102, type At88sc102Keys } from "./src/chip/at88sc102.ts";
export { type AnyChip, type AnyChipState, chipFrom, writeWhole } from "./src/chip/chips.ts";
export { CpuCard, type CpuCardSetup } from "./src/chip/cpu-card.ts";
export { Psam, type PsamSetup, psamSlot } from "./src/chip/psam.ts";
export { Sle4428 } from "./src/chip/sle4428.ts";
export { blankChip, type ChipState, Sle4442 } from "./src/chip/sle4442.ts";
export { type Gateways, type GatewaysOptions, type MerchantSetup, startGateways } from "./src/gateways/gateways.ts";
export { advance, burn, isWarning, withRate } from "./src/meter/consumption.ts";
export { type Loaded, loadCard, type Pull } from "./src/meter/loading.ts";
export { type MeterOutcome, type MeterVerdict, takeCard } from "./src/meter/meter.ts";
export {
  type CrtMachine,
  crtMachine,
  type FrameFault,
  type ReplyFault,
} from "./src/reader/crt/machine.ts";
export { type CrtServer, serveCrt } from "./src/reader/crt/server.ts";
export { serveReader } from "./src/reader/reader-server.ts";
export { ReaderSlot, type VirtualCard } from "./src/reader/slot.ts";
export { plugIntoVpcd } from "./src/reader/vpcd.ts";
export {
  type DeviceUrls,
  type KioskDeviceUrls,
  type Sandbox,
  type SandboxOptions,
  startSandbox,
} from "./src/sandbox.ts";
export type { SandboxSeed, SeedCard } from "./src/seed.ts";
export type { MeterRow } from "./src/state/rows.ts";

/** Folder of the built workbench page, to be served under `/workbench/` with `index.html` for `/workbench/` itself. */
export const workbenchFolder: string = fileURLToPath(new URL("./dist/workbench", import.meta.url));

/** Builds the page into `workbenchFolder` (a second or two); rejects when the sources do not build. */
export async function buildWorkbench(): Promise<void> {
  // Loaded only here: a start on built files must not pay for the bundler.
  const { build } = await import("vite");
  const configFile = fileURLToPath(new URL("./vite.config.ts", import.meta.url));
  await build({ configFile, logLevel: "warn" });
}

/** The module to run as a process of its own (`src/main.ts` says with which settings). */
export const sandboxMain: string = fileURLToPath(new URL("./src/main.ts", import.meta.url));
