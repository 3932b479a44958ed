import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { Compile } from "typebox/compile";
import { receiptText } from "../printer/paper.ts";
import { type CardRow, type MessageRow, type MeterRow, type PrinterRow, type SlotRow, WorldChange } from "./rows.ts";

/**
 * What lies on the table of this world: cards byte for byte, what is in which slot, meters, paper. A kill -9 must
 * find it as it was, between any two bytes of a card write, as a real card would be. One change is one line of an
 * append-only file, handed to the system before anybody is told; a last line cut short was told to nobody.
 */
export interface WorldBook {
  readonly seeded: boolean;
  readonly cards: ReadonlyMap<string, CardRow>;
  readonly slots: ReadonlyMap<string, SlotRow>;
  readonly meters: ReadonlyMap<string, MeterRow>;
  readonly printers: ReadonlyMap<string, PrinterRow>;
  /** Oldest first; the oldest are forgotten. */
  readonly messages: readonly MessageRow[];
  commit(change: WorldChange): void;
  close(): void;
}

/** The file is rewritten as one line after this many changes, and at every start. */
export const CHANGES_BEFORE_REWRITE = 20_000;
/** Receipts kept per printer, and lines of paper hanging out before the oldest are forgotten. */
export const RECEIPTS_KEPT = 40;
const HANGING_LINES_KEPT = 1_000;
const MESSAGES_KEPT = 200;

const changeCheck = Compile(WorldChange);

function readChanges(path: string): WorldChange[] {
  if (!existsSync(path)) return [];
  const lines = readFileSync(path, "utf8").split("\n");
  lines.pop();
  return lines.map((line, index) => {
    const change = json(line);
    if (!changeCheck.Check(change)) throw new Error(`${path}:${index + 1} is no change of the sandbox world`);
    return change;
  });
}

/** Undefined: not JSON. */
function json(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

function emptyPrinter(kiosk: string): PrinterRow {
  return { kiosk, paper: "full", hanging: [], receipts: [], receiptsEver: 0 };
}

class Tables {
  seeded = false;
  readonly cards = new Map<string, CardRow>();
  readonly slots = new Map<string, SlotRow>();
  readonly meters = new Map<string, MeterRow>();
  readonly printers = new Map<string, PrinterRow>();
  readonly messages: MessageRow[] = [];

  apply(change: WorldChange): void {
    if (change.seeded === true) this.seeded = true;
    for (const card of change.cards ?? []) this.cards.set(card.id, card);
    for (const slot of change.slots ?? []) this.slots.set(slot.reader, slot);
    for (const meter of change.meters ?? []) this.meters.set(meter.id, meter);
    for (const id of change.metersGone ?? []) this.meters.delete(id);
    for (const printer of change.printers ?? []) this.printers.set(printer.kiosk, printer);
    for (const { kiosk, line } of change.printed ?? []) {
      const printer = this.#printer(kiosk);
      printer.hanging.push(line);
      if (printer.hanging.length > HANGING_LINES_KEPT) printer.hanging.shift();
    }
    for (const { kiosk, number, tornAt } of change.cut ?? []) {
      const printer = this.#printer(kiosk);
      const lines = printer.hanging.splice(0);
      printer.receipts.push({ number, tornAt, lines, text: receiptText(lines) });
      if (printer.receipts.length > RECEIPTS_KEPT) printer.receipts.shift();
      printer.receiptsEver = number;
    }
    for (const { kiosk, paper } of change.paper ?? []) this.#printer(kiosk).paper = paper;
    for (const message of change.messages ?? []) {
      this.messages.push(message);
      if (this.messages.length > MESSAGES_KEPT) this.messages.shift();
    }
  }

  whole(): WorldChange {
    return {
      seeded: this.seeded,
      cards: [...this.cards.values()],
      slots: [...this.slots.values()],
      meters: [...this.meters.values()],
      printers: [...this.printers.values()],
      messages: [...this.messages],
    };
  }

  #printer(kiosk: string): PrinterRow {
    const printer = this.printers.get(kiosk) ?? emptyPrinter(kiosk);
    this.printers.set(kiosk, printer);
    return printer;
  }
}

/** Opens (or begins) the book in `dir`. A damaged line that is not the last is an error that names it. */
export function openWorldBook(dir: string, changesBeforeRewrite: number = CHANGES_BEFORE_REWRITE): WorldBook {
  mkdirSync(dir, { recursive: true });
  const path = join(dir, "world.jsonl");
  const tables = new Tables();
  for (const change of readChanges(path)) tables.apply(change);

  let changes = 0;
  const rewrite = (): number => {
    writeFileSync(`${path}.new`, `${JSON.stringify(tables.whole())}\n`);
    renameSync(`${path}.new`, path);
    changes = 0;
    return openSync(path, "a");
  };
  let file = rewrite();

  return {
    get seeded() {
      return tables.seeded;
    },
    cards: tables.cards,
    slots: tables.slots,
    meters: tables.meters,
    printers: tables.printers,
    messages: tables.messages,
    commit(change) {
      writeSync(file, `${JSON.stringify(change)}\n`);
      tables.apply(change);
      changes += 1;
      if (changes < changesBeforeRewrite) return;
      closeSync(file);
      file = rewrite();
    },
    close: () => closeSync(file),
  };
}
