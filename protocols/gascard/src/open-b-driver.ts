import { get, isSealed, put, seal } from "./area.ts";
import type {
  CardAmount,
  CardFacts,
  CardIdentity,
  LayoutDriver,
  PurchaseArea,
  PurchaseOnCard,
  ReadResult,
  ReturnArea,
} from "./layout.ts";
import { openB, openBAreas, openBCommit } from "./open-b.ts";
import { sle4442 } from "./sle4442.ts";

export type OpenBUnit = LayoutDriver["unit"];

const layoutName = (unit: OpenBUnit) => `open-b-${unit}` as const;

/** Does the image carry the open layout's magic and version, sound or not? */
export function claimsOpenB(image: Uint8Array): boolean {
  return get(image, openB.identity.magic) === true && get(image, openB.identity.version) === openB.version;
}

/** The open layout's identity, whichever its unit; null when its checksum or a field is wrong. */
export function openBIdentity(image: Uint8Array): (CardIdentity & { unit: OpenBUnit }) | null {
  if (image.length !== sle4442.mainMemoryBytes || !claimsOpenB(image)) return null;
  if (!isSealed(image, openBAreas.identity)) return null;
  const { identity } = openB;
  const role = get(image, identity.role);
  const unit = get(image, identity.unit);
  const replacement = get(image, identity.replacement);
  const areaCode = get(image, identity.areaCode);
  const cardNumber = get(image, identity.cardNumber);
  if (!role || !unit || replacement === undefined || !areaCode || !cardNumber) return null;
  return { layout: layoutName(unit), cardNumber, areaCode, role, replacement, unit };
}

function purchaseArea(image: Uint8Array): PurchaseArea {
  if (!isSealed(image, openBAreas.purchase)) return null;
  const { purchase } = openB;
  const count = get(image, purchase.count);
  const amount = get(image, purchase.amount);
  const boughtOn = get(image, purchase.boughtOn);
  if (count === undefined || amount === undefined || boughtOn === undefined) return null;
  if (get(image, purchase.countMark) !== (count & 0xff) || get(image, purchase.backupAmount) !== amount) return null;
  return { count, amount, boughtOn };
}

function returnArea(image: Uint8Array): ReturnArea {
  if (!isSealed(image, openBAreas.returned)) return "bad";
  const { returned } = openB;
  const startCode = get(image, returned.startCode);
  const status = get(image, returned.status);
  const registerL = get(image, returned.registerL);
  const totalCredited = get(image, returned.totalCredited);
  const remaining = get(image, returned.remaining);
  const count = get(image, returned.acceptedCount);
  if (startCode === "never") return "never";
  if (startCode === undefined || status === undefined || registerL === undefined) return "bad";
  if (totalCredited === undefined || remaining === undefined || count === undefined) return "bad";
  const valve = (status & openB.valveClosedBit) === 0 ? "open" : "closed";
  return { count, totalCredited, registerL, remaining, valve, batteryLow: (status & openB.batteryLowBit) !== 0 };
}

const amountOf = (unit: OpenBUnit, value: number): CardAmount =>
  unit === "volume" ? { kind: "volume", volumeL: value } : { kind: "money", amountFen: value };

/** The number behind an amount. Throws when the amount is of the other kind: that is the caller's mistake. */
function quantity(unit: OpenBUnit, amount: CardAmount): number {
  if (amount.kind !== unit) throw new Error(`an amount by ${amount.kind} on a card by ${unit}`);
  return amount.kind === "volume" ? amount.volumeL : amount.amountFen;
}

function read(unit: OpenBUnit, image: Uint8Array): ReadResult {
  if (image.length !== sle4442.mainMemoryBytes) return { ok: false, problem: "foreign", identity: null };
  const found = openBIdentity(image);
  if (found === null) {
    return { ok: false, problem: claimsOpenB(image) ? "badIdentity" : imageWithoutLayout(image), identity: null };
  }
  if (found.unit !== unit) return { ok: false, problem: "foreign", identity: null };
  const { unit: _, ...identity } = found;
  const purchase = purchaseArea(image);
  const meter = returnArea(image);
  const meterCeiling = get(image, openB.parameters.meterCeiling);
  const parametersBad = meterCeiling === undefined || !isSealed(image, openBAreas.parameters);
  if (parametersBad || purchase === null || meter === "bad") return { ok: false, problem: "badChecksum", identity };
  const returned = meter === "never" ? null : meter;
  const taken = returned !== null && returned.count >= purchase.count;
  const facts: CardFacts = {
    ...identity,
    count: purchase.count,
    gas: amountOf(unit, taken ? 0 : purchase.amount),
    boughtOn: purchase.boughtOn,
    returned,
    meterCeiling,
  };
  return { ok: true, facts };
}

