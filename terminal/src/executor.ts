/**
 * Carries out one card script on one power-up (purchase-protocol, "Card scripts").
 *
 * Every step is done once, in order; the first that does not give what it expects stops the script. Nothing is tried a
 * second time: what a failed step left on the card is for the centre to read and decide. A `write` counts only when the
 * bytes read back are the bytes written. The script dies with its power-up (the reader refuses calls that name an older
 * one), with `signal`, and with its deadline, which is asked before each step, on the server's clock. A `seal` asks for
 * it once more before the sealed command goes to the card, since the centre may have taken its time.
 *
 * Platform-free: no Node import here, because phones run the same executor.
 */
import type { SealRequest } from "@citygas/api";
import type { CardReader, ReaderResult } from "@citygas/devices";
import type { CardScript, ScriptReport, ScriptStep, StepFailure, StepResult } from "@citygas/gascard";

export interface ScriptRun {
  reader: CardReader;
  powerUpId: string;
  /** The server's clock, ms since the epoch; when in doubt ahead of it, never behind. */
  serverNowMs: () => number;
  /** Ends the script before its next step, as `removed`. */
  signal?: AbortSignal;
  /**
   * Brings one finished APDU (lower-case hex) for the card's challenge, or null: the centre was not reached, or seals no
   * more. Bounds its own wait by the script's deadline. Left out: no script with a `seal` can be carried out here.
   */
  seal?: Seal;
}

/** Whoever seals: the centre (`request` as it goes up), or a PSAM beside the card (`step`; psamSeal.ts). */
export type Seal = (request: SealRequest, step: SealStep) => Promise<string | null>;
export type SealStep = StepOf<"seal">;

type StepOutcome =
  | { ok: true; result: Omit<StepResult, "step"> | null }
  | { ok: false; reason: StepFailure; result?: Omit<StepResult, "step"> };

/** Runs the script; every outcome is a report. Throws only when the script itself is malformed. */
export async function runScript(script: CardScript, run: ScriptRun): Promise<ScriptReport> {
  const results: StepResult[] = [];
  const report = { scriptId: script.id, powerUpId: run.powerUpId, results };
  for (const [step, instruction] of script.steps.entries()) {
    const over = endedBy(script, run);
    if (over !== null) return { ...report, failure: { step, reason: over } };
    const outcome =
      instruction.op === "seal" ? await sealStep(instruction, step, script, run) : await doStep(instruction, run);
    if (outcome.result !== undefined && outcome.result !== null) results.push({ step, ...outcome.result });
    if (!outcome.ok) return { ...report, failure: { step, reason: outcome.reason } };
  }
  return report;
}

/** Why nothing more may be started; null: it may. */
function endedBy({ deadlineAt }: CardScript, run: ScriptRun): StepFailure | null {
  if (run.signal?.aborted === true) return "removed";
  return run.serverNowMs() > deadlineAt ? "expired" : null;
}

type StepOf<Op extends ScriptStep["op"]> = Extract<ScriptStep, { op: Op }>;

async function doStep(step: Exclude<ScriptStep, StepOf<"seal">>, run: ScriptRun): Promise<StepOutcome> {
  const { reader, powerUpId } = run;
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
      return written.ok ? await readBack(run, step.offset, step.data) : written;
    }
    case "rekey":
      return withCounter((await reader.rekey?.(powerUpId, fromHex(step.secret))) ?? unable);
    case "erase": {
      const erased = (await reader.erase?.(powerUpId, step.offset, fromHex(step.key))) ?? unable;
      return erased.ok ? await readBack(run, step.offset, "ff".repeat(step.length)) : erased;
    }
    case "exchange":
      return await exchangeStep(step, run);
  }
}

/** A reader that can't: nothing was done. */
const unable = { ok: false, reason: "readerFault" } as const;

async function readBack({ reader, powerUpId }: ScriptRun, offset: number, expected: string): Promise<StepOutcome> {
  const back = await reader.read(powerUpId, offset, expected.length / 2);
  if (!back.ok) return back;
  const result = { data: toHex(back.value) };
  return result.data === expected ? { ok: true, result } : { ok: false, reason: "verifyFailed", result };
}

async function exchangeStep(step: StepOf<"exchange">, { reader, powerUpId }: ScriptRun): Promise<StepOutcome> {
  const answer = (await reader.transmit?.(powerUpId, fromHex(step.apdu))) ?? unable;
  if (!answer.ok) return answer;
  const result = { data: toHex(answer.value) };
  const body = result.data.slice(0, -statusDigits);
  const holds =
    result.data.endsWith(step.sw) &&
    (step.part === undefined || body.length === step.part.length * 2) &&
    (step.expect === undefined || body === step.expect);
  return holds ? { ok: true, result } : { ok: false, reason: "mismatch", result };
}

/** GET CHALLENGE, up, down, and once to the card. The challenge is good for one command, so nothing is tried again. */
async function sealStep(instruction: SealStep, step: number, script: CardScript, run: ScriptRun): Promise<StepOutcome> {
  const { challengeBytes, sw } = instruction;
  const { reader, powerUpId } = run;
  const asked = (await reader.transmit?.(powerUpId, Uint8Array.of(0x00, 0x84, 0x00, 0x00, challengeBytes))) ?? unable;
  if (!asked.ok) return asked;
  const challenge = toHex(asked.value);
  if (challenge.length !== challengeBytes * 2 + statusDigits || !challenge.endsWith("9000")) {
    return { ok: false, reason: "mismatch", result: { data: challenge } };
  }
  const request = { scriptId: script.id, powerUpId, step, challenge: challenge.slice(0, -statusDigits) };
  const apdu = (await run.seal?.(request, instruction)) ?? null;
  if (apdu === null) return { ok: false, reason: "expired" };
  const over = endedBy(script, run);
  if (over !== null) return { ok: false, reason: over };
  const answer = (await reader.transmit?.(powerUpId, fromHex(apdu))) ?? unable;
  if (!answer.ok) return answer;
  const result = { data: toHex(answer.value) };
  return result.data.endsWith(sw) ? { ok: true, result } : { ok: false, reason: "mismatch", result };
}

/** The status word, last in every answer of a CPU card. */
const statusDigits = 4;

function withCounter(presented: ReaderResult<number>): StepOutcome {
  return presented.ok ? { ok: true, result: { counter: presented.value } } : presented;
}

const pairs: readonly string[] = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));

/** By the engine where it can (ECMAScript 2026). */
function toHex(bytes: Uint8Array & { toHex?: () => string }): string {
  if (bytes.toHex !== undefined) return bytes.toHex();
  let text = "";
  for (let i = 0; i < bytes.length; i++) text += pairs[bytes[i] ?? 0];
  return text;
}
function fromHex(hex: string): Uint8Array {
  if (!/^([0-9a-f]{2})*$/.test(hex)) throw new TypeError("not lower-case hex");
  const bytes = new Uint8Array(hex.length / 2);
  for (let i = 0; i < bytes.length; i++) bytes[i] = Number.parseInt(hex.slice(i * 2, i * 2 + 2), 16);
  return bytes;
}
