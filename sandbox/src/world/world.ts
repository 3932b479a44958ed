import type { AnyChipState } from "../chip/chips.ts";
import { blankChip } from "../chip/sle4442.ts";
import type { SandboxSeed, SeedCard } from "../seed.ts";
import { openWorldBook } from "../state/world-book.ts";
import { makeStory, type Story } from "../story.ts";
import { type Cards, openCards } from "./cards.ts";
import type { ReaderId, Topic, WorldContext } from "./context.ts";
import { type DeviceFaults, makeDeviceFaults } from "./device-faults.ts";
import { type Messages, openMessages } from "./messages.ts";
import { type Meters, openMeters } from "./meters.ts";
import { openPrinters, type Printers } from "./printers.ts";

/** The things on the table: cards, readers, printers, meters. Phones belong to the gateways. */
export interface World {
  cards: Cards;
  meters: Meters;
  printers: Printers;
  messages: Messages;
  faults: DeviceFaults;
  story: Story;
  changed(topic: Topic): void;
  subscribe(listener: (topic: Topic) => void): () => void;
  onReaderChanged(listener: (reader: ReaderId) => void): void;
  close(): void;
}

export interface WorldOptions {
  dir: string;
  now(): number;
  stepPause(): Promise<void>;
  seed?: SandboxSeed;
}

/** A chip as the seed tells it; what it leaves out is as from the factory. */
export function chipOf({
  imageHex,
  pscHex,
  errorCounter,
  protectBits,
  chip,
}: Omit<SeedCard, "id" | "label">): AnyChipState {
  if (chip !== undefined) return chip;
  const blank = blankChip(pscHex?.toLowerCase() ?? "ffffff");
  return {
    ...blank,
    memoryHex: imageHex?.toLowerCase() ?? blank.memoryHex,
    protectionHex: protectBits?.toLowerCase() ?? blank.protectionHex,
    errorCounter: errorCounter ?? blank.errorCounter,
  };
}

/** Opens the world kept in `dir`; a new one gets the seed. */
export function openWorld({ dir, now, stepPause, seed }: WorldOptions): World {
  const book = openWorldBook(dir);
  const listeners = new Set<(topic: Topic) => void>();
  const readerListeners: ((reader: ReaderId) => void)[] = [];
  const changed = (topic: Topic): void => {
    for (const listener of listeners) listener(topic);
  };
  const story = makeStory(now, () => changed("log"));
  const context: WorldContext = { book, story, now, changed };
  if (!book.seeded) {
    const cards = (seed?.cards ?? []).map((card) => ({
      id: card.id,
      label: card.label,
      accountNumber: card.accountNumber ?? null,
      mute: card.mute ?? false,
      chip: chipOf(card),
    }));
    book.commit({ seeded: true, cards, meters: seed?.meters ?? [] });
  }
  const faults = makeDeviceFaults();
  const readerChanged = (reader: ReaderId): void => {
    for (const listener of readerListeners) listener(reader);
  };
  const cards = openCards({ ...context, stepPause, readerChanged });
  return {
    cards,
    meters: openMeters(context, cards, faults),
    printers: openPrinters(context, faults),
    messages: openMessages(context),
    faults,
    story,
    changed,
    subscribe(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    onReaderChanged: (listener) => void readerListeners.push(listener),
    close: () => book.close(),
  };
}
