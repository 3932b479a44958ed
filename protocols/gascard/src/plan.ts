import type { ByteRange } from "./area.ts";
import { bytesOf } from "./area.ts";
import { chips } from "./chips/chips.ts";
import {
  type CpuApplication,
  cpuCommands,
  proofChallengeBytes,
  type SealedUpdate,
  sealedUpdate,
  swDone,
} from "./chips/cpu-card.ts";
import { fromHex, sameBytes, toHex } from "./hex.ts";
import type { LayoutDriver } from "./layout.ts";
import { openBCpu } from "./open/tables.ts";
import type { CardScript, ChipKind, Hex, ScriptReport, ScriptStep } from "./script.ts";

/** Longest read in one step: what one command of any reader can bring. */
const readBytesMax = 256;
/** FMCOS cards take a challenge of 4 or 8 bytes; the longer one can't be met twice. */
const challengeBytes = 8;
/** Class and instruction. */
const internalAuthenticate: Hex = "0088";

/**
 * Reads the whole image and, where there is one, the error counter. Needs no secret and burns no try. Without a chip: the
 * SLE4442's. `application`: what a CPU card is asked for; the open layout's when left out. `proof`: 8 bytes that a CPU card
 * enciphers last of all, so that who knows its key can tell it from a copy of its bytes (`proofOf`).
 */
export function probeSteps(chip: ChipKind = "sle4442", application?: CpuApplication, proof?: Uint8Array): ScriptStep[] {
  const { secret, readable } = chips[chip];
  const asked = chip === "cpu" ? (application ?? openBCpu.application) : null;
  return [
    { op: "select", chip },
    ...(asked === null ? readSteps(readable, null) : openSteps(asked, null)),
    ...(secret === null ? [] : [{ op: "counter" } as const]),
    ...(asked === null || proof === undefined ? [] : proofSteps(asked, proof)),
  ];
}

function proofSteps({ proofKeyId }: CpuApplication, challenge: Uint8Array): ScriptStep[] {
  if (proofKeyId === null) return [];
  if (challenge.length !== proofChallengeBytes) throw new RangeError(`a proof is over ${proofChallengeBytes} bytes`);
  return [{ op: "exchange", apdu: toHex(cpuCommands.internalAuthenticate(proofKeyId, challenge)), sw: swDone }];
}

/** What the card answered to a probe's last step, without the status word; null: it was not asked to prove itself. */
export function proofOf({ steps }: Pick<CardScript, "steps">, { results }: Pick<ScriptReport, "results">): Hex | null {
  const last = steps.at(-1);
  const asked = last?.op === "exchange" && last.part === undefined && last.apdu.startsWith(internalAuthenticate);
  if (!asked) return null;
  const answer = results.find(({ step }) => step === steps.length - 1)?.data ?? "";
  return answer.slice(0, -swDone.length);
}

const slice = (image: Uint8Array, range: ByteRange): Hex => toHex(bytesOf(image, range));

/** Reads of at most `readBytesMax` each; with `image`, expecting its bytes. */
function readSteps(ranges: readonly ByteRange[], image: Uint8Array | null): ScriptStep[] {
  const steps: ScriptStep[] = [];
  for (const { offset: from, length: whole } of ranges)
    for (let offset = from; offset < from + whole; offset += readBytesMax) {
      const length = Math.min(readBytesMax, from + whole - offset);
      const expect = image === null ? undefined : slice(image, { offset, length });
      steps.push(expect === undefined ? { op: "read", offset, length } : { op: "read", offset, length, expect });
    }
  return steps;
}

/** Selects the application and reads its files. */
function openSteps({ aid, files }: CpuApplication, image: Uint8Array | null): ScriptStep[] {
  const select = cpuCommands.select(fromHex(aid) ?? new Uint8Array(0));
  return [{ op: "exchange", apdu: toHex(select), sw: swDone }, ...files.map((file) => readFile(file, image))];
}

function readFile({ sfi, offset, length }: CpuApplication["files"][number], image: Uint8Array | null): ScriptStep {
  const part = { offset, length };
  const apdu = toHex(cpuCommands.readBinary(sfi, 0, length));
  const read = { op: "exchange", apdu, sw: swDone, part } as const;
  return image === null ? read : { expect: slice(image, part), ...read };
}

/** Changed bytes as runs, in ascending order; a run never reaches over an unchanged byte. */
function changedRuns(before: Uint8Array, after: Uint8Array, range: ByteRange): ByteRange[] {
  const runs: { offset: number; length: number }[] = [];
  for (let at = range.offset; at < range.offset + range.length; at++) {
    if (before[at] === after[at]) continue;
    const last = runs.at(-1);
    if (last && last.offset + last.length === at) last.length++;
    else runs.push({ offset: at, length: 1 });
  }
  return runs;
}

function mustDifferAsWritten(layout: LayoutDriver, before: Uint8Array, after: Uint8Array): void {
  const { imageBytes, areas } = layout;
  if (before.length !== imageBytes || after.length !== imageBytes) throw new Error(`an image has ${imageBytes} bytes`);
  const elsewhere = after.slice();
  for (const area of areas.written) elsewhere.set(bytesOf(before, area), area.offset);
  // A refund may blank the meter's area; nobody but a meter writes a word there.
  if (layout.returnArea(after) === "never") elsewhere.set(bytesOf(before, areas.returned), areas.returned.offset);
  if (!sameBytes(elsewhere, before)) throw new Error("a write changes nothing but the price and the purchase area");
}

/**
 * What a write from `before` to `after` changes, as the writes go out: area by area, the commit field last and by itself.
 * Bytes that stay are left out. On a CPU card one command takes in everything from the first changed byte of a file to
 * its last, so that it is all there or not at all.
 */
