import fc from "fast-check";
import { expect, test } from "vitest";
import { sale, secret } from "./cards.testkit.ts";
import { toHex } from "./hex.ts";
import { openBCpuVolume, openBVolume } from "./layouts.ts";
import { planSteps, probeSteps } from "./plan.ts";
import { decodeReport } from "./report.ts";
import type { CardScript, ScriptReport, StepResult } from "./script.ts";

const { before, after } = sale(openBVolume);
const probe: CardScript = { id: "p1", purpose: "probe", steps: probeSteps(), deadlineAt: 0 };
const write: CardScript = {
  ...probe,
  id: "w1",
  purpose: "write",
  steps: planSteps(openBVolume, before, after, secret),
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

const cpu = sale(openBCpuVolume);
const sealed: CardScript = {
  ...probe,
  id: "c1",
  purpose: "write",
  steps: planSteps(openBCpuVolume, cpu.before, cpu.after, null),
};
const cpuAnswers: StepResult[] = sealed.steps.map((step, index) => {
  if (step.op === "exchange") return { step: index, data: `${step.expect ?? "6f00"}9000` };
  return step.op === "seal" ? { step: index, data: "9000" } : { step: index };
});
const sealAt = sealed.steps.findIndex(({ op }) => op === "seal");

test("a CPU card's files make its image, and a seal counts as a change", () => {
  expect(decodeReport(sealed, report(sealed, cpuAnswers))).toEqual({ ok: true, image: cpu.after, counter: null });
  const probed: CardScript = { ...probe, steps: probeSteps("cpu") };
  const read = cpuAnswers.slice(0, probed.steps.length);
  expect(decodeReport(probed, report(probed, read))).toEqual({ ok: true, image: cpu.before, counter: null });
  // A probe expects no bytes in particular, but so many.
  for (const data of ["009000", `00${read[2]?.data ?? ""}`, "9000"]) {
    const other = read.map((result) => (result.step === 2 ? { ...result, data } : result));
    expect(decodeReport(probed, report(probed, other))).toEqual(malformed);
  }
  const stopped = (step: number) => report(sealed, cpuAnswers.slice(0, step), { step, reason: "removed" });
  expect(decodeReport(sealed, stopped(sealAt))).toMatchObject({ reason: "removed", image: null });
  expect(decodeReport(sealed, stopped(sealAt + 1))).toMatchObject({ reason: "removed", image: null });
  expect(decodeReport(sealed, stopped(2))).toMatchObject({ image: null });
});

test("a CPU card's answers that contradict the script count for nothing", () => {
  const changed = (index: number, data: string) =>
    cpuAnswers.map((old) => (old.step === index ? { ...old, data } : old));
  const first = cpuAnswers[2]?.data ?? "";
  const bad: StepResult[][] = [
    changed(2, first.slice(0, -4)),
    changed(2, `${first.slice(0, -4)}6a82`),
    changed(2, `00${first}`),
    changed(2, first.replace(/^../, "ee")),
    changed(1, "00"),
    changed(1, "6a82"),
    changed(sealAt, "6988"),
    changed(sealAt, ""),
    cpuAnswers.filter(({ step }) => step !== sealAt),
    cpuAnswers.map((old) => (old.step === 0 ? { ...old, counter: 7 } : old)),
  ];
  for (const results of bad) expect(decodeReport(sealed, report(sealed, results))).toEqual(malformed);
});

test("a zone erased is a zone read back as erased", () => {
  const erase: CardScript = {
    ...probe,
    steps: [...probeSteps("at88sc102"), { op: "erase", offset: 22, length: 2, key: "a1a2a3a4a5a6" }],
  };
  const results = erase.steps.map((step, index): StepResult => {
    if (step.op === "read") return { step: index, data: "00".repeat(step.length) };
    if (step.op === "counter") return { step: index, counter: 0xff };
    return step.op === "erase" ? { step: index, data: "ffff" } : { step: index };
  });
  // What was read before the erase tells nothing of the card after it.
  expect(decodeReport(erase, report(erase, results))).toEqual({ ok: true, image: null, counter: 0xff });
  const deaf = results.map((result) => (result.data === "ffff" ? { ...result, data: "ff00" } : result));
  expect(decodeReport(erase, report(erase, deaf))).toEqual(malformed);
  const probed: CardScript = { ...erase, steps: erase.steps.slice(0, -1) };
  const read = decodeReport(probed, report(probed, results.slice(0, -1)));
  // Codes and counters are in no image: they read differently by the moment.
  expect(read.image?.slice(9, 15)).toEqual(Uint8Array.of(0, 0xff, 0xff, 0xff, 0xff, 0));
});