/** What an image of the chip's full length is that carries none of our layouts. */
export function imageWithoutLayout(image: Uint8Array): "upsideDown" | "blank" | "foreign" {
  // Not even the chip's own answer to reset stands out: the reader read a floating line, not a chip.
  if (image.every((byte) => byte === 0xff) || image.every((byte) => byte === 0)) return "upsideDown";
  // Below byte 32 the chip maker may have written what he likes.
  const unwritten = image.subarray(sle4442.protectableBytes).every((byte) => byte === sle4442.erasedByte);
  return unwritten ? "blank" : "foreign";
}

/** `before` with purchase number n + 1 of this quantity. Identity must be sound; the purchase area may be torn. */
function withPurchase(unit: OpenBUnit, before: Uint8Array, purchase: PurchaseOnCard, value: number): Uint8Array {
  const found = openBIdentity(before);
  if (found?.unit !== unit) throw new Error(`not an image of ${layoutName(unit)}`);
  if (found.role === "tool") throw new Error("no purchase goes on a tool card");
  const count = purchase.countBefore + 1;
  const image = before.slice();
  put(image, openB.purchase.countMark, count & 0xff);
  put(image, openB.purchase.amount, value);
  put(image, openB.purchase.boughtOn, purchase.boughtOn);
  put(image, openB.purchase.backupAmount, value);
  put(image, openB.purchase.count, count);
  seal(image, openBAreas.purchase);
  return image;
}

function format(unit: OpenBUnit, card: Parameters<LayoutDriver["format"]>[0]): Uint8Array {
  if (card.role === "blank") throw new Error("a formatted card has a role; a blank one is not formatted");
  const image = new Uint8Array(sle4442.mainMemoryBytes).fill(sle4442.erasedByte);
  image.set(sle4442.atrBytes, 0);
  const { identity, parameters, purchase, returned } = openB;
  put(image, identity.magic, true);
  put(image, identity.version, openB.version);
  put(image, identity.role, card.role);
  put(image, identity.unit, unit);
  put(image, identity.replacement, card.replacement);
  put(image, identity.areaCode, card.areaCode);
  put(image, identity.cardNumber, card.cardNumber);
  put(image, identity.reserved, null);
  put(image, parameters.meterCeiling, card.meterCeiling);
  put(image, parameters.alarm, 0);
  put(image, parameters.overdraft, 0);
  put(image, parameters.reserved, null);
  put(image, purchase.countMark, card.count & 0xff);
  put(image, purchase.amount, 0);
  put(image, purchase.boughtOn, null);
  put(image, purchase.backupAmount, 0);
  put(image, purchase.count, card.count);
  put(image, returned.startCode, "never");
  put(image, returned.status, 0);
  put(image, returned.errorCode, 0);
  put(image, returned.reserved, null);
  put(image, returned.registerL, 0);
  put(image, returned.totalCredited, card.totalCredited);
  put(image, returned.remaining, 0);
  put(image, returned.acceptedCount, card.count);
  for (const area of Object.values(openBAreas)) seal(image, area);
  return image;
}

/**
 * The driver of the open reference layout by volume (litres) or by money (fen).
 *
 * Programmer's errors throw: an image of another layout or length handed to `purchaseImage`, an amount of the other
 * kind, an amount or count that does not fit. What a card holds never throws.
 */
export function openBDriver(unit: OpenBUnit): LayoutDriver {
  return {
    name: layoutName(unit),
    cardClass: "B",
    chip: sle4442.kind,
    unit,
    meterAcceptsZero: true,
    imageBytes: sle4442.mainMemoryBytes,
    areas: { purchase: openBAreas.purchase, commit: openBCommit, returned: openBAreas.returned },
    identify(image) {
      const found = openBIdentity(image);
      if (found?.unit !== unit) return null;
      const { unit: _, ...identity } = found;
      return identity;
    },
    read: (image) => read(unit, image),
    purchaseArea,
    returnArea,
    purchaseImage(before, purchase) {
      const value = quantity(unit, purchase.amount);
      // An amount of 0 is the refund image; a purchase that looked like one could be refunded and delivered.
      if (value === 0) throw new RangeError("a purchase of nothing");
      return withPurchase(unit, before, purchase, value);
    },
    refundImage: (before, purchase) => withPurchase(unit, before, purchase, 0),
    consumed(image, purchase) {
      if (openBIdentity(image)?.unit !== unit) return false;
      const meter = returnArea(image);
      if (meter === "bad" || meter === "never") return false;
      const credited = meter.totalCredited - purchase.totalBefore;
      return meter.count === purchase.countBefore + 1 && credited === quantity(unit, purchase.amount);
    },
    format: (card) => format(unit, card),
  };
}
