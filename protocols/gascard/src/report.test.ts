import fc from "fast-check";
import { expect, test } from "vitest";
import { sale, secret } from "./cards.testkit.ts";
import { toHex } from "./hex.ts";
import { openBVolume } from "./layouts.ts";
import { planWrite, probeSteps } from "./plan.ts";
import { decodeReport } from "./report.ts";
import type { CardScript, ScriptReport, StepResult } from "./script.ts";

const { before, after } = sale(openBVolume);
const probe: CardScript = { id: "p1", purpose: "probe", steps: probeSteps(), deadlineAt: 0 };
const write: CardScript = {
  ...probe,
  id: "w1",
  purpose: "write",
  steps: planWrite(openBVolume, before, after, secret),
};
const finalRead = write.steps.length - 1;

const report = (script: CardScript, results: StepResult[], failure?: ScriptReport["failure"]): ScriptReport => ({
  scriptId: script.id,
  powerUpId: "u1",
  results,
  ...(failure ? { failure } : {}),
});

/** All that an honest terminal answers when the script went through. */
const answers = (script: CardScript): StepResult[] =>
  script.steps.map((step, index) => {
    if (step.op === "read") return { step: index, data: step.expect ?? toHex(before) };
    if (step.op === "write") return { step: index, data: step.data };
    return step.op === "select" ? { step: index } : { step: index, counter: 7 };
  });

const malformed = { ok: false, reason: "malformed", step: null, image: null, counter: null };

test("a probe gives image and counter", () => {
  expect(decodeReport(probe, report(probe, answers(probe)))).toEqual({ ok: true, image: before, counter: 7 });
  const silentSelect = answers(probe).slice(1);
  expect(decodeReport(probe, report(probe, silentSelect))).toEqual({ ok: true, image: before, counter: 7 });
});

test("a finished write gives the image it ended with", () => {
  expect(decodeReport(write, report(write, answers(write)))).toEqual({ ok: true, image: after, counter: 7 });
});

test("a failure keeps what was read, unless a write came after it", () => {
  const [select, read] = answers(probe);
  if (!select || !read) throw new Error("no answers");
  const stopped = (step: number, reason: "removed" | "mismatch" | "verifyFailed") => ({ step, reason });
  expect(decodeReport(probe, report(probe, [select, read], stopped(2, "removed")))).toEqual({
    ok: false,
    reason: "removed",
    step: 2,
    image: before,
    counter: null,
  });
  expect(decodeReport(probe, report(probe, [select], stopped(1, "removed")))).toMatchObject({ image: null });
  const mismatch = [{ step: 0 }, { step: 1, data: toHex(after) }];
  expect(decodeReport(write, report(write, mismatch, stopped(1, "mismatch")))).toMatchObject({
    reason: "mismatch",
    image: after,
  });
  for (const answered of [4, 5]) {
    const torn = report(write, answers(write).slice(0, answered), stopped(4, "verifyFailed"));
    expect(decodeReport(write, torn)).toMatchObject({ reason: "verifyFailed", image: null, counter: 7 });
  }
  const unread = report(write, answers(write).slice(0, finalRead), stopped(finalRead, "removed"));
  expect(decodeReport(write, unread)).toMatchObject({ reason: "removed", image: null });
});

test("reports that do not fit the script count for nothing", () => {
  const good = answers(write);
  const without = (index: number) => good.filter((result) => result.step !== index);
  const changed = (index: number, result: Partial<StepResult>) =>
    good.map((old) => (old.step === index ? { ...old, ...result } : old));
  const bad: StepResult[][] = [
    [],
    [...good].reverse(),
    [...good, { step: 99 }],
    without(1),
    without(4),
    without(finalRead),
    changed(1, { data: toHex(after) }),
    changed(1, { data: "00" }),
    changed(1, { data: toHex(before).toUpperCase() }),
    changed(2, { counter: 3 }),
    changed(2, { counter: 8 }),
    changed(3, { counter: 3 }),
    changed(4, { data: "ffffffff" }),
    changed(finalRead, { data: toHex(before) }),
  ];
  for (const results of bad) expect(decodeReport(write, report(write, results))).toEqual(malformed);
  expect(decodeReport(write, report(probe, good))).toEqual(malformed);
  const afterwards = report(write, good, { step: 3, reason: "removed" });
  expect(decodeReport(write, afterwards)).toEqual(malformed);
  for (const step of [-1, 99, 1.5]) {
    expect(decodeReport(probe, report(probe, [], { step, reason: "removed" }))).toEqual(malformed);
  }
});

test("whatever a terminal sends, nothing throws", () => {
  const result = fc.record(
    { step: fc.integer({ min: -1, max: 9 }), data: fc.string({ unit: "grapheme-ascii" }), counter: fc.double() },
    { requiredKeys: ["step"] },
  );
  fc.assert(
    fc.property(fc.array(result), (results) => {
      expect(decodeReport(write, report(write, results)).ok).toBe(false);
    }),
  );
});
