/**
 * A kiosk's disk with the journal on it. The bytes and what they fold to are the terminal's own code; what is simulated
 * is the disk: an entry is on it when the sync has come, and a power cut may leave a torn last line.
 */
import {
  emptyJournal,
  encodeLine,
  foldJournal,
  type JournalEntry,
  type JournalState,
  parseJournal,
} from "@citygas/terminal";

export class Disk {
  /** What a power cut can't take: what was read again before, and the entries since, of which bytes are made then. */
  #read: JournalState = emptyJournal;
  #synced: JournalEntry[] = [];
  #torn: Buffer = Buffer.alloc(0);
  #state: JournalState = emptyJournal;
  /** Entries that were written and are not on the disk yet (only where nobody waits for the sync). */
  unsynced: JournalEntry[] = [];

  /** What the running kiosk knows. */
  get state(): JournalState {
    return this.unsynced.reduce(foldJournal, this.#state);
  }

  /** What would be there after a power cut. */
  get durable(): JournalState {
    return this.#state;
  }

  sync(entry: JournalEntry): void {
    this.#synced.push(entry);
    this.#state = foldJournal(this.#state, entry);
  }

  /** Power fails while this entry is being written: part of its line may be there. */
  tear(entry: JournalEntry, perMille: number): void {
    const line = encodeLine(entry);
    this.#torn = line.subarray(0, Math.floor((line.length * perMille) / 1000));
  }

  /** What the journal's own code makes of the bytes after a restart. */
  reopen(): JournalState {
    this.unsynced = [];
    const synced = Buffer.concat(this.#synced.map(encodeLine));
    this.#synced = [];
    const { entries, goodBytes } = parseJournal(Buffer.concat([synced, this.#torn]));
    if (goodBytes < synced.length) throw new Error("the journal's code cuts off what was synced");
    this.#torn = Buffer.alloc(0);
    this.#read = entries.reduce(foldJournal, this.#read);
    this.#state = this.#read;
    return this.#state;
  }
}
