/**
 * A serial port by configured path. `serialport` is loaded only when one is configured, and its `list()` is never called:
 * where `udevadm` is missing that ends the process and can't be caught. After a loss the port is opened again, with a
 * doubling, bounded wait.
 */
import type { Line, LineListener } from "./line.ts";

/** What is needed of a serial port; the tests bring their own. */
export interface SerialPortLike {
  on(event: "open" | "close" | "error", listener: () => void): unknown;
  on(event: "data", listener: (chunk: Buffer) => void): unknown;
  open(): void;
  write(bytes: Uint8Array): unknown;
  close(done: () => void): void;
  readonly isOpen: boolean;
}

export interface SerialOptions {
  /** Default 9600. */
  baudRate?: number;
  openPort?: (path: string, baudRate: number) => Promise<SerialPortLike>;
}

const firstWaitMs = 250;
const longestWaitMs = 5_000;

/** `path`: the device file, best a fixed name under /dev/serial/by-id. */
export function openSerialLine(path: string, options: SerialOptions, listener: LineListener): Line {
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
    const wasUp = up;
    up = false;
    if (wasUp && !closed) listener.down();
    later();
  };
  const start = async (): Promise<void> => {
    const opened = await (options.openPort ?? openSerialPort)(path, options.baudRate ?? 9_600);
    if (closed) return;
    port = opened;
    opened.on("open", () => {
      up = true;
      waitMs = firstWaitMs;
      listener.up();
    });
    opened.on("close", lost);
    opened.on("error", lost);
    opened.on("data", (chunk) => {
      if (up) listener.bytes(chunk);
    });
    opened.open();
  };
  // Only a missing driver package gets here; the line then stays down, which the kiosk shows.
  start().catch(() => undefined);

  return {
    send: (bytes) => {
      if (port === null || !up) return false;
      port.write(bytes);
      return true;
    },
    reset: () => {
      if (port?.isOpen === true) port.close(() => undefined);
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
    write: (bytes) => port.write(Buffer.from(bytes)),
    close: (done) => port.close(() => done()),
    get isOpen() {
      return port.isOpen;
    },
  };
}
