import { describe, expect, it } from "vitest";
import type { CardState } from "../aggregates.ts";
import { withMeterWord } from "./reading.ts";
import { firstSecret } from "./replacement.ts";

const card: CardState = {
  id: "c",
  accountId: "a",
  meterId: "m",
  layout: "open-a-money",
  cardClass: "A",
  cardNumber: "0031100000",
  status: "current",
  replacement: 0,
  count: 4,
  lastAmount: 1_000,
  totalCredited: 91_000,
  acceptedCount: 4,
  openPurchaseId: null,
  scriptSeq: 1,
  secret: firstSecret,
  lastReading: null,
};

describe("the meter's word", () => {
  it("is taken where it is newer", () => {
    const next = withMeterWord(card, { acceptedCount: 5, totalCredited: 93_000 });
    expect(next).toEqual({ ...card, acceptedCount: 5, totalCredited: 93_000 });
    expect(withMeterWord({ ...card, acceptedCount: null }, { acceptedCount: 4, totalCredited: null })).toEqual(card);
  });
  it("never goes back: an older image may arrive last", () => {
    expect(withMeterWord(card, { acceptedCount: 3, totalCredited: 90_000 })).toEqual(card);
  });
  it("stays where the card says nothing", () => {
    expect(withMeterWord(card, { acceptedCount: null, totalCredited: null })).toEqual(card);
  });
});
