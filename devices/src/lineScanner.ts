/** A code scanner at the end of a line: each symbol is its text followed by CR (docs/devices.md). */
import type { OpenLine } from "./lines/line.ts";
import { openSerialLine, type SerialOptions } from "./lines/serialLine.ts";
import { openTcpLine } from "./lines/tcpLine.ts";
import { listeners } from "./listeners.ts";
import type { CodeScanner } from "./peripherals.ts";
import { symbolReader } from "./symbolReader.ts";

type ScannerEvent = Parameters<Parameters<CodeScanner["subscribe"]>[0]>[0];

/** `url`: `tcp://host:port`. */
export const tcpScanner = (url: string, nowMs?: () => number): CodeScanner =>
  lineScanner((listener) => openTcpLine(url, listener), nowMs);

/** In USB-COM mode. `path`: the device file, best a fixed name under /dev/serial/by-id. */
export const serialScanner = (path: string, options: SerialOptions & { nowMs?: () => number } = {}): CodeScanner =>
  lineScanner((listener) => openSerialLine(path, options, listener), options.nowMs);

function lineScanner(open: OpenLine, nowMs: () => number = () => performance.now()): CodeScanner {
  const events = listeners<ScannerEvent>();
  const symbols = symbolReader(nowMs);
  let up = false;
  const line = open({
    up: () => {
      up = true;
      events.emit({ type: "ready" });
    },
    down: () => {
      up = false;
      events.emit({ type: "fault" });
    },
    bytes: (chunk) => {
      for (const code of symbols.push(chunk)) events.emit({ type: "code", code });
    },
  });
  return {
    subscribe: (listener) => {
      listener({ type: up ? "ready" : "fault" });
      return events.add(listener);
    },
    close: () => line.close(),
  };
}
