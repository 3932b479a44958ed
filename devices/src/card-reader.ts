/**
 * The card reader port. Vocabulary after XFS4IoT's CardReader (CWA 17852); drivers: virtual (TCP), PC/SC, serial.
 *
 * A power-up is one insertion: `powerUpId` is fresh at each, and every call names the one it means, so that nothing
 * started for one card can run against the next.
 */
export type ReaderFailure = "removed" | "locked" | "wrongSecret" | "verifyFailed" | "readerFault" | "stale";
export type ReaderResult<T> = { ok: true; value: T } | { ok: false; reason: ReaderFailure };

export type ReaderEvent =
  | { type: "inserted"; powerUpId: string; atr: string }
  /** Something is in the slot that does not answer: wrong way up, broken, or no chip. */
  | { type: "mute"; powerUpId: string }
  | { type: "removed"; powerUpId: string }
  | { type: "fault" }
  | { type: "ready" };

export interface CardReader {
  /** Emits the present state first, then changes. Returns an unsubscribe function. */
  subscribe(listener: (event: ReaderEvent) => void): () => void;
  select(powerUpId: string, chip: "sle4442"): Promise<ReaderResult<null>>;
  read(powerUpId: string, offset: number, length: number): Promise<ReaderResult<Uint8Array>>;
  counter(powerUpId: string): Promise<ReaderResult<number>>;
  present(powerUpId: string, secret: Uint8Array): Promise<ReaderResult<number>>;
  /** Writes without reading back; the script executor reads back. */
  write(powerUpId: string, offset: number, data: Uint8Array): Promise<ReaderResult<null>>;
  close(): Promise<void>;
}
