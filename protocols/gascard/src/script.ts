/**
 * Card scripts: what the centre tells a terminal to do with the card in its reader.
 *
 * A script is a short list of steps made at the centre (which knows layouts and secrets) and carried out by a
 * terminal (which knows neither). It lives for **one power-up of one card**: removal, reset, agent restart or
 * `deadlineAt` kills it. Every step is done once, in order; the first step that does not give what it expects
 * stops the script. `write` is read back by the executor before the next step. A write script's first step reads
 * and expects exactly the stored `before` image. (purchase-protocol, "Card scripts".)
 *
 * Bytes travel as lower-case hex without separators. Offsets and lengths are in bytes of the card's image: the chip's
 * main memory, or a CPU card's files one behind the other.
 */
export type Hex = string;

/** Chips on gas cards. What each holds, allows and asks for is in `chips/`. */
export type ChipKind = "sle4442" | "sle4428" | "at24c01" | "at24c02" | "at24c16" | "at88sc102" | "cpu";

export type ScriptStep =
  /** Power the chip up (cold) and tell the reader what it is. */
  | { op: "select"; chip: ChipKind }
  /** Read main memory. With `expect`, other bytes than these stop the script with `mismatch`. */
  | { op: "read"; offset: number; length: number; expect?: Hex }
  /** Read the secret's error counter (its full value: the chip's facts). With `expect`, another value stops the script. */
  | { op: "counter"; expect?: number }
  /** Present the secret, once. `wrongSecret` stops the script. Masked in every log. */
  | { op: "present"; secret: Hex }
  /** Write main memory from `offset`, byte by byte, then read back; `verifyFailed` stops the script. */
  | { op: "write"; offset: number; data: Hex }
  /**
   * Give the chip another secret, then present that one: it was just written, so it is no guess. `wrongSecret`: it did
   * not take. Only after `present`. Masked in every log.
   */
  | { op: "rekey"; secret: Hex }
  /**
   * Erase a whole zone with its own key (AT88SC102: its bits can only be cleared otherwise), then read it back: all FF,
   * or `verifyFailed`. The key is masked in every log.
   */
  | { op: "erase"; offset: number; length: number; key: Hex }
  /**
   * One APDU to a CPU card. Another status word than `sw` stops the script with `mismatch`. With `part`, the answer's
   * data is that part of the image and has that length; with `expect`, other data stops the script with `mismatch`.
   */
  | { op: "exchange"; apdu: Hex; sw: Hex; part?: { offset: number; length: number }; expect?: Hex }
  /**
   * A write that only who holds the masters can make: the card's challenge (so many bytes) goes up to the centre, one
   * finished APDU comes down and is sent once. Another status word than `sw` stops the script with `mismatch`; no APDU in
   * time with `expired`. `unsealed`: the same for a PSAM of the terminal's own; phones are given none.
   */
  | { op: "seal"; challengeBytes: 4 | 8 | 16; sw: Hex; unsealed?: Unsealed };

/** What one APDU is sealed of. Nothing in it is secret: the card's number, and bytes that the script reads back anyway. */
export interface Unsealed {
  cipher: "tripleDes" | "sm4";
  /** Of the card, 8 bytes: a PSAM makes the card's key of it, inside itself. */
  factor: Hex;
  /** The command up to its MAC, which the MAC is made over. */
  command: Hex;
}

/** The steps that may have changed the card when they fail without an answer. */
export const changingSteps: readonly ScriptStep["op"][] = ["write", "rekey", "erase", "seal"];

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
  | "expired" // deadlineAt passed, or the centre did not seal in time
  | "stale"; // another power-up than the one the script was made for

export interface StepResult {
  /** Index into `steps`. */
  step: number;
  /** `read`: the bytes. `write`, `erase`: the bytes read back. `exchange`, `seal`: the whole answer, status word last. */
  data?: Hex;
  /** `counter`, and `present` and `rekey` (the counter after it). */
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
