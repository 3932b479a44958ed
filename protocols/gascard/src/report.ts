import { fromHex } from "./hex.ts";
import type { CardScript, ScriptReport, ScriptStep, StepFailure, StepResult } from "./script.ts";
import { sle4442 } from "./sle4442.ts";

/**
 * What a terminal's report says about the card. `image` is the whole main memory as it was read after the last write
 * that answered, or null when the report holds no such image. `counter` is the last error counter seen.
 */
export type DecodedReport =
  | { ok: true; image: Uint8Array | null; counter: number | null }
  | {
      ok: false;
      /** `malformed`: the report does not fit the script, so nothing in it counts. */
      reason: StepFailure | "malformed";
      /** The step that stopped the script; null when malformed. */
      step: number | null;
      image: Uint8Array | null;
      counter: number | null;
    };

const malformed: DecodedReport = { ok: false, reason: "malformed", step: null, image: null, counter: null };

/**
 * Puts a report's results together. The report comes from outside: results must name steps of the script in rising
 * order, carry what such a step gives, and an answer that contradicts an `expect` cannot stand in a step that
 * succeeded. Never throws.
 */
export function decodeReport(script: CardScript, report: ScriptReport): DecodedReport {
  const failedStep = report.failure?.step ?? null;
  if (report.scriptId !== script.id || !fits(script.steps, report.results, failedStep)) return malformed;
  const memory = new Uint8Array(sle4442.mainMemoryBytes);
  let seen = new Set<number>();
  let counter: number | null = null;
  for (const result of report.results) {
    const step = script.steps[result.step];
    if (result.counter !== undefined) counter = result.counter;
    // What was read before a write tells nothing about the card after it.
    if (step?.op === "write") seen = new Set();
    if (step?.op !== "read" || result.data === undefined) continue;
    const bytes = fromHex(result.data) ?? new Uint8Array(0);
    memory.set(bytes, step.offset);
    for (let i = 0; i < bytes.length; i++) seen.add(step.offset + i);
  }
  // A write that failed may have changed the card without an answer.
  const writing = failedStep !== null && script.steps[failedStep]?.op === "write";
  const image = !writing && seen.size === memory.length ? memory : null;
  if (report.failure) return { ok: false, reason: report.failure.reason, step: report.failure.step, image, counter };
  return { ok: true, image, counter };
}

/** Steps before the failed one (or all) answered as they must; the failed one may have answered; none after it did. */
function fits(steps: readonly ScriptStep[], results: readonly StepResult[], failedStep: number | null): boolean {
  if (failedStep !== null && !(failedStep in steps)) return false;
  const inOrder = results.every((result, i) => result.step in steps && result.step > (results[i - 1]?.step ?? -1));
  if (!inOrder) return false;
  const byStep = new Map(results.map((result) => [result.step, result]));
  return steps.every((step, index) => {
    const result = byStep.get(index);
    if (failedStep !== null && index > failedStep) return result === undefined;
    if (result && !isReadable(step, result)) return false;
    return index === failedStep || meets(step, result);
  });
}

/** What the result holds is well formed for such a step. */
function isReadable(step: ScriptStep, { data, counter }: StepResult): boolean {
  if (counter !== undefined && !(Number.isInteger(counter) && counter >= 0 && counter <= sle4442.counterFull))
    return false;
  if (data === undefined) return true;
  const expected = step.op === "read" ? step.length : step.op === "write" ? step.data.length / 2 : 0;
  return fromHex(data)?.length === expected;
}

/** The step can have succeeded with this result. */
function meets(step: ScriptStep, result: StepResult | undefined): boolean {
  switch (step.op) {
    case "select":
      return true;
    case "read":
      return result?.data !== undefined && (step.expect === undefined || result.data === step.expect);
    case "write":
      return result?.data === step.data;
    case "counter":
      return result?.counter !== undefined && (step.expect === undefined || result.counter === step.expect);
    case "present":
      // A right secret fills the counter up, so a terminal may leave it out.
      return (result?.counter ?? sle4442.counterFull) === sle4442.counterFull;
  }
}
