export {
  type DeviceUrls,
  type KioskDeviceUrls,
  type Sandbox,
  type SandboxOptions,
  startSandbox,
} from "./src/sandbox.ts";
export type { MerchantSetup } from "./src/gateways/gateways.ts";
export type { SandboxSeed, SeedCard } from "./src/seed.ts";
