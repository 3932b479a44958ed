import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { openBPage } from "../scripts/byte-table.ts";
import { renderOpenB } from "../scripts/render-open-b.ts";
import { checksumBytes } from "./area.ts";
import { openB, openBAreas, openBCommit } from "./open-b.ts";
import { sle4442 } from "./sle4442.ts";

test("the published page is the one generated from the definitions", () => {
  expect(readFileSync(openBPage, "utf8")).toBe(renderOpenB());
});

test("fields fill their area up to its checksum, without gap or overlap", () => {
  for (const area of Object.values(openBAreas)) {
    let next = area.offset;
    for (const field of area.fields) {
      expect([field.name, field.offset]).toEqual([field.name, next]);
      next += field.codec.length;
    }
    expect(next).toBe(area.offset + area.length - checksumBytes);
  }
});

test("areas keep apart, in order, clear of the chip's own bytes", () => {
  let next: number = sle4442.protectableBytes;
  for (const area of Object.values(openBAreas)) {
    expect(area.offset).toBeGreaterThanOrEqual(next);
    next = area.offset + area.length;
  }
  expect(next).toBeLessThanOrEqual(sle4442.mainMemoryBytes);
});

test("in writing order the purchase opens with the count's mark and ends with count and checksum", () => {
  const { purchase } = openBAreas;
  expect(openB.purchase.countMark.offset).toBe(purchase.offset);
  expect(openBCommit.offset).toBe(openB.purchase.count.offset);
  expect(openBCommit.offset + openBCommit.length).toBe(purchase.offset + purchase.length);
});
