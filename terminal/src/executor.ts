/**
 * Carries out one card script on one power-up (purchase-protocol, "Card scripts").
 *
 * Every step is done once, in order; the first that does not give what it expects stops the script. Nothing is tried a
 * second time: what a failed step left on the card is for the centre to read and decide. A `write` counts only when the
 * bytes read back are the bytes written. The script dies with its power-up (the reader refuses calls that name an older
 * one), with `signal`, and with its deadline, which is asked before each step, on the server's clock.
 *
 * Platform-free: no Node import here, because phones run the same executor.
 */
import type { CardReader, ReaderResult } from "@citygas/devices";
import type { CardScript, ScriptReport, ScriptStep, StepFailure, StepResult } from "@citygas/gascard";

export interface ScriptRun {
  reader: CardReader;
  powerUpId: string;
  /** The server's clock, ms since the epoch; when in doubt ahead of it, never behind. */
  serverNowMs: () => number;
  /** Ends the script before its next step, as `removed`. */
  signal?: AbortSignal;
}

type StepOutcome =
  | { ok: true; result: Omit<StepResult, "step"> | null }
  | { ok: false; reason: StepFailure; result?: Omit<StepResult, "step"> };

/** Runs the script; every outcome is a report. Throws only when the script itself is malformed. */
export async function runScript(script: CardScript, run: ScriptRun): Promise<ScriptReport> {
  const results: StepResult[] = [];
  const report = { scriptId: script.id, powerUpId: run.powerUpId, results };
  for (const [step, instruction] of script.steps.entries()) {
    if (run.signal?.aborted === true) return { ...report, failure: { step, reason: "removed" } };
    if (run.serverNowMs() > script.deadlineAt) return { ...report, failure: { step, reason: "expired" } };
    const outcome = await doStep(instruction, run);
    if (outcome.result !== undefined && outcome.result !== null) results.push({ step, ...outcome.result });
    if (!outcome.ok) return { ...report, failure: { step, reason: outcome.reason } };
  }
  return report;
}

async function doStep(step: ScriptStep, { reader, powerUpId }: ScriptRun): Promise<StepOutcome> {
  switch (step.op) {
    case "select": {
      const selected = await reader.select(powerUpId, step.chip);
      return selected.ok ? { ok: true, result: null } : selected;
    }
    case "read": {
      const read = await reader.read(powerUpId, step.offset, step.length);
      if (!read.ok) return read;
      const data = toHex(read.value);
      const holds = step.expect === undefined || step.expect === data;
      return holds ? { ok: true, result: { data } } : { ok: false, reason: "mismatch", result: { data } };
    }
    case "counter": {
      const counter = await reader.counter(powerUpId);
      if (!counter.ok) return counter;
      const result = { counter: counter.value };
      const holds = step.expect === undefined || step.expect === counter.value;
      return holds ? { ok: true, result } : { ok: false, reason: "mismatch", result };
    }
    case "present":
      return withCounter(await reader.present(powerUpId, fromHex(step.secret)));
    case "write": {
      const data = fromHex(step.data);
      const written = await reader.write(powerUpId, step.offset, data);
      if (!written.ok) return written;
      const back = await reader.read(powerUpId, step.offset, data.length);
      if (!back.ok) return back;
      const result = { data: toHex(back.value) };
      return result.data === step.data ? { ok: true, result } : { ok: false, reason: "verifyFailed", result };
    }
  }
}

function withCounter(presented: ReaderResult<number>): StepOutcome {
  return presented.ok ? { ok: true, result: { counter: presented.value } } : presented;
}

function toHex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
function fromHex(hex: string): Uint8Array {
  if (!/^([0-9a-f]{2})*$/.test(hex)) throw new TypeError("not lower-case hex");
  return Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}
