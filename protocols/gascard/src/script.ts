/**
 * Card scripts: what the centre tells a terminal to do with the card in its reader.
 *
 * A script is a short list of steps made at the centre (which knows layouts and secrets) and carried out by a
 * terminal (which knows neither). It lives for **one power-up of one card**: removal, reset, agent restart or
 * `deadlineAt` kills it. Every step is done once, in order; the first step that does not give what it expects
 * stops the script. `write` is read back by the executor before the next step. A write script's first step reads
 * and expects exactly the stored `before` image. (purchase-protocol, "Card scripts".)
 *
 * Bytes travel as lower-case hex without separators. Offsets and lengths are in bytes of the chip's main memory.
 */
export type Hex = string;

/** Chips whose main memory the steps below address. CPU-card steps (`exchange`, `seal`) come with those chips. */
export type ChipKind = "sle4442";

export type ScriptStep =
  /** Power the chip up (cold) and tell the reader what it is. */
  | { op: "select"; chip: ChipKind }
  /** Read main memory. With `expect`, other bytes than these stop the script with `mismatch`. */
  | { op: "read"; offset: number; length: number; expect?: Hex }
  /** Read the secret's error counter (SLE4442: 07 full, 00 locked). With `expect`, another value stops the script. */
  | { op: "counter"; expect?: number }
  /** Present the secret, once. `wrongSecret` stops the script. Masked in every log. */
  | { op: "present"; secret: Hex }
  /** Write main memory from `offset`, byte by byte, then read back; `verifyFailed` stops the script. */
  | { op: "write"; offset: number; data: Hex };

export type ScriptPurpose = "probe" | "write" | "refund";

export interface CardScript {
  id: string;
  purpose: ScriptPurpose;
  steps: ScriptStep[];
  /** Server clock, ms since the epoch: after it the terminal must not start another step. */
  deadlineAt: number;
}

/** Why a script stopped before its last step. */
export type StepFailure =
  | "removed" // the card left the reader (or a write was torn)
  | "mismatch" // `expect` did not hold
  | "wrongSecret"
  | "locked" // the chip's error counter is at 0
  | "verifyFailed" // read-back differs from what was written
  | "readerFault" // the reader did not answer, or answered nonsense
  | "expired" // deadlineAt passed
  | "stale"; // another power-up than the one the script was made for

export interface StepResult {
  /** Index into `steps`. */
  step: number;
  /** `read`: the bytes. `write`: the bytes read back. */
  data?: Hex;
  /** `counter`, and `present` (the counter after it). */
  counter?: number;
}

/** What a terminal reports. `failure` absent = every step done. `results` holds the steps that answered. */
export interface ScriptReport {
  scriptId: string;
  /** Names the power-up of the card: fresh at each insertion. */
  powerUpId: string;
  results: StepResult[];
  failure?: { step: number; reason: StepFailure };
}
