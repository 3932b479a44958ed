import { type AnyChip, type AnyChipState, chipFrom } from "../chip/chips.ts";
import { type Issue, issuedChip } from "../chip/issue.ts";
import { blankChip } from "../chip/sle4442.ts";
import { toHex } from "../hex.ts";
import { readCard } from "../meter/reading.ts";
import { ReaderSlot, type VirtualCard, type WriteSeen } from "../reader/slot.ts";
import type { CardRow } from "../state/rows.ts";
import { done, type Outcome, READERS, type ReaderId, refused, type WorldContext } from "./context.ts";

/** A card on the table of this world. */
export interface TableCard extends VirtualCard {
  readonly chip: AnyChip;
  readonly label: string;
  readonly accountNumber: string | null;
}

export interface NewCard {
  id: string;
  label: string;
  accountNumber?: string | null;
  chip?: AnyChipState;
  mute?: boolean;
}

export interface Cards {
  all(): TableCard[];
  find(id: string): TableCard | undefined;
  /** The reader a card is in, or null. */
  readerOf(card: TableCard): ReaderId | null;
  slot(reader: ReaderId): ReaderSlot;
  add(card: NewCard): Outcome<TableCard>;
  insert(id: string, reader: ReaderId, upsideDown: boolean): Outcome<TableCard>;
  remove(id: string): Outcome<TableCard>;
  /** Sets (or with null takes back) that the card is pulled in its next write. */
  tear(id: string, afterBytes: number | null): Outcome<TableCard>;
  /** The office's desk writes a new chip of the same kind in the place of that card, which stays as it is. */
  issue(id: string, issue: Issue): Outcome<TableCard>;
  /** Makes the chip's bytes durable. */
  save(card: TableCard): void;
}

export interface CardsDeps extends WorldContext {
  stepPause(): Promise<void>;
  /** The slot's state is another one: tell whoever is connected to the reader. */
  readerChanged(reader: ReaderId): void;
}

const CARDS_MAX = 10_000;

function toRow({ id, label, accountNumber, mute, chip }: TableCard): CardRow {
  return { id, label, accountNumber, mute, chip: chip.state() };
}

function toCard({ id, label, accountNumber, mute, chip }: CardRow): TableCard {
  return { id, label, accountNumber, mute, chip: chipFrom(chip), tearAfterBytes: null };
}

/** All cards and the slots they can be in, as the book has them; a card that lay in a reader is powered up anew. */
export function openCards(deps: CardsDeps): Cards {
  const { book, story, changed } = deps;
  const cards = new Map([...book.cards.values()].map((row) => [row.id, toCard(row)]));

  function save(card: TableCard): void {
    book.commit({ cards: [toRow(card)] });
    changed("cards");
  }

  function tellWrite(write: WriteSeen): void {
    const { card, address, before, after, torn } = write;
    const last = address + after.length - 1;
    const bytes = `${address}–${last}: ${toHex(before)} → ${toHex(after)}`;
    if (torn) story.tell("card", card.id, `写卡时卡被拔出（字节 ${address}–${last}）`, "Pulled during a write", bytes);
    else story.tell("card", card.id, `写入字节 ${address}–${last}`, `Bytes ${address}–${last} written`, bytes);
  }

  function makeSlot(reader: ReaderId): ReaderSlot {
    const slot: ReaderSlot = new ReaderSlot(book.slots.get(reader)?.insertions ?? 0, {
      stepPause: deps.stepPause,
      chipChanged: (card) => {
        const known = cards.get(card.id);
        if (known !== undefined) save(known);
      },
      written: tellWrite,
      changed: () => {
        const { insertions, card, upsideDown } = slot;
        book.commit({ slots: [{ reader, insertions, cardId: card?.id ?? null, upsideDown }] });
        changed("readers");
        changed("cards");
        deps.readerChanged(reader);
      },
    });
    return slot;
  }

  const slots = new Map(READERS.map((reader) => [reader, makeSlot(reader)]));

  function slotOf(reader: ReaderId): ReaderSlot {
    const slot = slots.get(reader);
    if (slot === undefined) throw new Error(`no reader ${reader}`);
    return slot;
  }

  function readerOf(card: TableCard): ReaderId | null {
    for (const [reader, slot] of slots) if (slot.card === card) return reader;
    return null;
  }

  for (const { reader, cardId, upsideDown } of [...book.slots.values()]) {
    const known = READERS.find((name) => name === reader);
    const card = cardId === null ? undefined : cards.get(cardId);
    if (known !== undefined && card !== undefined) slotOf(known).insert(card, upsideDown);
  }

  function add({ id, label, accountNumber = null, chip = blankChip(), mute = false }: NewCard): Outcome<TableCard> {
    if (cards.has(id) || cards.size >= CARDS_MAX) return refused("idTaken");
    const card = toCard({ id, label, accountNumber, mute, chip });
    cards.set(id, card);
    save(card);
    return done(card);
  }

  return {
    all: () => [...cards.values()],
    find: (id) => cards.get(id),
    readerOf,
    slot: slotOf,
    save,
    add,
    issue(id, issue) {
      const old = cards.get(id);
      if (old === undefined) return refused("unknownCard");
      const chip = issuedChip(old.chip.state(), issue);
      if (chip === null) return refused("otherChip");
      let number = 2;
      while (cards.has(`${id}-${number}`)) number += 1;
      const { accountNumber } = old;
      const made = add({ id: `${id}-${number}`, label: `${old.label}（补）`, accountNumber, chip });
      if (made.ok)
        story.tell("card", made.value.id, `写好一张新卡：${made.value.label}`, `A new card is written for ${id}`);
      return made;
    },
    insert(id, reader, upsideDown) {
      const card = cards.get(id);
      if (card === undefined) return refused("unknownCard");
      if (readerOf(card) !== null) return refused("cardInReader");
      const slot = slotOf(reader);
      if (slot.card !== null) return refused("readerTaken");
      slot.insert(card, upsideDown);
      if (upsideDown) story.tell("reader", reader, `${card.label} 反着插入`, `${card.label} inserted wrong way up`);
      else story.tell("reader", reader, `插入 ${card.label}`, `${card.label} inserted`);
      return done(card);
    },
    remove(id) {
      const card = cards.get(id);
      if (card === undefined) return refused("unknownCard");
      const reader = readerOf(card);
      if (reader === null) return refused("cardNotInReader");
      slotOf(reader).remove();
      story.tell("reader", reader, `拔出 ${card.label}`, `${card.label} taken out`);
      return done(card);
    },
    tear(id, afterBytes) {
      const card = cards.get(id);
      if (card === undefined) return refused("unknownCard");
      card.tearAfterBytes = afterBytes;
      changed("cards");
      return done(card);
    },
  };
}

/** What is on a card, read by this world's own reading of the byte table. */
export function readingOf(card: TableCard): ReturnType<typeof readCard> {
  return card.mute ? { kind: "mute" } : readCard(card.chip.image());
}
