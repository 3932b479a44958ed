import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { blankChip } from "../chip/sle4442.ts";
import { openWorldBook, RECEIPTS_KEPT } from "./world-book.ts";

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "sandbox-book-"));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const card = (id: string) => ({ id, label: id, accountNumber: null, mute: false, chip: blankChip() });
const line = (text: string) => ({ kind: "text" as const, align: "left" as const, runs: [], text });

test("what was committed is there after an end without goodbye; the last row of an id wins", () => {
  const book = openWorldBook(dir);
  book.commit({
    cards: [card("a"), card("b")],
    slots: [{ reader: "kiosk-1", insertions: 4, cardId: "a", upsideDown: false }],
  });
  book.commit({ cards: [{ ...card("a"), label: "changed" }], seeded: true });
  const again = openWorldBook(dir);
  expect(again.seeded).toBe(true);
  expect([...again.cards.values()].map(({ label }) => label)).toEqual(["changed", "b"]);
  expect(again.slots.get("kiosk-1")?.insertions).toBe(4);
});

test("a last line cut short is dropped, a damaged line before it is an error", () => {
  openWorldBook(dir).commit({ cards: [card("a")] });
  appendFileSync(join(dir, "world.jsonl"), '{"cards":[{"id":"b"');
  const again = openWorldBook(dir);
  expect([...again.cards.keys()]).toEqual(["a"]);
  again.commit({ cards: [card("c")] });
  expect([...openWorldBook(dir).cards.keys()]).toEqual(["a", "c"]);
  writeFileSync(join(dir, "world.jsonl"), '{"cards":[{"id":"b"}]}\n{}\n');
  expect(() => openWorldBook(dir)).toThrow("world.jsonl:1");
});

test("printed lines hang until the cut makes them a receipt; old receipts are forgotten", () => {
  const book = openWorldBook(dir);
  for (let number = 1; number <= RECEIPTS_KEPT + 3; number += 1) {
    book.commit({ printed: [{ kiosk: "kiosk-1", line: line(`no ${number}`) }] });
    book.commit({ cut: [{ kiosk: "kiosk-1", number, tornAt: "2026-01-01T00:00:00Z" }] });
  }
  book.commit({ printed: [{ kiosk: "kiosk-1", line: line("hangs") }], paper: [{ kiosk: "kiosk-1", paper: "low" }] });
  const printer = openWorldBook(dir).printers.get("kiosk-1");
  expect(printer?.receipts.map(({ text }) => text)).toHaveLength(RECEIPTS_KEPT);
  expect(printer?.receipts[0]?.text).toBe("no 4");
  expect(printer).toMatchObject({ receiptsEver: RECEIPTS_KEPT + 3, paper: "low", hanging: [{ text: "hangs" }] });
});

test("the file is rewritten when it has grown, with nothing lost", () => {
  const book = openWorldBook(dir, 5);
  for (let index = 0; index < 12; index += 1) book.commit({ cards: [card(`c${index}`)] });
  expect(readFileSync(join(dir, "world.jsonl"), "utf8").split("\n").length).toBeLessThan(6);
  expect(openWorldBook(dir).cards.size).toBe(12);
});
