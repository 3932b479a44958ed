import { describe, expect, it } from "vitest";
import type { StoryLine } from "./api.ts";
import { mergedLog, type SaleEvent, salesOf, storyOf, withPage } from "./trail.ts";

const at = (second: number): string => new Date(Date.UTC(2026, 10, 23, 8, 0, second)).toISOString();
const event = (id: string, second: number, number = "AAA-0001"): SaleEvent => ({
  id,
  at: at(second),
  purchase: { id: `p-${number}`, number },
  account: { number: "0311", name: "*明" },
  type: "purchase.quoted",
  zh: "报价",
  en: "Quoted",
  postings: [],
  card: null,
});
const line = (seq: number, second: number): StoryLine => ({
  seq,
  at: at(second),
  about: "card",
  id: "c",
  zh: "插卡",
  en: "In",
  detail: null,
});

describe("the log", () => {
  it("takes each event once, in time, also when a page tells some again or brings an earlier one", () => {
    const first = withPage([], [event("a", 1), event("c", 3)]);
    const then = withPage(first, [event("c", 3), event("b", 2), event("d", 4)]);
    expect(then.map(({ id }) => id)).toEqual(["a", "b", "c", "d"]);
    expect(withPage(then, [event("d", 4)])).toBe(then);
  });

  it("keeps the newest only", () => {
    const many = Array.from({ length: 700 }, (_, index) => event(`e${index}`, index));
    expect(withPage([], many).map(({ id }) => id)).toEqual(many.slice(100).map(({ id }) => id));
  });

  it("puts devices and books into one order of time", () => {
    const log = mergedLog([line(1, 1), line(2, 5)], [event("a", 3)]);
    expect(log.map(({ key }) => key)).toEqual(["d1", "a", "d2"]);
  });
});

describe("one sale", () => {
  it("is told with what the devices did meanwhile, and without the others", () => {
    const lines = [line(1, 0), line(2, 95), line(3, 130), line(4, 200)];
    const log = mergedLog(lines, [event("a", 100), event("x", 110, "BBB-0002"), event("b", 125)]);
    expect(storyOf(log, "AAA-0001").map(({ key }) => key)).toEqual(["d2", "a", "b", "d3"]);
  });

  it("is listed by its latest event", () => {
    const events = [event("a", 1), event("b", 2, "BBB-0002"), event("c", 3), event("d", 4, "CCC-0003")];
    expect(salesOf(events).map(({ number }) => number)).toEqual(["CCC-0003", "AAA-0001", "BBB-0002"]);
  });
});
