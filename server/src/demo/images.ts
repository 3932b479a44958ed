/** The demo's cards as bytes, and the meters they belong to, as the sandbox takes them. */
import { type LayoutDriver, layoutByName, openBMoney, openBVolume, toHex } from "@citygas/gascard";
import type { VirtualCardKeys } from "../context.ts";
import { demoUnits } from "./fixtures.ts";
import type { DemoCard, DemoCustomer } from "./types.ts";

/** @throws on a layout that nobody knows, or that counts otherwise than the meter. */
export function driverOf({ layout, meter, number }: DemoCustomer): LayoutDriver {
  const usual = meter.counts === "volume" ? openBVolume : openBMoney;
  const driver = layout === undefined ? usual : layoutByName(layout);
  if (driver === null || driver.unit !== meter.counts) throw new Error(`demo: ${number} has no layout ${layout}`);
  return driver;
}

/** The customer's card before anything was bought in the demo: accepted by its meter, nothing on it. */
export function cardImage(customer: DemoCustomer, card: DemoCard, replacement: number): Uint8Array {
  const driver = driverOf(customer);
  const image = driver.format({
    cardNumber: card.number,
    areaCode: demoUnits[customer.unit].areaCode,
    role: card.opening === true ? "opening" : "user",
    replacement,
    count: card.count,
    totalCredited: card.totalCredited,
    meterCeiling: customer.meter.ceiling ?? 0,
  });
  if (card.opening === true) return image;
  const returned = driver.meterImage(image, {
    count: card.count,
    totalCredited: card.totalCredited,
    registerL: card.registerL,
    remaining: card.remaining,
    valve: "open",
    batteryLow: false,
  });
  // One bit of the purchase area turned over: its checksum no longer fits.
  return card.damaged === true ? flipped(returned, driver.areas.purchase.offset + 2) : returned;
}

/** A card pulled in the middle: the first bytes of the purchase area are new, the others old. */
export function tornImage(driver: LayoutDriver, before: Uint8Array, after: Uint8Array): Uint8Array {
  const { offset, length } = driver.areas.purchase;
  const image = before.slice();
  image.set(after.subarray(offset, offset + Math.floor(length / 2)), offset);
  return image;
}

/** Written by some other company's machine. */
export function foreignImage(): Uint8Array {
  const image = openBVolume.format({
    cardNumber: "1",
    areaCode: "1",
    role: "user",
    replacement: 0,
    count: 0,
    totalCredited: 0,
    meterCeiling: 0,
  });
  for (let at = 32; at < image.length; at++) image[at] = (at * 37 + 11) & 0xff;
  return image;
}

/** A card of our layout that is in nobody's books, or a technician's tool card. */
export function strangerImage(role: "user" | "tool", cardNumber: string): Uint8Array {
  return openBVolume.format({
    cardNumber,
    areaCode: demoUnits.bazhou.areaCode,
    role,
    replacement: 0,
    count: 0,
    totalCredited: 0,
    meterCeiling: 0,
  });
}

function flipped(image: Uint8Array, at: number): Uint8Array {
  const copy = image.slice();
  copy[at] = (copy[at] ?? 0) ^ 0x01;
  return copy;
}

/** As the sandbox keeps meters and controllers. */
export interface SeedMeter {
  id: string;
  label: string;
  device: "meter" | "controller";
  unit: "volume" | "money";
  boundTo: { areaCode: string; cardNumber: string } | null;
  replacement: number;
  count: number;
  totalCredited: number;
  remaining: number;
  registerL: number;
  valve: "open" | "closed";
  batteryLow: boolean;
  /** The page of docs/cards it was made after; left out: open-b. */
  layout?: "open-a" | "open-b" | "open-b-cpu" | "open-b-sm4" | "open-c";
}

/** The device into which this customer's card goes: the meter, or the controller on it. null: no card, no slot. */
export function seedMeter(customer: DemoCustomer): SeedMeter | null {
  const { card, controller, meter, number } = customer;
  if (card === undefined) return null;
  const isNew = card.opening === true;
  return {
    id: controller?.serial ?? meter.serial,
    label: `${number} · ${card.label}`,
    device: controller === undefined ? "meter" : "controller",
    unit: meter.counts,
    boundTo: isNew ? null : { areaCode: demoUnits[customer.unit].areaCode, cardNumber: card.number },
    replacement: card.oldCard === undefined ? 0 : 1,
    count: card.count,
    totalCredited: card.totalCredited,
    remaining: card.remaining,
    registerL: card.registerL,
    valve: "open",
    batteryLow: false,
    ...familyOf(driverOf(customer)),
  };
}

/** The page of a layout carries its name without the unit. */
function familyOf({ name }: LayoutDriver): Pick<SeedMeter, "layout"> {
  const family = name.replace(/-(volume|money)$/, "");
  switch (family) {
    case "open-a":
    case "open-b-cpu":
    case "open-b-sm4":
    case "open-c":
      return { layout: family };
    default:
      return {};
  }
}

/** A chip that is no SLE4442, as the sandbox takes it. */
export type SeedChip =
  | { kind: "at24c02"; memoryHex: string }
  | {
      kind: "cpu";
      aidHex: string;
      cipher: "3des" | "sm4";
      files: { sfi: number; contentHex: string; keyHex: string }[];
      externalKeyHex: string;
      tries: number;
      internalKeys: { id: number; keyHex: string }[];
    };

/** The seller's file of the open layout: the one that a purchase writes. */
const sellersFile = 2;
/** Keys that nothing of ours ever uses: the issuer's and the meter's. */
const strangersKey = "00112233445566778899aabbccddeeff";
const externalKeyTries = 3;

/** `keys`: of a CPU card. null: an SLE4442, for which the bytes alone are enough. */
export function seedChip(driver: LayoutDriver, image: Uint8Array, keys: VirtualCardKeys | null): SeedChip | null {
  if (driver.chip === "at24c02") return { kind: "at24c02", memoryHex: toHex(image) };
  const { application } = driver;
  if (application === null) return null;
  return {
    kind: "cpu",
    aidHex: application.aid,
    cipher: application.cipher === "sm4" ? "sm4" : "3des",
    files: application.files.map(({ sfi, offset, length }) => ({
      sfi,
      contentHex: toHex(image.subarray(offset, offset + length)),
      keyHex: sfi === sellersFile && keys !== null ? keys.sealHex : strangersKey,
    })),
    externalKeyHex: strangersKey,
    tries: externalKeyTries,
    internalKeys:
      keys === null || application.proofKeyId === null ? [] : [{ id: application.proofKeyId, keyHex: keys.proofHex }],
  };
}
