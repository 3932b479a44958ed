import type { ChipKind } from "../script.ts";
import { at24c01, at24c02, at24c16 } from "./at24c.ts";
import { at88sc102 } from "./at88sc102.ts";
import type { Chip } from "./chip.ts";
import { cpuCard } from "./cpu-card.ts";
import { sle4428 } from "./sle4428.ts";
import { sle4442 } from "./sle4442.ts";

export const chips: Readonly<Record<ChipKind, Chip>> = {
  sle4442,
  sle4428,
  at24c01,
  at24c02,
  at24c16,
  at88sc102,
  cpu: cpuCard,
};

/**
 * The chip behind an ATR as the reader gives it (lower-case hex), or null when it is none we know. Memory cards have one
 * ATR each, made up by the reader as `3b04` and four bytes; any other well-formed ATR of ISO 7816-3 is a CPU card's.
 */
export function chipOfAtr(atr: string | null): ChipKind | null {
  if (atr === null) return null;
  const memory = Object.values(chips).find((chip) => chip.atr === atr);
  if (memory !== undefined) return memory.kind;
  const isCpuCard = /^3[bf]([0-9a-f]{2}){2,32}$/.test(atr) && !atr.startsWith("3b04");
  return isCpuCard ? "cpu" : null;
}

const ones = (value: number): number => value.toString(2).replaceAll("0", "").length;

/** Tries left: the number of one-bits of the counter, whichever they are. 0 for a chip without a secret. */
export function counterLeft(counter: number, chip: ChipKind = "sle4442"): number {
  return ones(counter & (chips[chip].secret?.counterFull ?? 0));
}

/**
 * What the error counter says. `oneShort`: exactly one try is used. `low`: more are. `locked`: none is left, or the
 * counter could not be read. A chip without a secret is always `full`: it has nothing to guess.
 */
export function secretState(chip: ChipKind, counter: number | null): "full" | "oneShort" | "low" | "locked" {
  const { secret } = chips[chip];
  if (secret === null) return "full";
  const left = counter === null ? 0 : counterLeft(counter, chip);
  const used = ones(secret.counterFull) - left;
  if (left <= secret.lockedAtBits) return "locked";
  return used === 0 ? "full" : used === 1 ? "oneShort" : "low";
}
