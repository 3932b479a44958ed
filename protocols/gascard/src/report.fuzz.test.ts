/** Honest reports with things changed, left out, doubled: none throws, and none says `written` that isn't so. */
import fc from "fast-check";
import { expect, inject, test } from "vitest";
import { sale, secret } from "./cards.testkit.ts";
import { sameBytes, toHex } from "./hex.ts";
import { openBVolume } from "./layouts.ts";
import { planSteps } from "./plan.ts";
import { decodeReport } from "./report.ts";
import type { CardScript, StepResult } from "./script.ts";

const { before, after } = sale(openBVolume);
const script: CardScript = {
  id: "w1",
  purpose: "write",
  steps: planSteps(openBVolume, before, after, secret),
  deadlineAt: 0,
};
const honest: StepResult[] = script.steps.map((step, index) => {
  if (step.op === "read") return { step: index, data: step.expect ?? toHex(before) };
  if (step.op === "write") return { step: index, data: step.data };
  return step.op === "select" ? { step: index } : { step: index, counter: 7 };
});
const last = honest.length - 1;

const odd = fc.oneof(
  fc.constantFrom("", "00", "zz", "0", toHex(before), toHex(after), toHex(after).toUpperCase()),
  fc.string({ maxLength: 6 }),
);
const change = fc.oneof(
  fc.record({ what: fc.constant("drop"), at: fc.nat(last) }),
  fc.record({ what: fc.constant("double"), at: fc.nat(last) }),
  fc.record({ what: fc.constant("data"), at: fc.nat(last), data: odd }),
  fc.record({ what: fc.constant("flip"), at: fc.nat(last), digit: fc.nat(511) }),
  fc.record({
    what: fc.constant("counter"),
    at: fc.nat(last),
    counter: fc.oneof(fc.constantFrom(-1, 0.5, 8, Number.NaN), fc.nat(7)),
  }),
  fc.record({ what: fc.constant("step"), at: fc.nat(last), step: fc.oneof(fc.integer(), fc.double()) }),
);

function changed(results: StepResult[], one: { what: string; at: number } & Partial<StepResult & { digit: number }>) {
  const target = results[one.at];
  if (target === undefined) return;
  if (one.what === "drop") results.splice(one.at, 1);
  else if (one.what === "double") results.splice(one.at, 0, target);
  else if (one.what === "flip") {
    const data = target.data ?? "";
    const at = (one.digit ?? 0) % Math.max(data.length, 1);
    target.data = `${data.slice(0, at)}${data[at] === "0" ? "1" : "0"}${data.slice(at + 1)}`;
  } else Object.assign(target, one);
}

const failure = fc.option(
  fc.record({
    step: fc.oneof(fc.nat(last), fc.constantFrom(-1, 0.5, 99)),
    reason: fc.constantFrom("removed" as const, "mismatch" as const, "verifyFailed" as const),
  }),
  { nil: undefined, freq: 3 },
);

test("a changed report is malformed, a failure, or says exactly what an honest one says", () => {
  const seen = new Set<string>();
  fc.assert(
    fc.property(fc.array(change, { maxLength: 3 }), failure, fc.boolean(), (changes, failed, cut) => {
      const results = honest.slice(0, cut && failed ? Math.max(0, Math.floor(failed.step)) : undefined);
      const copies = results.map((result) => ({ ...result }));
      for (const one of changes) changed(copies, one);
      const said = decodeReport(script, {
        scriptId: "w1",
        powerUpId: "p",
        results: copies,
        ...(failed === undefined ? {} : { failure: failed }),
      });
      seen.add(said.ok ? "ok" : said.reason);
      if (said.ok && (failed !== undefined || said.image === null || !sameBytes(said.image, after)))
        throw new Error("a write that didn't happen");
      if (!said.ok && said.reason !== "malformed" && said.step !== failed?.step) throw new Error("another step failed");
      if (said.counter !== null && !(said.counter >= 0 && said.counter <= 7)) throw new Error("no counter");
    }),
    { numRuns: inject("long") ? 1_000_000 : 5_000 },
  );
  expect([...seen].sort()).toEqual(["malformed", "mismatch", "ok", "removed", "verifyFailed"]);
});
