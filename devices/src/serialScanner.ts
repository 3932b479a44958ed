/**
 * A code scanner in USB-COM mode, by configured path. `serialport` is loaded only when a serial scanner is configured,
 * and its `list()` is never called: where `udevadm` is missing that ends the process and can't be caught.
 */
import { listeners } from "./listeners.ts";
import type { CodeScanner } from "./peripherals.ts";
import { symbolReader } from "./symbolReader.ts";

type ScannerEvent = Parameters<Parameters<CodeScanner["subscribe"]>[0]>[0];

/** What this driver needs of a serial port; the tests bring their own. */
export interface SerialPortLike {
  on(event: "open" | "close" | "error", listener: () => void): unknown;
  on(event: "data", listener: (chunk: Buffer) => void): unknown;
  open(): void;
  close(done: () => void): void;
  readonly isOpen: boolean;
}

export interface SerialScannerOptions {
  /** Default 9600, what most scanners leave the factory with. */
  baudRate?: number;
  openPort?: (path: string, baudRate: number) => Promise<SerialPortLike>;
  nowMs?: () => number;
}

const firstWaitMs = 250;
const longestWaitMs = 5_000;

/** `path`: the device file, best a fixed name under /dev/serial/by-id. */
export function serialScanner(path: string, options: SerialScannerOptions = {}): CodeScanner {
  const events = listeners<ScannerEvent>();
  const symbols = symbolReader(options.nowMs ?? (() => performance.now()));
  let port: SerialPortLike | null = null;
  let retry: NodeJS.Timeout | null = null;
  let waitMs = firstWaitMs;
  let closed = false;
  let up = false;

  const later = (): void => {
    if (closed || retry !== null) return;
    retry = setTimeout(() => {
      retry = null;
      port?.open();
    }, waitMs);
    waitMs = Math.min(waitMs * 2, longestWaitMs);
  };
  const lost = (): void => {
    if (up) {
      up = false;
      events.emit({ type: "fault" });
    }
    later();
  };
  const start = async (): Promise<void> => {
    const opened = await (options.openPort ?? openSerialPort)(path, options.baudRate ?? 9_600);
    if (closed) return;
    port = opened;
    opened.on("open", () => {
      up = true;
      waitMs = firstWaitMs;
      events.emit({ type: "ready" });
    });
    opened.on("close", lost);
    opened.on("error", lost);
    opened.on("data", (chunk) => {
      for (const code of symbols.push(chunk)) events.emit({ type: "code", code });
    });
    opened.open();
  };
  // Only a missing driver package gets here; the scanner then stays in fault, which the kiosk shows.
  start().catch(() => undefined);

  return {
    subscribe: (listener) => {
      listener({ type: up ? "ready" : "fault" });
      return events.add(listener);
    },
    close: async () => {
      closed = true;
      if (retry !== null) clearTimeout(retry);
      const current = port;
      if (current?.isOpen === true) await new Promise<void>((resolve) => current.close(resolve));
    },
  };
}

async function openSerialPort(path: string, baudRate: number): Promise<SerialPortLike> {
  const { SerialPort } = await import("serialport");
  const port = new SerialPort({ path, baudRate, autoOpen: false });
  return {
    on: (event: "open" | "close" | "error" | "data", listener: (chunk: Buffer) => void) => port.on(event, listener),
    // A failed open answers its callback, not `error`: both must lead to the next try.
    open: () => port.open((error) => error !== null && port.emit("error", error)),
    close: (done) => port.close(() => done()),
    get isOpen() {
      return port.isOpen;
    },
  };
}
