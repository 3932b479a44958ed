/** Fault switches of the devices, beside those of the gateways. In memory: after a restart all are off. */
export type DeviceFault = "readerSilent" | "printerSilent" | "printerJam" | "meterPulledEarly";

export interface DeviceFaultText {
  name: DeviceFault;
  zh: string;
  en: string;
  description: string;
}

export const DEVICE_FAULTS: readonly DeviceFaultText[] = [
  {
    name: "readerSilent",
    zh: "读卡器不应答",
    en: "Reader silent",
    description: "Readers carry out no command and answer none.",
  },
  {
    name: "printerSilent",
    zh: "打印机不应答",
    en: "Printer silent",
    description: "Printers print, but answer no question about their state.",
  },
  {
    name: "printerJam",
    zh: "打印中卡纸",
    en: "Paper jam while printing",
    description:
      "The next receipt sticks after its third line. Putting paper in frees the printer; that receipt is lost.",
  },
  {
    name: "meterPulledEarly",
    zh: "上表时过早拔卡",
    en: "Pulled from the meter early",
    description: "The meter has credited the purchase; the card is pulled before it writes its first byte.",
  },
];

export interface DeviceFaults {
  list(): (DeviceFaultText & { armed: { times: number | "always" } | null })[];
  arm(name: DeviceFault, times: number | "always"): void;
  disarm(name: DeviceFault): void;
  /** True when the switch is on; counts one hit down. */
  take(name: DeviceFault): boolean;
}

export function isDeviceFault(name: string): name is DeviceFault {
  return DEVICE_FAULTS.some((fault) => fault.name === name);
}

export function makeDeviceFaults(): DeviceFaults {
  const armed = new Map<DeviceFault, number | "always">();
  return {
    list: () =>
      DEVICE_FAULTS.map((fault) => {
        const times = armed.get(fault.name);
        return { ...fault, armed: times === undefined ? null : { times } };
      }),
    arm: (name, times) => void armed.set(name, times),
    disarm: (name) => void armed.delete(name),
    take(name) {
      const times = armed.get(name);
      if (times === undefined) return false;
      if (times !== "always") {
        if (times <= 1) armed.delete(name);
        else armed.set(name, times - 1);
      }
      return true;
    },
  };
}
