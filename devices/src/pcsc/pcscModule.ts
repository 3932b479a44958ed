/** What is used of `pcsc-mini`; a test hands in its own. */

export interface PcscCard {
  state(): Promise<{ atr: Uint8Array }>;
  transmit(apdu: Uint8Array): Promise<Uint8Array>;
  disconnect(then: number): Promise<void>;
  reconnect(mode: number, then: number): Promise<unknown>;
}
export interface PcscReader {
  name(): string;
  connect(mode: number): Promise<PcscCard>;
  on(event: "change", listener: (status: { has(...flags: number[]): boolean }) => void): unknown;
  on(event: "disconnect", listener: () => void): unknown;
}
export interface PcscClient {
  on(event: "reader", listener: (reader: PcscReader) => void): unknown;
  on(event: "error", listener: (error: unknown) => void): unknown;
  start(): unknown;
  stop(): void;
}
export interface PcscModule {
  Client: new () => PcscClient;
  CardMode: { EXCLUSIVE: number };
  CardDisposition: { UNPOWER: number };
  ReaderStatus: { PRESENT: number; MUTE: number };
}

/** @throws where libpcsclite (Debian package `libpcsclite1`) or the module's binary for this platform is missing. */
export async function loadPcsc(): Promise<PcscModule> {
  return await import("pcsc-mini");
}
