import { listenSingleClient, type SingleClientServer } from "../net/single-client-server.ts";

/** Longest symbol a scanner of this kind reads. */
export const SYMBOL_CHARS_MAX = 4_096;

export interface ScannerServer extends SingleClientServer {
  /** Decodes one symbol. False when nobody is connected: the text is gone then. */
  scan(text: string): boolean;
}

/** A code scanner on its wire: each symbol's text, then CR (docs/devices.md, "Code scanner"). */
export async function serveScanner(port: number): Promise<ScannerServer> {
  const server = await listenSingleClient(port, { connected: () => ({ data: () => "keep" }) });
  return { ...server, scan: (text) => server.send(`${text}\r`) };
}
