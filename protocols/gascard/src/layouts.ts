import { chips } from "./chips/chips.ts";
import { dllLayoutByName, dllLayoutOf, dllUndecided } from "./dll/dllLayout.ts";
import { sameBytes } from "./hex.ts";
import { unclaimedImage } from "./images.ts";
import type { CardIdentity, ImageProblem, LayoutDriver, MeterWord, RefundableLayout } from "./layout.ts";
import { openDriver } from "./open/open-driver.ts";
import { openA, openB, openBCpu, openBSm4, openC } from "./open/tables.ts";
import type { ChipKind } from "./script.ts";

function refundable(driver: LayoutDriver): RefundableLayout {
  if (driver.refundImage === null) throw new Error(`${driver.name} has no refund image`);
  return driver;
}

export const openAVolume: RefundableLayout = refundable(openDriver(openA, "volume"));
export const openAMoney: RefundableLayout = refundable(openDriver(openA, "money"));
export const openBVolume: RefundableLayout = refundable(openDriver(openB, "volume"));
export const openBMoney: RefundableLayout = refundable(openDriver(openB, "money"));
export const openBCpuVolume: RefundableLayout = refundable(openDriver(openBCpu, "volume"));
export const openBCpuMoney: RefundableLayout = refundable(openDriver(openBCpu, "money"));
export const openBSm4Volume: RefundableLayout = refundable(openDriver(openBSm4, "volume"));
export const openBSm4Money: RefundableLayout = refundable(openDriver(openBSm4, "money"));
export const openCVolume: LayoutDriver = openDriver(openC, "volume");
export const openCMoney: LayoutDriver = openDriver(openC, "money");

/** Every layout this package knows, in the order in which they are asked; the first of each unit is the usual one. */
export const layouts: readonly LayoutDriver[] = [
  openBVolume,
  openBMoney,
  openAVolume,
  openAMoney,
  openBCpuVolume,
  openBCpuMoney,
  openBSm4Volume,
  openBSm4Money,
  openCVolume,
  openCMoney,
];

const layoutsOn = new Map(layouts.map(({ chip }) => [chip, layouts.filter((layout) => layout.chip === chip)]));

/** The driver of this name, also of a maker behind its DLL, or null. */
export function layoutByName(name: string): LayoutDriver | null {
  return layouts.find((layout) => layout.name === name) ?? dllLayoutByName(name);
}

export type Identified =
  | { ok: true; driver: LayoutDriver; identity: CardIdentity }
  /** `undecided`: makers' DLLs claim it, and no sale can be made of it (dll/dllLayout.ts). */
  | { ok: false; problem: ImageProblem | "undecided" };

/**
 * Whose card is this? By its identity area alone, so that a card with a torn purchase area is still known. `chip`: what
 * the image was read from, where that is known. An image of a length that no chip has is `foreign`. Never throws.
 */
export function identifyImage(image: Uint8Array, chip?: ChipKind): Identified {
  if (sameBytes(image, dllUndecided)) return { ok: false, problem: "undecided" };
  const behindDll = dllLayoutOf(image);
  const known = chip === undefined ? layouts : (layoutsOn.get(chip) ?? []);
  const mayBeDll = behindDll !== null && (chip === undefined || chip === behindDll.chip);
  const asked = mayBeDll ? [...known, behindDll] : known;
  for (const driver of asked) {
    const identity = driver.identify(image);
    if (identity) return { ok: true, driver, identity };
  }
  for (const driver of asked) {
    const found = driver.read(image);
    if (!found.ok && found.problem === "badIdentity") return { ok: false, problem: "badIdentity" };
  }
  const from = chip ?? chipOfLength(image.length);
  if (from === null || image.length !== (chips[from].memoryBytes ?? image.length))
    return { ok: false, problem: "foreign" };
  return { ok: false, problem: unclaimedImage(image, from) };
}

/** Where the length leaves a choice, the chip with a secret and bytes of its own: it is the one that is met. */
function chipOfLength(length: number): ChipKind | null {
  const found = Object.values(chips).find(({ memoryBytes }) => memoryBytes === length);
  return found?.kind ?? null;
}

/**
 * `image` with the return area as a meter would write it, by the layout that claims the image. For fixtures and for the
 * published examples only: in the field nobody but a meter writes this area. Throws for an image of no layout.
 */
export function withReturnArea(image: Uint8Array, word: MeterWord): Uint8Array {
  const found = identifyImage(image);
  if (!found.ok) throw new Error("an image of no layout known here");
  return found.driver.meterImage(image, word);
}
