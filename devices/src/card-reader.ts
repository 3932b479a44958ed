/**
 * The card reader port. Vocabulary after XFS4IoT's CardReader (CWA 17852); drivers: virtual (TCP), PC/SC, CCID,
 * CRT-style motorised.
 *
 * A power-up is one insertion: `powerUpId` is fresh at each, and every call names the one it means, so that nothing
 * started for one card can run against the next.
 *
 * The calls with a question mark are not for every reader. A script that needs one that is left out stops there as
 * `readerFault`, before it changed anything.
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

/** Chips a reader may be told to expect. */
export type ReaderChip = "sle4442" | "sle4428" | "at24c01" | "at24c02" | "at24c16" | "at88sc102" | "cpu";

export interface CardReader {
  /** Emits the present state first, then changes. Returns an unsubscribe function. */
  subscribe(listener: (event: ReaderEvent) => void): () => void;
  /** Powers the card up anew. A chip this reader can't take: `readerFault`. */
  select(powerUpId: string, chip: ReaderChip): Promise<ReaderResult<null>>;
  /** At most 256 bytes of the chip's main memory. */
  read(powerUpId: string, offset: number, length: number): Promise<ReaderResult<Uint8Array>>;
  counter(powerUpId: string): Promise<ReaderResult<number>>;
  present(powerUpId: string, secret: Uint8Array): Promise<ReaderResult<number>>;
  /** Writes without reading back; the script executor reads back. */
  write(powerUpId: string, offset: number, data: Uint8Array): Promise<ReaderResult<null>>;
  /** Memory chips: changes the secret, which must have been presented, then presents the new one once; its counter. */
  rekey?(powerUpId: string, secret: Uint8Array): Promise<ReaderResult<number>>;
  /** AT88SC102: erases the zone that begins at `offset` with its key. The script executor reads back. */
  erase?(powerUpId: string, offset: number, key: Uint8Array): Promise<ReaderResult<null>>;
  /** CPU cards: one APDU as it is; the answer with its status word at the end (fewer than two bytes: `readerFault`). */
  transmit?(powerUpId: string, apdu: Uint8Array): Promise<ReaderResult<Uint8Array>>;
  /**
   * Motorised readers hold a card until it is given back. Refused as `verifyFailed` while something written was not read
   * back since; `giveBack`: nevertheless, because nothing more will be done with it. Ends the power-up.
   */
  release?(powerUpId: string, unproven?: "keep" | "giveBack"): Promise<ReaderResult<null>>;
  /** Motorised readers: takes the card in for good, into the box of captured cards. Ends the power-up. */
  retain?(powerUpId: string): Promise<ReaderResult<null>>;
  close(): Promise<void>;
}
