/** Fault switches of the devices, beside those of the gateways. In memory: after a restart all are off. */
export type DeviceFault =
  | "readerSilent"
  | "readerJam"
  | "readerPowerLost"
  | "readerRefusesFrames"
  | "readerSpoilsReplies"
  | "readerF2"
  | "printerSilent"
  | "printerJam"
  | "meterPulledEarly";

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
    name: "readerJam",
    zh: "电动读卡器卡住卡片",
    en: "Card jam in a motorised reader",
    description: "The next card that a motorised reader moves sticks, until somebody takes it out by hand.",
  },
  {
    name: "readerPowerLost",
    zh: "电动读卡器写卡中断电",
    en: "Motorised reader loses power in a write",
    description: "A motorised reader loses its power in the middle of its next write, keeps the card, and comes back.",
  },
  {
    name: "readerRefusesFrames",
    zh: "电动读卡器拒收指令帧",
    en: "Motorised reader refuses frames",
    description: "A motorised reader takes no frame (NAK).",
  },
  {
    name: "readerSpoilsReplies",
    zh: "电动读卡器应答校验错",
    en: "Motorised reader's replies spoilt",
    description: "Replies of a motorised reader come with a wrong check (BCC).",
  },
  {
    name: "readerF2",
    zh: "电动读卡器用F2帧应答",
    en: "Motorised reader speaks F2 frames",
    description: "A motorised reader answers as the maker's newer ones do, in frames that begin with F2.",
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
