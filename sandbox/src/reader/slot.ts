import type { WriteCycle } from "../chip/chip.ts";
import type { AnyChip } from "../chip/chips.ts";
import type { CpuCard } from "../chip/cpu-card.ts";
import { toHex } from "../hex.ts";
import { type AcsChip, executeApdu } from "./acs.ts";

/** A card of this world. It is one object wherever it lies; its chip is its memory. */
export interface VirtualCard {
  readonly id: string;
  readonly chip: AnyChip;
  /** Never answers: no chip, or a broken one. */
  readonly mute: boolean;
  /**
   * Bytes that the next write still gets through before the card is pulled; null = it is not pulled.
   * Every byte sent counts, also one the chip finds already right. The byte at which it is pulled is erased when
   * its update begins with an erase, and not programmed (of an AT24C, the bytes of its page that the command sends). A
   * CPU card does a whole command or none of it: one of more bytes than are left is not done.
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
    return { insertion: occupied.insertion, atr: mute ? null : occupied.card.chip.atr };
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
    const { chip } = occupied.card;
    const response =
      chip.kind === "cpu" ? await this.#command(occupied, chip, apdu) : await this.#pseudo(occupied, chip, apdu);
    return this.#occupied === occupied ? { response: toHex(response) } : { error: "removed" };
  }

  /** To a memory card the reader speaks for itself. */
  #pseudo(occupied: Occupied, chip: AcsChip, apdu: Uint8Array): Promise<Uint8Array> {
    return executeApdu(apdu, {
      chip,
      selected: occupied.selected,
      select: () => {
        occupied.selected = true;
      },
      chipChanged: () => this.#deps.chipChanged(occupied.card),
      write: (address, data) => this.#write(occupied, address, data),
    });
  }

  /** To a CPU card commands go as they are. */
  async #command(occupied: Occupied, chip: CpuCard, apdu: Uint8Array): Promise<Uint8Array> {
    const { card } = occupied;
    const update = apdu[1] === UPDATE_BINARY;
    if (update) await this.#deps.stepPause();
    if (this.#occupied !== occupied) return new Uint8Array(0);
    const bytes = update ? Math.max(0, (apdu[4] ?? 0) - MAC_BYTES) : 0;
    const before = chip.image();
    const pulled = update && card.tearAfterBytes !== null && card.tearAfterBytes < bytes;
    if (update && card.tearAfterBytes !== null) card.tearAfterBytes -= bytes;
    const response = pulled ? new Uint8Array(0) : chip.apdu(apdu);
    this.#deps.chipChanged(card);
    if (pulled) this.remove();
    if (update) this.#deps.written({ card, ...changedPart(before, chip.image()), torn: pulled });
    return response;
  }

  /** Updates in the chip's own cycles; stops at once when the card is gone. */
  async #write(occupied: Occupied, address: number, data: Uint8Array): Promise<void> {
    const { card } = occupied;
    const bytesNow = (): Uint8Array => card.chip.image().slice(address, address + data.length);
    const before = bytesNow();
    let torn = false;
    for (const cycle of card.chip.cycles(address, data)) {
      torn = await this.#writeCycle(occupied, cycle);
      if (torn) break;
    }
    const after = bytesNow();
    if (torn && this.#occupied === occupied) this.remove();
    this.#deps.written({ card, address, before, after, torn });
  }

  /** True when the card was pulled before the cycle was done. */
  async #writeCycle(occupied: Occupied, { bytes, erase, program }: WriteCycle): Promise<boolean> {
    const { card } = occupied;
    const pulled = card.tearAfterBytes !== null && card.tearAfterBytes < bytes;
    for (const step of pulled ? [erase] : [erase, program]) {
      if (step === null) continue;
      await this.#deps.stepPause();
      if (this.#occupied !== occupied) return true;
      step();
      this.#deps.chipChanged(card);
    }
    if (pulled) return true;
    if (card.tearAfterBytes !== null) card.tearAfterBytes -= bytes;
    return false;
  }
}

const UPDATE_BINARY = 0xd6;
const MAC_BYTES = 4;

/** From the first byte that is another one to the last. */
function changedPart(before: Uint8Array, after: Uint8Array): Pick<WriteSeen, "address" | "before" | "after"> {
  const changed = [...after.keys()].filter((at) => before[at] !== after[at]);
  const [from, to] = [changed[0] ?? 0, (changed.at(-1) ?? -1) + 1];
  return { address: from, before: before.slice(from, to), after: after.slice(from, to) };
}
