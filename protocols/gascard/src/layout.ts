import type { ByteRange } from "./area.ts";
import type { CpuApplication } from "./chips/cpu-card.ts";
import type { ChipKind } from "./script.ts";

/**
 * A layout is how one maker writes a gas card. Drivers are pure functions on images: no I/O, no clock, no keys
 * of their own (secrets are handed in for one call).
 *
 * Classes (purchase-protocol; facts/domain.md §2.6): A cumulative total, B counter (amount first, counter last),
 * C plain. What a class may do follows from the class, never from the driver's name.
 */
export type CardClass = "A" | "B" | "C";

/** What the meter is credited with. One of the two, by the card's kind. */
export type CardAmount = { kind: "volume"; volumeL: number } | { kind: "money"; amountFen: number };

export type CardRole = "user" | "opening" | "tool" | "blank";

/**
 * The price a meter that prices by itself reads from the card, in 1/10 000 yuan per m³. `next` replaces it from that day
 * ("YYYY-MM-DD") on.
 */
export interface CardPrice {
  nowE4: number;
  next: null | { priceE4: number; from: string };
}

/** What an image says, decoded. `gas` is what the meter has not taken yet. */
export interface CardFacts {
  layout: string;
  role: CardRole;
  cardNumber: string;
  areaCode: string;
  /** How many times this account's card was replaced; a lower one than the books' is an old card. */
  replacement: number;
  /** Purchase count written by us. */
  count: number;
  /** Amount of purchase number `count`; zero once the meter has taken it (or after a refund image). */
  gas: CardAmount;
  /** Date of the purchase now on the card, "YYYY-MM-DD", or null when none was ever written. */
  boughtOn: string | null;
  /** The area only the meter writes. null = the card has never been in a meter. */
  returned: null | {
    /** Last count the meter accepted. */
    count: number;
    /** Σ of what the meter was ever credited with, in the card's own commodity (litres, or fen). */
    totalCredited: number;
    /** Meter's register, litres. */
    registerL: number;
    /** Left in the meter: litres, or fen for meters that price by themselves. */
    remaining: number;
    valve: "open" | "closed";
    batteryLow: boolean;
  };
  /** The meter refuses a card when its remaining + gas is above this. 0 = no ceiling. Litres or fen. */
  meterCeiling: number;
  /** The meter warns when its remaining is at or below this. 0 = never. Litres or fen. */
  alarm: number;
  /** How far below zero the meter lets its remaining go. Litres or fen. */
  overdraft: number;
  /** null: none was ever written. */
  price: CardPrice | null;
  /** Which of the card's secrets the chip opens to (the low byte of its number); null: the layout has no place for it. */
  keyVersion: number | null;
}

/** Why an image is not a card we can sell to. Closed: each has one text. */
export type ImageProblem =
  | "blank" // never formatted
  | "foreign" // not one of our layouts
  | "badIdentity" // identity area's own checksum is wrong
  | "badChecksum" // application or return area's checksum is wrong (may be a torn write of ours)
  | "upsideDown"; // nothing readable: no ATR or all bits equal

export type ReadResult =
  | { ok: true; facts: CardFacts }
  | { ok: false; problem: ImageProblem; identity: CardIdentity | null };

/** Stands in an area that no purchase writes and is valid by itself. */
export interface CardIdentity {
  layout: string;
  cardNumber: string;
  areaCode: string;
  role: CardRole;
  replacement: number;
}

/** What an image is, seen against an issued script. See purchase-protocol "What each insertion does" step 1. */
export type ImageClass = "written" | "consumed" | "unwritten" | "torn" | "refundImage" | "refundUnread" | "other";

export interface PurchaseOnCard {
  /** Count of the card before this purchase (n); the purchase is n + 1. */
  countBefore: number;
  amount: CardAmount;
  /** The meter's total before this purchase, from the last return area seen (or what the books say). */
  totalBefore: number;
  /** "YYYY-MM-DD" Asia/Shanghai. */
  boughtOn: string;
  /** From the tariff in force at the write, for meters that price by themselves; left out: the card's price stays. */
  price?: CardPrice;
  /** Of the secret that the chip is given with this write; left out: the one it has stays. */
  keyVersion?: number;
}

/**
 * The purchase area taken alone, whatever the rest of the image says. null = its own checks fail. `total`: the
 * cumulative total that a class A meter compares with its own; null on other cards.
 */
