/** What a script changes on a card: only the bytes that differ, so that neither number nor history of the card is told. */

export interface CardChange {
  /** In bytes of the chip's main memory. */
  offset: number;
  /** Lower-case hex, equally long. */
  before: string;
  after: string;
}

/** Equal bytes between two changes that are told along, so that one area reads as one change. */
const gapBytes = 2;

/** The runs in which two images differ, in order. @throws when the images are not of one length. */
export function cardChanges(before: string, after: string): CardChange[] {
  if (before.length !== after.length || before.length % 2 !== 0) throw new Error("two images of different lengths");
  const runs: { from: number; to: number }[] = [];
  for (let at = 0; at < before.length / 2; at++) {
    if (byteAt(before, at) === byteAt(after, at)) continue;
    const last = runs.at(-1);
    if (last !== undefined && at - last.to <= gapBytes) last.to = at + 1;
    else runs.push({ from: at, to: at + 1 });
  }
  return runs.map(({ from, to }) => ({
    offset: from,
    before: before.slice(from * 2, to * 2),
    after: after.slice(from * 2, to * 2),
  }));
}

const byteAt = (hex: string, at: number): string => hex.slice(at * 2, at * 2 + 2);
