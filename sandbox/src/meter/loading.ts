import type { Chip } from "../chip/chip.ts";
import { writeWhole } from "../chip/chips.ts";
import type { MeterRow } from "../state/rows.ts";
import { type MeterOutcome, type MeterVerdict, pageOfMeter, takeCard } from "./meter.ts";

/**
 * When the card is pulled: after so many bytes that the meter writes (class C: those of the purchase area, then those of
 * the return area; else of the return area alone), or on either side of the instant in which the meter counts.
 */
export type Pull = number | "beforeCredit" | "afterCredit" | null;

export interface Loaded {
  meter: MeterRow;
  verdict: MeterVerdict | { kind: "unreadable" };
  /** Before the meter was done with the card. */
  pulled: boolean;
}

/**
 * A chip in the meter's slot, byte by byte. `keep`: makes the meter's own state durable; called before the first byte that
 * must not be on the card without it.
 */
export function loadCard(meter: MeterRow, chip: Chip, pull: Pull, keep: (meter: MeterRow) => void): Loaded {
  if (!chip.open()) return { meter, verdict: { kind: "unreadable" }, pulled: false };
  const outcome = takeCard(meter, chip.image());
  const { verdict } = outcome;
  const loaded =
    outcome.returnArea === null ? { meter, pulled: false } : written(outcome, outcome.returnArea, chip, pull, keep);
  chip.powerOff();
  return { verdict, ...loaded };
}

function written(
  { meter, uncredited, takenOut }: MeterOutcome,
  returnArea: Uint8Array,
  chip: Chip,
  pull: Pull,
  keep: (meter: MeterRow) => void,
): Omit<Loaded, "verdict"> {
  const { purchase, returned } = pageOfMeter(meter);
  const bytes = typeof pull === "number" ? pull : null;
  const outBytes = takenOut?.length ?? 0;
  const early =
    takenOut !== null && writeWhole(chip, purchase.from, takenOut, bytes !== null && bytes < outBytes ? bytes : null);
  if (early || pull === "beforeCredit") {
    keep(uncredited);
    return { meter: uncredited, pulled: true };
  }
  keep(meter);
  if (pull === "afterCredit") return { meter, pulled: true };
  const late = writeWhole(chip, returned.from, returnArea, bytes === null ? null : bytes - outBytes);
  return { meter, pulled: late };
}