export type PurchaseArea = null | (Pick<CardFacts, "count" | "boughtOn"> & { amount: number; total: number | null });

/** The return area taken alone. `bad` = its checksum is wrong; `never` = sound, and never in a meter. */
export type ReturnArea = "bad" | "never" | NonNullable<CardFacts["returned"]>;

/** What a meter has to say when it writes the return area. */
export type MeterWord = NonNullable<CardFacts["returned"]> & { errorCode?: number };

/** What a card is formatted with. `count` and `totalCredited`: what the account had before this card; 0 for a new one. */
export interface NewCard {
  cardNumber: string;
  areaCode: string;
  role: CardRole;
  /** 0 for the first. */
  replacement: number;
  count: number;
  totalCredited: number;
  meterCeiling: number;
  alarm?: number;
  overdraft?: number;
  price?: CardPrice;
  /** 0 when left out. */
  keyVersion?: number;
}

export interface LayoutAreas {
  /** All that a sale writes, in writing order; the purchase area is the last. */
  readonly written: readonly ByteRange[];
  /** What the sale is known by: count, amount, total. */
  readonly purchase: ByteRange;
  /** The last part of the purchase area: written after all else was read back. */
  readonly commit: ByteRange;
  /** The meter's own. Class C meters also take the amount out of the purchase area. */
  readonly returned: ByteRange;
}

/**
 * The card with purchase n+1 taken off it: count n+1 with amount 0, the total of class A as it was. `blankReturn`: and with
 * a return area as the issuer leaves it, so that whatever stands there later a meter wrote later (class B).
 */
export type RefundImage = (
  before: Uint8Array,
  purchase: PurchaseOnCard,
  options?: { blankReturn: boolean },
) => Uint8Array;

/**
 * What a layout can do by its class. A refund image proves a refund on class B, and on class A together with a new secret
 * (`classRules`); of class C no image proves anything, and a class B meter that refuses amount 0 could never be shown
 * this one: both have none.
 */
export type LayoutClass =
  | { readonly cardClass: "A"; readonly meterAcceptsZero: boolean; readonly refundImage: RefundImage }
  | { readonly cardClass: "B"; readonly meterAcceptsZero: true; readonly refundImage: RefundImage }
  | { readonly cardClass: "B"; readonly meterAcceptsZero: false; readonly refundImage: null }
  | { readonly cardClass: "C"; readonly meterAcceptsZero: boolean; readonly refundImage: null };

export type LayoutDriver = LayoutFacts & LayoutClass;
/** One whose cards can prove a refund. */
export type RefundableLayout = Extract<LayoutDriver, { readonly refundImage: RefundImage }>;

export interface LayoutFacts {
  readonly name: string;
  readonly chip: ChipKind;
  readonly unit: "volume" | "money";
  /** `keyed`: nobody without a key can make application and return areas that a meter or we believe. */
  readonly checksums: "plain" | "keyed";
  /**
   * When the chip is given another secret: with each write, or only where the proof of a refund asks for one. Chips
   * without a secret take no notice of it.
   */
  readonly secretChange: "eachWrite" | "onRefund";
  readonly imageBytes: number;
  readonly areas: LayoutAreas;
  /** For CPU cards: where the image's parts lie on the card. null on memory chips. */
  readonly application: CpuApplication | null;
  /** Does this image claim to be of this layout? Never needs a secret. */
  identify(image: Uint8Array): CardIdentity | null;
  read(image: Uint8Array): ReadResult;
  purchaseArea(image: Uint8Array): PurchaseArea;
  returnArea(image: Uint8Array): ReturnArea;
  /** The image after the purchase is written; nothing but the written areas differs from `before`. */
  purchaseImage(before: Uint8Array, purchase: PurchaseOnCard): Uint8Array;
  /** Is `image` one in which the meter has credited this purchase (count n+1 accepted *and* total raised)? */
  consumed(image: Uint8Array, purchase: PurchaseOnCard): boolean;
  /** A formatted card for an account. */
  format(card: NewCard): Uint8Array;
  /** `image` as a meter leaves it that has this to say. For fixtures, demos and the conformance kit: in the field only a
   * meter writes its area. */
  meterImage(image: Uint8Array, word: MeterWord): Uint8Array;
}
