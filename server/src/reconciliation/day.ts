import { partsOf } from "@citygas/core";

/** Is it a real day? The schema has only looked at its form. */
export function isDay(text: string): boolean {
  try {
    partsOf(text);
    return true;
  } catch {
    return false;
  }
}
