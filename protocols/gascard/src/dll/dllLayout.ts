/**
 * A maker whose cards are read and written by its own DLL (docs/dll-bridge.md), as a layout like any other: the DLL shows
 * fields and no bytes, so the bytes are ours, the table of open-c under the maker's own mark. Terminals make such an image
 * of what the DLL reads, and a call of what a script writes into it; the centre can't tell the difference and need not.
 *
 * Class C, always: how such a card behaves when a write is cut, nobody outside has measured. Until the conformance rig has,
 * a cut write goes to a person, nothing is bought for later, and no phone gets a script.
 */
import { get } from "../area.ts";
import { constant } from "../codec.ts";
import type { LayoutDriver, PurchaseOnCard } from "../layout.ts";
import { openDriver } from "../open/open-driver.ts";
import { putPurchase } from "../open/open-purchase.ts";
import { type OpenTable, openC } from "../open/tables.ts";
import type { DllCard } from "./dllFields.ts";

export interface DllMaker {
  /** Lower-case letters and digits: what the bridge calls it. */
  name: string;
  /** Two capital letters or digits that no other maker has: the mark of its images, and in small letters its layout's name. */
  mark: string;
}

const litresOfM3 = 1_000;
const litresOfHundredths = 10;

function tableOf({ mark }: Pick<DllMaker, "mark">): OpenTable {
  if (!isMark(mark)) throw new RangeError(`a maker's mark is two capital letters or digits: "${mark}"`);
  const magic = `DL${mark}`;
  const { fields } = openC.identity;
  const field = {
    ...fields.magic,
    codec: constant([...magic].map((letter) => letter.charCodeAt(0))),
    note: `ASCII "${magic}"`,
  };
  return {
    ...openC,
    family: `dll-${mark.toLowerCase()}`,
    identity: { ...openC.identity, fields: { ...fields, magic: field } },
  };
}

/**
 * The layout `dll-xx-volume` of the mark XX. Throws for an amount that is no whole number of cubic metres: a DLL can't
 * be told that.
 */
export function dllDriver(maker: Pick<DllMaker, "mark">): LayoutDriver {
  const driver = openDriver(tableOf(maker), "volume");
  return {
    ...driver,
    purchaseImage: (before, purchase) => {
      wholeM3(purchase);
      return driver.purchaseImage(before, purchase);
    },
  };
}

const isMark = (text: string): boolean => /^[A-Z0-9]{2}$/.test(text);

/** The driver of this name, made as it is asked for: the name holds all there is to know. null: not a name of these. */
export function dllLayoutByName(name: string): LayoutDriver | null {
  const mark = /^dll-([a-z0-9]{2})-volume$/.exec(name)?.[1]?.toUpperCase();
  return mark === undefined ? null : dllDriver({ mark });
}

/** "DL" */
const firstBytes = [0x44, 0x4c] as const;

/** The driver whose mark the image carries, sound or not. */
export function dllLayoutOf(image: Uint8Array): LayoutDriver | null {
  if (image[0] !== firstBytes[0] || image[1] !== firstBytes[1]) return null;
  const mark = String.fromCharCode(...image.subarray(2, 4));
  return isMark(mark) ? dllDriver({ mark }) : null;
}

/**
 * What stands for a card that makers claim and that no sale can be made of: more than one claims it, or what its DLL reads
 * can't be. "DL" with no maker's mark behind it, so no layout's.
 */
export const dllUndecided: Uint8Array = new Uint8Array(openC.imageBytes).fill(0x3f);
dllUndecided.set(firstBytes);

/** A tool card of this maker, of which its DLL says nothing but that it is one. */
export function dllTool(maker: DllMaker): Uint8Array {
  const nothing = { cardNumber: "0", areaCode: "0", replacement: 0, count: 0, totalCredited: 0, meterCeiling: 0 };
  return dllDriver(maker).format({ ...nothing, role: "tool" });
}

