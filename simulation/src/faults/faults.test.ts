import { expect, it } from "vitest";
import { Rng } from "../chance/rng.ts";
import type { Fiber } from "../world/scheduler.ts";
import { Faults, faultTable } from "./faults.ts";
import { faultKinds } from "./kinds.ts";

const fiber = (name: string): Fiber => ({ name, process: null, rng: Rng.of(name) });

it("has at least thirty kinds, each with a name of its own, and room at every site", () => {
  expect(faultKinds.length).toBeGreaterThanOrEqual(30);
  expect(new Set(faultKinds.map(({ name }) => name)).size).toBe(faultKinds.length);
  expect(() => faultTable()).not.toThrow();
});

it("counts what took effect, not what was chosen", () => {
  const faults = new Faults(faultTable({ forced: "requestLost" }), null);
  const visitor = fiber("visitor");
  const drawn = Array.from({ length: 100 }, () => faults.draw("request", visitor)).filter((name) => name !== null);
  expect(drawn).toContain("requestLost");
  expect(faults.met.size).toBe(0);
  faults.hit("requestLost");
  expect(faults.met.get("requestLost")).toBe(1);
});

it("can be switched off one by one", () => {
  const faults = new Faults(faultTable({ off: new Set(["requestLost"]) }), null);
  const visitor = fiber("visitor");
  const drawn = Array.from({ length: 5_000 }, () => faults.draw("request", visitor));
  expect(drawn).not.toContain("requestLost");
  expect(drawn).toContain("answerLost");
});

it("come more often where that is asked for, and leave something to go well", () => {
  const usual = faultTable();
  const often = faultTable({ often: 6 });
  for (const [site, slots] of often) {
    const [before = 0, now = 0] = [usual.get(site)?.at(-1)?.upto, slots.at(-1)?.upto];
    expect(now).toBeGreaterThanOrEqual(before);
    expect(now).toBeLessThanOrEqual(Math.max(before, 7_010));
  }
  expect(often.get("commit")?.at(-1)?.upto).toBe(6 * (usual.get("commit")?.at(-1)?.upto ?? 0));
});

it("in a trimmed replay only the named ones come, at the same places", () => {
  const all = new Faults(faultTable(), null);
  const first = fiber("visitor");
  const before = Array.from({ length: 2_000 }, () => all.draw("request", first));
  const [kept = ""] = all.chosen;
  const trimmed = new Faults(faultTable(), new Set([kept]));
  const second = fiber("visitor");
  const after = Array.from({ length: 2_000 }, () => trimmed.draw("request", second));
  const place = before.findIndex((name) => name !== null);
  expect(after.filter((name) => name !== null)).toEqual([before[place]]);
  expect(after[place]).toBe(before[place]);
});
