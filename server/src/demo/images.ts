/** The demo's cards as bytes, and the meters they belong to, as the sandbox takes them. */
import { type LayoutDriver, openBMoney, openBVolume, withReturnArea } from "@citygas/gascard";
import { demoUnits } from "./fixtures.ts";
import type { DemoCard, DemoCustomer } from "./types.ts";

export const driverOf = ({ meter }: DemoCustomer): LayoutDriver =>
  meter.counts === "volume" ? openBVolume : openBMoney;

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
  const returned = withReturnArea(image, {
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
  };
}
