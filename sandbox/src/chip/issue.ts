import type { AnyChipState } from "./chips.ts";
import { TRIES } from "./cpu-card.ts";
import { blankChip } from "./sle4442.ts";

/** What the office's desk writes on a new chip: all of its main memory, and its secret where it has one. */
export interface Issue {
  imageHex: string;
  secretHex: string | null;
}

/**
 * A new chip of the same kind as `old`, written. Of a CPU card its keys too are as on the old one: they go by the card's
 * number, and the desk has them loaded before anything is written. null: the bytes are not for such a chip.
 */
export function issuedChip(old: AnyChipState, { imageHex, secretHex }: Issue): AnyChipState | null {
  const hex = imageHex.toLowerCase();
  if (!("kind" in old)) {
    if (hex.length !== old.memoryHex.length || secretHex?.length !== old.secretHex.length) return null;
    return { ...blankChip(secretHex.toLowerCase()), memoryHex: hex };
  }
  if (secretHex !== null) return null;
  switch (old.kind) {
    case "at24c01":
    case "at24c02":
    case "at24c16":
      return hex.length === old.memoryHex.length ? { kind: old.kind, memoryHex: hex } : null;
    case "cpu": {
      const sizes = old.files.map(({ contentHex }) => contentHex.length);
      if (hex.length !== sizes.reduce((sum, size) => sum + size, 0)) return null;
      let at = 0;
      const files = old.files.map((file) => {
        const contentHex = hex.slice(at, at + file.contentHex.length);
        at += file.contentHex.length;
        return { ...file, contentHex };
      });
      return { ...old, files, tries: TRIES };
    }
    // No layout of this city is on these.
    case "sle4428":
    case "at88sc102":
      return null;
  }
}
