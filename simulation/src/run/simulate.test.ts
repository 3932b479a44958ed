/** Worlds with every fault: no invariant breaks, a seed tells the same story twice, and wrong rules are found. */
import { createHash, randomInt } from "node:crypto";
import { expect, inject, it } from "vitest";
import { faultKinds } from "../faults/kinds.ts";
import { sabotages } from "../sabotage/all.ts";
import type { Sabotage } from "../sabotage/sabotage.ts";
import { live, replayOf, withSabotage } from "./replay.ts";
import { neverMet, replayText, story } from "./report.ts";
import { shrink } from "./shrink.ts";
import { type Outcome, simulate } from "./simulate.ts";

const long = inject("long");
const honest = { fault: null, sabotage: null };
const fresh = randomInt(1, 2 ** 31);

/** Nothing, or all that somebody needs who wants to see it again on another machine. */
async function told(outcome: Outcome): Promise<string> {
  if (outcome.broken === null) return "";
  const shrunk = await shrink(outcome.broken.replay, outcome.broken.violation);
  const again = "again: this line into a file, then npm run simulate -- --replay FILE";
  return `${await story(shrunk)}\n${again}\n${replayText(shrunk.replay)}`;
}

it.each([1, 2])("seed %i: nothing breaks", async (seed) => {
  const outcome = await simulate({ ...honest, purchases: 1_000, seed, freeze: true });
  expect(await told(outcome)).toBe("");
});

it("a seed that nobody has seen before: nothing breaks", async () => {
  console.log(`simulation: fresh seed ${fresh}`);
  const outcome = await simulate({ ...honest, purchases: 1_000, seed: fresh });
  expect(await told(outcome)).toBe("");
});

it("one seed gives the same trace, byte for byte, twice", async () => {
  const once = async (): Promise<{ digest: string; lines: number }> => {
    const digest = createHash("sha256");
    let lines = 0;
    await simulate({
      ...honest,
      purchases: long ? 20_000 : 300,
      seed: 3,
      traced: (trace) => {
        lines += trace.length;
        digest.update(`${trace.join("\n")}\n`);
      },
    });
    return { digest: digest.digest("hex"), lines };
  };
  const first = await once();
  expect(first.lines).toBeGreaterThan(1_000);
  expect(await once()).toEqual(first);
});

it("a fault that is asked for is met often", async () => {
  const outcome = await simulate({ ...honest, fault: "tornWrite", purchases: 200, seed: 4 });
  expect(await told(outcome)).toBe("");
  expect(outcome.met.get("tornWrite")).toBeGreaterThan(50);
});

it("a fault that is switched off is never met", async () => {
  const outcome = await simulate({ ...honest, off: ["tornWrite", "requestTwice"], purchases: 300, seed: 4 });
  expect(await told(outcome)).toBe("");
  expect(outcome.met.get("tornWrite")).toBeUndefined();
  expect(outcome.met.get("requestTwice")).toBeUndefined();
  expect(outcome.met.get("requestLost")).toBeGreaterThan(0);
});

const foundWithin = async (sabotage: Sabotage, purchases: number): Promise<Outcome> =>
  await withSabotage(sabotage, () => simulate({ fault: null, sabotage, purchases, seed: long ? fresh : 1 }));

/** Each day a handful of them; the long run takes all. */
const today = Math.floor(Date.now() / 86_400_000);
const common = sabotages.filter(({ rare }) => rare !== true);
const handful = Array.from({ length: 5 }, (_, i) => common[(today * 5 + i) % common.length]).filter(
  (s) => s !== undefined,
);

it.each(long ? sabotages : handful)("finds $name: $about", async (sabotage) => {
  const outcome = await foundWithin(sabotage, 200_000);
  expect(outcome.broken?.violation.invariant).toBeDefined();
  expect(sabotage.blind ?? []).not.toContain(outcome.broken?.violation.invariant);
});

it("has a sabotage for at least 25 rules, each with a name of its own, and leaves no trace of them", async () => {
  expect(sabotages.length).toBeGreaterThanOrEqual(25);
  expect(new Set(sabotages.map(({ name }) => name)).size).toBe(sabotages.length);
  const before = await live(replayOf("after"), { trace: true });
  for (const sabotage of sabotages) await withSabotage(sabotage, async () => undefined);
  const after = await live(replayOf("after"), { trace: true });
  expect(after.trace).toEqual(before.trace);
});

it("shrinks a violation to a schedule that is shorter and still breaks the same rule", async () => {
  const sabotage = sabotages.find(({ name }) => name === "noReadBack");
  if (sabotage === undefined) throw new Error("no such sabotage");
  const outcome = await foundWithin(sabotage, 20_000);
  const { broken } = outcome;
  if (broken === null) throw new Error("not found");
  const shrunk = await withSabotage(sabotage, () => shrink(broken.replay, broken.violation));
  expect(shrunk.violation.invariant).toBe(broken.violation.invariant);
  expect(Object.keys(shrunk.replay.visits ?? {})).toHaveLength(1);
  expect(shrunk.replay.faults?.length).toBeLessThan(5);
  const again = await withSabotage(sabotage, () => live(shrunk.replay, { trace: false }));
  expect(again.violation).toEqual(shrunk.violation);
});

it.runIf(long)("100,000 purchases: nothing breaks, and every fault is met (npm run test:long)", async ({ task }) => {
  const outcome = await simulate({ ...honest, purchases: 100_000, seed: fresh });
  task.meta.cases = outcome.purchases;
  expect(await told(outcome)).toBe("");
  expect(neverMet(outcome.met)).toEqual([]);
  expect(outcome.met.size).toBe(faultKinds.length);
});
