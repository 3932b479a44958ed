import { listenSingleClient, type SingleClientServer } from "../net/single-client-server.ts";
import type { EscPosPrinter } from "./escpos-printer.ts";

/** Raw bytes in, status bytes out (docs/devices.md, "Receipt printer"). What it holds outlives a connection. */
export function servePrinter(printer: EscPosPrinter, port: number): Promise<SingleClientServer> {
  return listenSingleClient(port, {
    connected: () => ({
      data(chunk) {
        printer.receive(chunk);
        return "keep";
      },
    }),
  });
}
