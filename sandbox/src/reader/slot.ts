import type { Sle4442 } from "../chip/sle4442.ts";
import { toHex } from "../hex.ts";
import { executeApdu } from "./acs.ts";

/** A card of this world. It is one object wherever it lies; its chip is its memory. */
export interface VirtualCard {
  readonly id: string;
  readonly chip: Sle4442;
  /** Never answers: no chip, or a broken one. */
  readonly mute: boolean;
  /**
   * Bytes that the next write still gets through before the card is pulled; null = it is not pulled.
   * Every byte sent counts, also one the chip finds already right. The byte at which it is pulled is erased when
   * its update begins with an erase, and not programmed.
   */
  tearAfterBytes: number | null;
}

export interface WriteSeen {
  card: VirtualCard;
  address: number;
  before: Uint8Array;
  after: Uint8Array;
  torn: boolean;
}

export interface SlotDeps {
  /** Waits out one erase or program step. */
  stepPause(): Promise<void>;
  /** Cells or counter of the chip have changed: make it durable. */
  chipChanged(card: VirtualCard): void;
  /** A write command has ended, whole or torn. */
  written(write: WriteSeen): void;
  /** The card came, went, or was pulled. */
  changed(): void;
}

export type SlotState = null | { insertion: number; atr: string | null };
export type ExchangeResult = { response: string } | { error: "removed" };

interface Occupied {
  card: VirtualCard;
  insertion: number;
  upsideDown: boolean;
  selected: boolean;
}

/** The slot of one reader: what is in it, and the pseudo-APDUs to it (docs/devices.md, "Virtual card reader"). */
export class ReaderSlot {
  readonly #deps: SlotDeps;
  #insertion: number;
  #occupied: Occupied | null = null;

  constructor(insertionsBefore: number, deps: SlotDeps) {
    this.#insertion = insertionsBefore;
    this.#deps = deps;
  }

  get card(): VirtualCard | null {
    return this.#occupied?.card ?? null;
  }

  get upsideDown(): boolean {
    return this.#occupied?.upsideDown ?? false;
  }

  /** Insertions so far. */
  get insertions(): number {
    return this.#insertion;
  }

  state(): SlotState {
    const occupied = this.#occupied;
    if (occupied === null) return null;
    const mute = occupied.upsideDown || occupied.card.mute;
    return { insertion: occupied.insertion, atr: mute ? null : `3b04${toHex(occupied.card.chip.read(0, 4))}` };
  }

  /** The slot must be empty. */
  insert(card: VirtualCard, upsideDown: boolean): void {
    if (this.#occupied !== null) throw new Error("the slot is taken");
    this.#insertion += 1;
    card.chip.powerOff();
    this.#occupied = { card, insertion: this.#insertion, upsideDown, selected: false };
    this.#deps.changed();
  }

  /** Takes the card out; a command under way ends as `removed`. The tear that was set for it is forgotten. */
  remove(): VirtualCard | null {
    const card = this.#occupied?.card ?? null;
    if (card === null) return null;
    card.chip.powerOff();
    card.tearAfterBytes = null;
    this.#occupied = null;
    this.#deps.changed();
    return card;
  }

  /** One command to the card of `insertion`. */
  async exchange(insertion: number, apdu: Uint8Array): Promise<ExchangeResult> {
    const occupied = this.#occupied;
    if (occupied === null || occupied.insertion !== insertion) return { error: "removed" };
    if (occupied.upsideDown || occupied.card.mute) return { response: "6300" };
    const response = await executeApdu(apdu, {
      chip: occupied.card.chip,
      selected: occupied.selected,
      select: () => {
        occupied.selected = true;
      },
      counterChanged: () => this.#deps.chipChanged(occupied.card),
      write: (address, data) => this.#write(occupied, address, data),
    });
    return this.#occupied === occupied ? { response: toHex(response) } : { error: "removed" };
  }

  /** Updates byte by byte; stops at once when the card is gone. */
  async #write(occupied: Occupied, address: number, data: Uint8Array): Promise<void> {
    const { card } = occupied;
    const before = card.chip.read(address, data.length);
    let torn = false;
    for (const [index, value] of data.entries()) {
      torn = await this.#writeByte(occupied, address + index, value);
      if (torn) break;
    }
    const after = card.chip.read(address, data.length);
    if (torn && this.#occupied === occupied) this.remove();
    this.#deps.written({ card, address, before, after, torn });
  }

  /** True when the card was pulled before the byte was done. */
  async #writeByte(occupied: Occupied, address: number, value: number): Promise<boolean> {
    const { card } = occupied;
    const pulled = card.tearAfterBytes === 0;
    for (const step of card.chip.updateSteps(address, value)) {
      if (pulled && step === "program") return true;
      await this.#deps.stepPause();
      if (this.#occupied !== occupied) return true;
      card.chip.apply(step, address, value);
      this.#deps.chipChanged(card);
    }
    if (pulled) return true;
    if (card.tearAfterBytes !== null) card.tearAfterBytes -= 1;
    return false;
  }
}
