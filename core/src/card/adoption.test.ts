import { describe, expect, it } from "vitest";
import { type AdoptionWindow, isPlausible, openWindow } from "./adoption.ts";

const window: AdoptionWindow = { id: "w", layout: "l", from: 10, until: 20, purchasesMost: 3, creditedMost: 500 };

describe("which window", () => {
  it("is the maker's, from its first instant to before its end", () => {
    const at = (now: number, layout = "l") => openWindow([window], layout, now)?.id ?? null;
    expect([at(9), at(10), at(19), at(20), at(15, "other")]).toEqual([null, "w", "w", null, null]);
  });
  it("of several, the one that allows most", () => {
    const wide = { ...window, id: "wide", purchasesMost: 9 };
    expect(openWindow([window, wide, { ...window, id: "closed", until: 11, purchasesMost: 99 }], "l", 15)).toBe(wide);
  });
});

describe("plausible", () => {
  const books = { count: 6, totalCredited: 1_000 };
  const claim = (count: number, acceptedCount: number | null, totalCredited: number | null) =>
    isPlausible(window, books, { count, acceptedCount, totalCredited });
  it.each<[what: string, is: boolean, count: number, accepted: number | null, total: number | null]>([
    ["one more, confirmed by the meter", true, 7, 7, 1_200],
    ["as much as the window allows", true, 9, 9, 1_500],
    ["one purchase too many", false, 10, 10, 1_500],
    ["one litre or fen too many", false, 9, 9, 1_501],
    ["a refund of the old system: the number alone", true, 7, 7, 1_000],
    ["nothing more than the books", false, 6, 6, 1_000],
    ["less: an old copy of the card", false, 5, 5, 1_000],
    ["a meter that was credited with less than we know", false, 7, 7, 999],
    ["a number that the meter has not taken", false, 7, 6, 1_200],
    ["a card that was in no meter", false, 7, null, null],
  ])("%s: %s", (_what, is, count, accepted, total) => expect(claim(count, accepted, total)).toBe(is));
});
