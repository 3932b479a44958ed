/** The key service that the settings name. */
import path from "node:path";
import { pcscReader, psam as psamIn } from "@citygas/devices";
import type { Logger } from "pino";
import type { KeySettings } from "../config/keySettings.ts";
import type { KeyService } from "../context.ts";
import { cardKeys } from "./cardKeys.ts";
import { pkcs11Keys } from "./pkcs11Keys.ts";
import { loadPkcs11 } from "./pkcs11Module.ts";
import { psamSealer } from "./psamSealer.ts";
import { fileMaster, refuseInProduction, softKeys } from "./softKeys.ts";

/** @throws when a device, its binding or one of its keys is missing: a server that can write no card must not start. */
export async function openKeys(
  { device, psam: setting }: KeySettings,
  options: { dataDir: string; production: boolean; log: Logger },
): Promise<KeyService> {
  const folder = path.join(options.dataDir, "keys");
  const onProblem = (problem: string): void => options.log.warn({ problem }, "PSAM reader");
  const psam = setting === null ? null : psamIn(pcscReader(setting.reader, { onProblem }), setting.key);
  const sealer = psam === null ? undefined : psamSealer(psam);
  if (device !== null) {
    const keys = pkcs11Keys(await loadPkcs11(device.binding), device, sealer);
    return { ...keys, close: async () => void (await Promise.all([keys.close?.(), psam?.close()])) };
  }
  if (sealer === undefined) return softKeys(folder, options);
  refuseInProduction(options);
  const secrets = fileMaster(path.join(folder, "card-master.key"), "sm4");
  return cardKeys({ secrets, sealers: [sealer], close: async () => psam?.close() });
}
