/** Cards as somebody could bring them to a reader: other households', old ones, damaged, half written, and noise. */
import { type LayoutDriver, openAMoney, openBVolume, openCVolume, withReturnArea } from "@citygas/gascard";
import type { MeterRow } from "@citygas/sandbox";
import { byAmount, byVolume, type Earth, makeEarth, newAccount } from "../purchases/earth.testkit.ts";
import { makeWorld, type World } from "../purchases/world.testkit.ts";
import { openMemoryStore } from "../store/memory.ts";
import type { TestCard } from "./card.testkit.ts";

export interface Books {
  earth: Earth;
  world: World;
  card: TestCard;
  driver: LayoutDriver;
  /** How often a secret was made. */
  secrets(): number;
}

/** A card whose meter took purchase 3 (90 000 in all), as books and card agree. */
export async function booksOf(driver: LayoutDriver): Promise<Books> {
  const earth = makeEarth(openMemoryStore());
  const made = makeWorld(earth);
  const tariff = driver.unit === "money" ? byAmount : byVolume;
  const { card } = await newAccount(earth, "a", { driver, tariff });
  let secrets = 0;
  const keys: World["sale"]["keys"] = {
    ...made.sale.keys,
    cardSecret: async (...about) => {
      secrets += 1;
      return await made.sale.keys.cardSecret(...about);
    },
  };
  return { earth, world: { ...made, sale: { ...made.sale, keys } }, card, driver, secrets: () => secrets };
}

const word = { registerL: 500, remaining: 100, valve: "open", batteryLow: false } as const;
export function made(
  driver: LayoutDriver,
  change: Partial<Parameters<LayoutDriver["format"]>[0]> & { cardNumber: string },
) {
  const account = { areaCode: "0996", role: "user", replacement: 0, count: 3, totalCredited: 90_000 } as const;
  const card = { ...account, meterCeiling: 0, ...change };
  const issued = driver.format(card);
  return withReturnArea(issued, { ...word, count: card.count, totalCredited: card.totalCredited });
}
const value = (driver: LayoutDriver, of: number) =>
  driver.unit === "volume" ? ({ kind: "volume", volumeL: of } as const) : ({ kind: "money", amountFen: of } as const);
export const sold = (driver: LayoutDriver, image: Uint8Array, countBefore = 3, totalBefore = 90_000): Uint8Array =>
  driver.purchaseImage(image, { countBefore, totalBefore, amount: value(driver, 5_000), boughtOn: "2026-11-23" });

/** The sandbox's meter of this card: has taken purchase 3. */
export function meterOf({ card, driver }: Books): MeterRow {
  const layout = (["open-a", "open-b", "open-b-cpu", "open-b-sm4", "open-c"] as const).find(
    (page) => driver.name === `${page}-${driver.unit}`,
  );
  if (layout === undefined) throw new Error(`no page of ${driver.name}`);
  return {
    ...{
      id: "m",
      label: "m",
      device: "meter",
      layout,
      unit: driver.unit,
      replacement: 0,
      count: 3,
      totalCredited: 90_000,
    },
    ...{ remaining: 100, registerL: 500, valve: "open", batteryLow: false },
    boundTo: { areaCode: "0996", cardNumber: card.number },
  };
}

export const otherLayout = ({ chip, name }: LayoutDriver): LayoutDriver =>
  [openBVolume, openAMoney, openCVolume].find((each) => each.chip !== chip || each.name !== name) ?? openBVolume;

export function flipped(image: Uint8Array, at: number): Uint8Array {
  const copy = image.slice();
  copy[at] = (copy[at] ?? 0) ^ 0x01;
  return copy;
}

/** xorshift32: the same on every machine. */
export function dice(seed: number): (below: number) => number {
  let state = seed | 1;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

type Dice = (below: number) => number;

/** A card as somebody could bring it. */
export function disturbed(good: Uint8Array, others: readonly Uint8Array[], roll: Dice, kind: number): Uint8Array {
  const all = [good, ...others];
  const one = (all[roll(all.length)] ?? good).slice();
  const other = all[roll(all.length)] ?? good;
  switch (kind) {
    case 0:
      return one;
    case 1: // some bytes are others
      for (let changes = 1 + roll(6); changes > 0; changes--) one[roll(one.length)] = roll(256);
      return one;
    case 2: // one bit
      return flipped(one, roll(one.length)).map((byte, at) => (at === roll(one.length) ? byte ^ 0x80 : byte));
    case 3: // half written
      one.set(other.subarray(0, Math.min(roll(one.length), other.length, one.length)));
      return one;
    case 4: // a piece of another card
      one.set(other.subarray(roll(32), Math.min(one.length, other.length, 32 + roll(128))), 0);
      return one;
    case 5: // cut short
      return one.slice(0, roll(one.length));
    default: // noise from some byte on
      for (let at = roll(one.length); at < one.length; at++) one[at] = roll(256);
      return one;
  }
}
