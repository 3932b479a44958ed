import { FAULTS, type FaultText, type GatewayFault } from "./faultList.ts";
import type { Gateway } from "./names.ts";

/** Switches of the faults in `faultList.ts`, each armed for the next n calls it fits or for all. */
export interface FaultSetting {
  /** Counts down per hit. */
  times: number | "always";
  /** "both": wherever it can happen. */
  gateway: Gateway | "both";
  /** Read by those that have a time. */
  seconds: number;
}

const PLAIN_SECONDS = 20;

export interface Faults {
  /** All switches with what is armed, in a fixed order. */
  list(): (FaultText & { armed: FaultSetting | null })[];
  /** Arms a switch; without `times` once, without `gateway` wherever it can happen, without `seconds` its own time. */
  arm(name: GatewayFault, setting?: Partial<FaultSetting>): void;
  disarm(name: GatewayFault): void;
  disarmAll(): void;
}

/** The gateways' side of the switches. */
export interface FaultTaker extends Faults {
  /** True when the switch is armed for this gateway; counts one hit down. */
  take(name: GatewayFault, gateway: Gateway): boolean;
  /** Its `seconds` in ms when it is armed for this gateway, counting one hit down; else null. */
  takeMs(name: GatewayFault, gateway: Gateway): number | null;
  /** How long the next reply is held back, in ms; 0 when `slow` isn't armed. */
  takeDelayMs(gateway: Gateway): number;
  /** Without counting. */
  isArmed(name: GatewayFault, gateway: Gateway): boolean;
  /** Tells each change of the switches by hand. */
  onChanged(listener: () => void): void;
}

/** Switches live in memory: after a restart of the sandbox all are off. */
export function makeFaults(): FaultTaker {
  const armed = new Map<GatewayFault, FaultSetting>();
  const listeners: (() => void)[] = [];
  const changed = (): void => {
    for (const listener of listeners) listener();
  };

  function find(name: GatewayFault, gateway: Gateway): FaultSetting | null {
    const setting = armed.get(name);
    if (setting === undefined) return null;
    return setting.gateway === "both" || setting.gateway === gateway ? setting : null;
  }

  function takeSetting(name: GatewayFault, gateway: Gateway): FaultSetting | null {
    const setting = find(name, gateway);
    if (setting === null || setting.times === "always") return setting;
    if (setting.times <= 1) armed.delete(name);
    else armed.set(name, { ...setting, times: setting.times - 1 });
    return setting;
  }

  function takeMs(name: GatewayFault, gateway: Gateway): number | null {
    const setting = takeSetting(name, gateway);
    return setting === null ? null : setting.seconds * 1000;
  }

  return {
    list: () => FAULTS.map((fault) => ({ ...fault, armed: armed.get(fault.name) ?? null })),
    arm(name, setting = {}) {
      const seconds = FAULTS.find((fault) => fault.name === name)?.seconds ?? PLAIN_SECONDS;
      const full: FaultSetting = { times: 1, gateway: "both", seconds, ...setting };
      if (full.times !== "always" && !(Number.isSafeInteger(full.times) && full.times > 0)) {
        throw new RangeError(`times must be a positive integer or "always", got ${full.times}`);
      }
      armed.set(name, full);
      changed();
    },
    disarm(name) {
      armed.delete(name);
      changed();
    },
    disarmAll() {
      armed.clear();
      changed();
    },
    take: (name, gateway) => takeSetting(name, gateway) !== null,
    takeMs,
    takeDelayMs: (gateway) => takeMs("slow", gateway) ?? 0,
    isArmed: (name, gateway) => find(name, gateway) !== null,
    onChanged: (listener) => void listeners.push(listener),
  };
}
