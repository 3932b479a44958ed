import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { overviewPage, pageOf } from "../../scripts/byte-table.ts";
import { renderOpen } from "../../scripts/render-open.ts";
import { renderOverview } from "../../scripts/render-overview.ts";
import { checksumBytes } from "../area.ts";
import { chips } from "../chips/chips.ts";
import { areasOf, openTables } from "./tables.ts";

test("the published overview is the one generated from the rules", () => {
  expect(readFileSync(overviewPage, "utf8")).toBe(renderOverview());
});

describe.each(openTables.map((table) => [table.family, table] as const))("%s", (_family, table) => {
  test("the published page is the one generated from the definitions", () => {
    expect(readFileSync(pageOf(table), "utf8")).toBe(renderOpen(table));
  });

  test("fields fill their area up to its checksum, without gap or overlap", () => {
    for (const area of areasOf(table)) {
      let next = area.offset;
      for (const field of Object.values(area.fields)) {
        expect([field.name, field.offset]).toEqual([field.name, next]);
        next += field.codec.length;
      }
      expect(next).toBe(area.offset + area.length - checksumBytes);
    }
  });

  test("areas keep apart, in order, clear of the chip's own bytes", () => {
    let next = chips[table.chip].firstFreeByte;
    for (const area of areasOf(table)) {
      expect(area.offset).toBeGreaterThanOrEqual(next);
      next = area.offset + area.length;
    }
    expect(next).toBeLessThanOrEqual(table.imageBytes);
    expect(table.imageBytes).toBe(chips[table.chip].memoryBytes ?? table.imageBytes);
  });

  test("in writing order the purchase opens with the mark and ends with what the commit covers", () => {
    const { purchase, commit } = table;
    expect(purchase.fields.mark.offset).toBe(purchase.offset);
    expect(commit.offset).toBe(purchase.fields.count.offset);
    expect(commit.offset + commit.length).toBe(purchase.offset + purchase.length);
    for (const early of [purchase.fields.amount, purchase.fields.backup, purchase.fields.total]) {
      if (early !== undefined) expect(early.offset).toBeLessThan(commit.offset);
    }
  });

  test("on a CPU card nothing a sale writes shares a file with anybody else's bytes", () => {
    if (table.application === null) return;
    const fileOf = (at: number): number | undefined =>
      table.application?.files.find(({ offset, length }) => at >= offset && at < offset + length)?.sfi;
    const sale = [table.price, table.purchase].map(({ offset }) => fileOf(offset));
    const others = [table.identity, table.parameters, table.returned].map(({ offset }) => fileOf(offset));
    expect(new Set(sale).size).toBe(1);
    for (const other of others) expect(sale).not.toContain(other);
  });
});
