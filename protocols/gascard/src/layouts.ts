import type { CardIdentity, ImageProblem, LayoutDriver } from "./layout.ts";
import { claimsOpenB, imageWithoutLayout, openBDriver } from "./open-b-driver.ts";
import { sle4442 } from "./sle4442.ts";

export const openBVolume: LayoutDriver = openBDriver("volume");
export const openBMoney: LayoutDriver = openBDriver("money");

/** Every layout this package knows, in the order in which they are asked. */
export const layouts: readonly LayoutDriver[] = [openBVolume, openBMoney];

/** The driver of this name, or null. */
export function layoutByName(name: string): LayoutDriver | null {
  return layouts.find((layout) => layout.name === name) ?? null;
}

export type Identified =
  | { ok: true; driver: LayoutDriver; identity: CardIdentity }
  | { ok: false; problem: ImageProblem };

/**
 * Whose card is this? By its identity area alone, so that a card with a torn purchase area is still known.
 * `upsideDown`: all 256 bytes are FF or all are 00, so not even the chip's own first bytes could be read.
 * `blank`: nothing was ever written from byte 32 on. An image of another length is `foreign`. Never throws.
 */
export function identifyImage(image: Uint8Array): Identified {
  for (const driver of layouts) {
    const identity = driver.identify(image);
    if (identity) return { ok: true, driver, identity };
  }
  if (image.length !== sle4442.mainMemoryBytes) return { ok: false, problem: "foreign" };
  return { ok: false, problem: claimsOpenB(image) ? "badIdentity" : imageWithoutLayout(image) };
}
