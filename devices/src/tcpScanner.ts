/** A code scanner whose serial port is reached over TCP: each symbol is its text followed by CR (docs/devices.md). */
import { listeners } from "./listeners.ts";
import type { CodeScanner } from "./peripherals.ts";
import { symbolReader } from "./symbolReader.ts";
import { openTcpLine } from "./tcpLine.ts";

type ScannerEvent = Parameters<Parameters<CodeScanner["subscribe"]>[0]>[0];

/** `url`: `tcp://host:port`. */
export function tcpScanner(url: string, nowMs: () => number = () => performance.now()): CodeScanner {
  const events = listeners<ScannerEvent>();
  let up = false;
  const symbols = symbolReader(nowMs);
  const line = openTcpLine(url, {
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