function wholeM3({ amount }: PurchaseOnCard): void {
  const whole = amount.kind === "volume" && amount.volumeL % litresOfM3 === 0;
  if (!whole) throw new RangeError("a maker's DLL is told whole cubic metres");
}

/** The image that stands for what the DLL has read. null: what it says can't be. */
export function dllImage(maker: DllMaker, card: DllCard): Uint8Array | null {
  const driver = dllDriver(maker);
  const unset = (value: number): number => Math.max(0, value) * litresOfM3;
  const boughtOn = dayOf(card.sqrq);
  // Gas on the card comes of a purchase: with its number, its day, and counted in the total.
  const odd = card.ljgql < card.ql || (card.ql > 0 && (card.cs === 0 || boughtOn === null));
  if (boughtOn === undefined || odd) return null;
  const credited = (card.ljgql - card.ql) * litresOfM3;
  const formatted = driver.format({
    cardNumber: card.kh,
    areaCode: card.dqdm === "" ? "0" : card.dqdm,
    role: card.kzt === 0 ? "opening" : "user",
    replacement: card.bkcs,
    count: card.cs,
    totalCredited: credited,
    meterCeiling: unset(card.czsx),
    alarm: unset(card.bjql),
    overdraft: unset(card.tzed),
  });
  const inMeter = card.syql >= 0 && card.ljyql >= 0;
  const returned = inMeter
    ? driver.meterImage(formatted, {
        // Class C: what is still on the card the meter has not taken.
        count: card.ql > 0 ? card.cs - 1 : card.cs,
        totalCredited: credited,
        registerL: card.ljyql * litresOfHundredths,
        remaining: card.syql * litresOfHundredths,
        valve: "open",
        batteryLow: false,
      })
    : formatted;
  if (card.cs > 0 && boughtOn !== null) {
    putPurchase(returned, tableOf(maker), { count: card.cs, amount: card.ql * litresOfM3, total: 0, boughtOn });
  }
  return returned;
}

/** undefined: no day. */
function dayOf(text: string): string | null | undefined {
  if (text === "") return null;
  const day = `${text.slice(0, 4)}-${text.slice(4, 6)}-${text.slice(6)}`;
  const date = new Date(`${day}T00:00:00Z`);
  return Number.isNaN(date.getTime()) || date.toISOString().slice(0, 10) !== day ? undefined : day;
}

/** What WriteGasCard is told, amount and count as they shall stand on the card, never to be added. */
export interface DllSale {
  kh: string;
  dqdm: string;
  ql: number;
  cs: number;
  ljgql: number;
  bkcs: number;
  sqrq: string;
}

/** The sale that a script has written into the image. null: it is no sound sale of the card that was read. */
export function dllSale(maker: DllMaker, read: DllCard, image: Uint8Array): DllSale | null {
  const driver = dllDriver(maker);
  const facts = driver.read(image);
  const before = dllImage(maker, read);
  if (!facts.ok || before === null || get(image, openC.identity.fields.cardNumber) !== read.kh) return null;
  const { areas } = driver;
  // Identity, parameters, price and the meter's own area are the DLL's alone.
  const elsewhere = image.slice();
  elsewhere.set(
    before.subarray(areas.purchase.offset, areas.purchase.offset + areas.purchase.length),
    areas.purchase.offset,
  );
  if (elsewhere.some((byte, at) => byte !== before[at])) return null;
  const { gas, count, boughtOn } = facts.facts;
  if (
    gas.kind !== "volume" ||
    gas.volumeL % litresOfM3 !== 0 ||
    boughtOn === null ||
    count !== read.cs + 1 ||
    read.ql !== 0
  )
    return null;
  const ql = gas.volumeL / litresOfM3;
  return {
    kh: read.kh,
    dqdm: read.dqdm,
    ql,
    cs: count,
    ljgql: read.ljgql + ql,
    bkcs: read.bkcs,
    sqrq: boughtOn.replaceAll("-", ""),
  };
}
