import type { ByteRange } from "./area.ts";
import { bytesOf } from "./area.ts";
import { sameBytes, toHex } from "./hex.ts";
import type { LayoutDriver, PlanWrite } from "./layout.ts";
import type { ScriptStep } from "./script.ts";
import { sle4442 } from "./sle4442.ts";

/** Reads the whole image and the error counter. Needs no secret and burns no try. */
export function probeSteps(): ScriptStep[] {
  return [
    { op: "select", chip: sle4442.kind },
    { op: "read", offset: 0, length: sle4442.mainMemoryBytes },
    { op: "counter" },
  ];
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

function mustDifferInPurchaseOnly(layout: LayoutDriver, before: Uint8Array, after: Uint8Array): void {
  const { imageBytes } = layout;
  if (before.length !== imageBytes || after.length !== imageBytes) throw new Error(`an image has ${imageBytes} bytes`);
  const { offset, length } = layout.areas.purchase;
  if (!sameBytes(outside(before, offset, length), outside(after, offset, length))) {
    throw new Error("a write changes nothing but the purchase area");
  }
  if (sameBytes(before, after)) throw new Error("nothing to write");
}

function outside(image: Uint8Array, offset: number, length: number): Uint8Array {
  return Uint8Array.of(...image.subarray(0, offset), ...image.subarray(offset + length));
}

/**
 * The steps that turn `before` into `after`: the card must still hold exactly `before` and have all its tries, then
 * only the changed bytes are written, in the layout's order. The commit field is a write of its own, so that it
 * starts only after everything before it was read back. Ends by reading all of `after`.
 *
 * `secret` is six lower-case hex digits, made for this card elsewhere. Throws on programmer's errors: images that
 * differ outside the purchase area or not at all, or a malformed secret (which the message does not repeat).
 */
export const planWrite: PlanWrite = (layout, before, after, secret) => {
  mustDifferInPurchaseOnly(layout, before, after);
  if (!/^[0-9a-f]{6}$/.test(secret)) throw new Error("the secret is not six lower-case hex digits");
  const { purchase, commit } = layout.areas;
  const data = { offset: purchase.offset, length: commit.offset - purchase.offset };
  const runs = [...changedRuns(before, after, data), ...changedRuns(before, after, commit)];
  return [
    { op: "select", chip: layout.chip },
    { op: "read", offset: 0, length: layout.imageBytes, expect: toHex(before) },
    { op: "counter", expect: sle4442.counterFull },
    { op: "present", secret },
    ...runs.map((run): ScriptStep => ({ op: "write", offset: run.offset, data: toHex(bytesOf(after, run)) })),
    { op: "read", offset: 0, length: layout.imageBytes, expect: toHex(after) },
  ];
};

/**
 * The images of the script that finishes (or repeats) a write: from the card as it is `now` to a card with the purchase
 * area of `after`. All else stays as it is now: the meter may have rewritten its return area since.
 */
export function resumeImages(
  layout: LayoutDriver,
  now: Uint8Array,
  after: Uint8Array,
): { before: Uint8Array; after: Uint8Array } {
  const finished = now.slice();
  finished.set(bytesOf(after, layout.areas.purchase), layout.areas.purchase.offset);
  return { before: now.slice(), after: finished };
}