export function plannedWrites(layout: LayoutDriver, before: Uint8Array, after: Uint8Array): ByteRange[] {
  const { write } = chips[layout.chip];
  const { written, purchase, commit } = layout.areas;
  const parts = [
    // Blanked first: beside a return area that is not blank, a refund image is somebody else's.
    layout.areas.returned,
    ...written.filter((area) => area.offset !== purchase.offset),
    { offset: purchase.offset, length: commit.offset - purchase.offset },
    commit,
  ];
  const runs = parts.flatMap((part) => changedRuns(before, after, part));
  switch (write.kind) {
    case "byte":
    case "zone":
      return runs;
    case "page":
      return runs.flatMap(({ offset, length }) =>
        Array.from({ length }, (_, i) => ({ offset: offset + i, length: 1 })),
      );
    case "command":
      return (layout.application?.files ?? []).flatMap((file) => {
        const inside = runs.filter(({ offset }) => offset >= file.offset && offset < file.offset + file.length);
        if (inside.length === 0) return [];
        const first = Math.min(...inside.map(({ offset }) => offset));
        const end = Math.max(...inside.map(({ offset, length }) => offset + length));
        return [{ offset: first, length: end - first }];
      });
  }
}

/**
 * The steps that turn `before` into `after`: the card must still hold exactly `before` and have all its tries, then only
 * what changed is written, in the layout's order. The commit field is a write of its own, so that it starts only after
 * everything before it was read back (a CPU card takes both in one command). Ends by reading all of `after`.
 *
 * `secret` is lower-case hex, made for this card elsewhere; chips without one take no notice of it. With `newSecret` the
 * card gets it before its first byte is written: whoever then finds the refund image on it knows that the old secret no
 * longer opens it (class A, where only both together prove a refund).
 *
 * `mayBeSame`: nothing need be written; presenting the secret and reading back is what the script is for. Throws on
 * programmer's errors: images that differ elsewhere or not at all, or a malformed secret (which the message does not
 * repeat).
 */
export function planSteps(
  layout: LayoutDriver,
  before: Uint8Array,
  after: Uint8Array,
  secret: Hex | null,
  newSecret: Hex | null = null,
  mayBeSame = false,
): ScriptStep[] {
  mustDifferAsWritten(layout, before, after);
  if (!mayBeSame && sameBytes(before, after)) throw new Error("nothing to write");
  const { application, chip } = layout;
  const readAll = (image: Uint8Array): ScriptStep[] =>
    application === null
      ? readSteps(chips[chip].readable, image)
      : application.files.map((file) => readFile(file, image));
  const writes = plannedWrites(layout, before, after);
  // Going up takes the whole zone and its key: a layout on such a chip plans that for itself.
  const goesUp = chips[chip].write.kind === "zone" && after.some((byte, at) => (byte & ~(before[at] ?? 0)) !== 0);
  if (goesUp) throw new Error(`a ${chip} only clears bits`);
  return [
    { op: "select", chip },
    ...(application === null ? readAll(before) : openSteps(application, before)),
    ...secretSteps(chip, secret, newSecret),
    ...writes.map(
      (range): ScriptStep =>
        application === null
          ? { op: "write", offset: range.offset, data: slice(after, range) }
          : { op: "seal", challengeBytes, sw: swDone },
    ),
    ...readAll(after),
  ];
}

function secretSteps(chip: ChipKind, secret: Hex | null, newSecret: Hex | null): ScriptStep[] {
  const facts = chips[chip].secret;
  if (facts === null) return [];
  mustBeSecret(secret, facts.bytes);
  if (newSecret !== null) mustBeSecret(newSecret, facts.bytes);
  return [
    { op: "counter", expect: facts.counterFull },
    { op: "present", secret },
    ...(newSecret === null ? [] : [{ op: "rekey", secret: newSecret } as const]),
  ];
}

function mustBeSecret(secret: Hex | null, bytes: number): asserts secret is Hex {
  if (secret === null || fromHex(secret)?.length !== bytes) {
    throw new Error(`the secret is not ${bytes * 2} lower-case hex digits`);
  }
}

/**
 * What the centre seals for the `seal` step at index `step` of the script that turns `before` into `after`, up to its
 * MAC: `macInput` of it goes to the key service with the card's challenge, `withMac` makes the APDU that goes down.
 * null when that step is no seal of this script.
 */
export function sealOfStep(
  layout: LayoutDriver,
  before: Uint8Array,
  after: Uint8Array,
  step: number,
): { update: SealedUpdate; challengeBytes: number } | null {
  if (layout.application === null) return null;
  const steps = planSteps(layout, before, after, null);
  const index = steps.slice(0, step).filter(({ op }) => op === "seal").length;
  const range = plannedWrites(layout, before, after)[index];
  const file = layout.application?.files.find(
    ({ offset, length }) => range !== undefined && range.offset >= offset && range.offset < offset + length,
  );
  if (steps[step]?.op !== "seal" || range === undefined || file === undefined) return null;
  return { update: sealedUpdate(file.sfi, range.offset - file.offset, bytesOf(after, range)), challengeBytes };
}

/**
 * The images of the script that finishes (or repeats) a write: from the card as it is `now` to a card with the written
 * areas of `after`. All else stays as it is now: the meter may have rewritten its return area since.
 */
export function resumeImages(
  layout: LayoutDriver,
  now: Uint8Array,
  after: Uint8Array,
): { before: Uint8Array; after: Uint8Array } {
  const finished = now.slice();
  for (const area of layout.areas.written) finished.set(bytesOf(after, area), area.offset);
  return { before: now.slice(), after: finished };
}
