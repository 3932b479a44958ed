import { At24c, type At24cState } from "./at24c.ts";
import { At88sc102, type At88sc102State } from "./at88sc102.ts";
import type { Chip } from "./chip.ts";
import { CpuCard, type CpuCardState } from "./cpu-card.ts";
import { Sle4428, type Sle4428State } from "./sle4428.ts";
import { type ChipState, Sle4442 } from "./sle4442.ts";

/** As it lies on disk; the SLE4442, which came first, has no word for its kind. */
export type AnyChipState = ChipState | Sle4428State | At24cState | At88sc102State | CpuCardState;
export type AnyChip = Sle4442 | Sle4428 | At24c | At88sc102 | CpuCard;

export function chipFrom(state: AnyChipState): AnyChip {
  if (!("kind" in state)) return new Sle4442(state);
  switch (state.kind) {
    case "sle4428":
      return Sle4428.of(state);
    case "at24c01":
    case "at24c02":
    case "at24c16":
      return At24c.of(state);
    case "at88sc102":
      return At88sc102.of(state);
    case "cpu":
      return CpuCard.of(state);
  }
}

/**
 * Writes as a meter does, byte by byte in their order, those left alone that are right already; a CPU card in one command.
 * The chip is open. `pullAfter`: the card is gone after so many bytes; true: it was pulled.
 */
export function writeWhole(chip: Chip, offset: number, data: Uint8Array, pullAfter: number | null): boolean {
  const size = chip.kind === "cpu" ? data.length : 1;
  const before = chip.image();
  const isRight = (at: number): boolean => before[offset + at] === data[at];
  for (let done = 0; done < data.length; done += size) {
    const pulled = pullAfter !== null && pullAfter < done + size;
    let same = done;
    while (same < done + size && isRight(same)) same += 1;
    const left = same < done + size ? chip.cycles(offset + done, data.subarray(done, done + size)) : [];
    for (const { erase, program } of left) {
      erase?.();
      if (!pulled) program?.();
    }
    if (pulled) return true;
  }
  return false;
}
