import { expect, it } from "vitest";
import { drawsOf } from "./draws.ts";
import { harms, linkNames, parts, scheduleOf } from "./schedule.ts";

it("is the same for the same seed, and another for another", () => {
  expect(scheduleOf(1, 50)).toEqual(scheduleOf(1, 50));
  expect(scheduleOf(2, 50)).not.toEqual(scheduleOf(1, 50));
});

it("kills as often as asked, every part about as often as every other, and harms every link in every way", () => {
  for (let seed = 0; seed < 20; seed++) {
    const schedule = scheduleOf(seed, 60);
    const killed = schedule.flatMap((stroke) => (stroke.do === "kill" ? [stroke.part] : []));
    expect(killed).toHaveLength(60);
    for (const part of parts) expect(killed.filter((each) => each === part)).toHaveLength(60 / parts.length);
    const harmed = schedule.flatMap((stroke) => (stroke.do === "harm" ? [stroke] : []));
    expect(new Set(harmed.map(({ link }) => link)).size).toBe(linkNames.length);
    expect(new Set(harmed.map(({ harm }) => harm)).size).toBe(harms.length);
    for (const { forMs } of harmed) expect(forMs).toBeLessThanOrEqual(25_000);
  }
});

it("begins a longer run as a shorter one, so that what was found is found again with fewer kills", () => {
  const short = scheduleOf(7, 5);
  expect(scheduleOf(7, 50).slice(0, short.length)).toEqual(short);
});

it("draws by name: what else was drawn changes nothing", () => {
  const [a, b] = [drawsOf(3), drawsOf(3)];
  a.below(10, "something", "else");
  expect(a.between(5, 9, "x", 1)).toBe(b.between(5, 9, "x", 1));
  expect(new Set(Array.from({ length: 200 }, (_, n) => a.between(5, 9, n)))).toEqual(new Set([5, 6, 7, 8, 9]));
  expect(a.shuffled([1, 2, 3, 4], "y").sort()).toEqual([1, 2, 3, 4]);
});
