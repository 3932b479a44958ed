import type { ByteRange } from "./area.ts";
import type { Chip } from "./chips/chip.ts";
import { chips } from "./chips/chips.ts";
import { fromHex, hexBytes } from "./hex.ts";
import {
  type CardScript,
  changingSteps,
  type Hex,
  type ScriptReport,
  type ScriptStep,
  type StepFailure,
  type StepResult,
} from "./script.ts";

/**
 * What a terminal's report says about the card. `image` is the whole image as it was read after the last change that
 * answered, or null when the report holds no such image. `counter` is the last error counter seen.
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
const swHexDigits = 4;

/**
 * Puts a report's results together. The report comes from outside: results must name steps of the script in rising
 * order, carry what such a step gives, and an answer that contradicts an `expect` cannot stand in a step that
 * succeeded. Never throws.
 */
export function decodeReport(script: CardScript, report: ScriptReport): DecodedReport {
  const failedStep = report.failure?.step ?? null;
  const chip = chipOf(script.steps);
  if (report.scriptId !== script.id || !fits(script.steps, chip, report.results, failedStep)) return malformed;
  const whole = imageRanges(script.steps, chip);
  const memory = new Uint8Array(chip.memoryBytes ?? endOf(whole)).fill(0xff);
  /** 1: this byte was read after the last change. */
  const seen = new Uint8Array(memory.length);
  let counter: number | null = null;
  for (const result of report.results) {
    const step = script.steps[result.step];
    if (step === undefined) continue;
    if (result.counter !== undefined) counter = result.counter;
    // What was read before a change tells nothing about the card after it.
    if (changingSteps.includes(step.op)) seen.fill(0);
    const range = readRange(step);
    if (range === null || result.data === undefined) continue;
    const bytes = (fromHex(result.data) ?? new Uint8Array(0)).subarray(0, range.length);
    if (bytes.length < range.length) continue;
    memory.set(bytes, range.offset);
    seen.fill(1, range.offset, range.offset + bytes.length);
  }
  // A change that failed may have happened without an answer.
  const failedOp = failedStep === null ? undefined : script.steps[failedStep]?.op;
  const changing = failedOp !== undefined && changingSteps.includes(failedOp);
  const complete = whole.every(({ offset, length }) => !seen.subarray(offset, offset + length).includes(0));
  const image = !changing && whole.length > 0 && complete ? memory : null;
  if (report.failure) return { ok: false, reason: report.failure.reason, step: report.failure.step, image, counter };
  return { ok: true, image, counter };
}

/** Every script selects its chip first. */
function chipOf(steps: readonly ScriptStep[]): Chip {
  const [first] = steps;
  return chips[first?.op === "select" ? first.chip : "sle4442"];
}

/** The part of the image that a step's answer is. */
function readRange(step: ScriptStep): ByteRange | null {
  if (step.op === "read") return { offset: step.offset, length: step.length };
  return step.op === "exchange" ? (step.part ?? null) : null;
}

/** All that makes an image: what the chip has, or the files that the script reads. */
function imageRanges(steps: readonly ScriptStep[], chip: Chip): readonly ByteRange[] {
  return chip.memoryBytes === null ? steps.flatMap((step) => readRange(step) ?? []) : chip.readable;
}

const endOf = (ranges: readonly ByteRange[]): number =>
  ranges.reduce((end, { offset, length }) => Math.max(end, offset + length), 0);

/** Steps before the failed one (or all) answered as they must; the failed one may have answered; none after it did. */
function fits(
  steps: readonly ScriptStep[],
  chip: Chip,
  results: readonly StepResult[],
  failedStep: number | null,
): boolean {
  if (failedStep !== null && !(failedStep in steps)) return false;
  let taken = 0;
  for (const [index, step] of steps.entries()) {
    if (failedStep !== null && index > failedStep) break;
    const next = results[taken];
    const result = next?.step === index ? next : undefined;
    if (result !== undefined) taken += 1;
    if (result !== undefined && !isReadable(step, chip, result)) return false;
    if (index !== failedStep && !meets(step, chip, result)) return false;
  }
  // What is left over is out of order, of no step, or of one that came after the failed one.
  return taken === results.length;
}

/** What the result holds is well formed for such a step. */
function isReadable(step: ScriptStep, { secret }: Chip, { data, counter }: StepResult): boolean {
  const full = secret?.counterFull ?? 0;
  if (counter !== undefined && !(Number.isInteger(counter) && counter >= 0 && counter <= full)) return false;
  if (data === undefined) return true;
  const bytes = hexBytes(data);
  if (bytes === null) return false;
  switch (step.op) {
    case "read":
    case "erase":
      return bytes === step.length;
    case "write":
      return bytes === step.data.length / 2;
    case "exchange":
    case "seal":
      return bytes >= swHexDigits / 2;
    case "select":
    case "counter":
    case "present":
    case "rekey":
      return bytes === 0;
  }
}

/** The step can have succeeded with this result. */
function meets(step: ScriptStep, { secret }: Chip, result: StepResult | undefined): boolean {
  switch (step.op) {
    case "select":
      return true;
    case "read":
      return result?.data !== undefined && (step.expect === undefined || result.data === step.expect);
    case "write":
      return result?.data === step.data;
    case "erase":
      return result?.data === "ff".repeat(step.length);
    case "counter":
      return result?.counter !== undefined && (step.expect === undefined || result.counter === step.expect);
    case "present":
    case "rekey":
      // A right secret fills the counter up, so a terminal may leave it out.
      return (result?.counter ?? secret?.counterFull) === secret?.counterFull;
    case "exchange":
      return answers(result?.data, step);
    case "seal":
      return result?.data?.endsWith(step.sw) === true;
  }
}

function answers(data: Hex | undefined, { sw, part, expect }: Extract<ScriptStep, { op: "exchange" }>): boolean {
  if (data === undefined || !data.endsWith(sw)) return false;
  const body = data.slice(0, -swHexDigits);
  if (part !== undefined && body.length !== part.length * 2) return false;
  return expect === undefined || body === expect;
}
