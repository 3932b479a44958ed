import { get, isSealed, put, seal } from "../area.ts";
import { unclaimedImage } from "../images.ts";
import type {
  CardAmount,
  CardIdentity,
  LayoutClass,
  LayoutDriver,
  MeterWord,
  NewCard,
  PurchaseArea,
  PurchaseOnCard,
  ReadResult,
  RefundImage,
  ReturnArea,
} from "../layout.ts";
import { keyVersionOf, priceOf, purchaseAreaOf, putPrice, putPurchase } from "./open-purchase.ts";
import { putFreshReturn, putReturn, returnAreaOf } from "./open-return.ts";
import { type OpenTable, openVersion } from "./tables.ts";

type Unit = LayoutDriver["unit"];

const layoutName = ({ family }: OpenTable, unit: Unit): string => `${family}-${unit}`;

/** Does the image carry the table's magic and version, sound or not? */
function claims(image: Uint8Array, { imageBytes, identity }: OpenTable): boolean {
  if (image.length !== imageBytes) return false;
  return get(image, identity.fields.magic) === true && get(image, identity.fields.version) === openVersion;
}

/** The identity, whichever its unit; null when its checksum or a field is wrong. */
function identityOf(image: Uint8Array, table: OpenTable): { identity: CardIdentity; unit: Unit } | null {
  if (!claims(image, table) || !isSealed(image, table.identity)) return null;
  const { fields } = table.identity;
  const role = get(image, fields.role);
  const unit = get(image, fields.unit);
  const replacement = get(image, fields.replacement);
  const areaCode = get(image, fields.areaCode);
  const cardNumber = get(image, fields.cardNumber);
  if (!role || !unit || replacement === undefined || !areaCode || !cardNumber) return null;
  return { identity: { layout: layoutName(table, unit), cardNumber, areaCode, role, replacement }, unit };
}

const amountOf = (unit: Unit, value: number): CardAmount =>
  unit === "volume" ? { kind: "volume", volumeL: value } : { kind: "money", amountFen: value };

/** The number behind an amount. Throws when the amount is of the other kind: that is the caller's mistake. */
function quantity(unit: Unit, amount: CardAmount): number {
  if (amount.kind !== unit) throw new Error(`an amount by ${amount.kind} on a card by ${unit}`);
  return amount.kind === "volume" ? amount.volumeL : amount.amountFen;
}

/** What the meter has not taken yet, by the rule of the class. */
function gasOf(
  { cardClass }: OpenTable,
  bought: NonNullable<PurchaseArea>,
  meter: "never" | Exclude<ReturnArea, string>,
): number {
  if (cardClass === "C" || meter === "never") return bought.amount;
  if (bought.total !== null) return Math.max(0, bought.total - meter.totalCredited);
  return meter.count >= bought.count ? 0 : bought.amount;
}

function read(table: OpenTable, unit: Unit, image: Uint8Array): ReadResult {
  if (image.length !== table.imageBytes) return { ok: false, problem: "foreign", identity: null };
  const found = identityOf(image, table);
  if (found === null) {
    const problem = claims(image, table) ? "badIdentity" : unclaimedImage(image, table.chip);
    return { ok: false, problem, identity: null };
  }
  if (found.unit !== unit) return { ok: false, problem: "foreign", identity: null };
  const { identity } = found;
  const { fields } = table.parameters;
  const [meterCeiling, alarm, overdraft] = [fields.meterCeiling, fields.alarm, fields.overdraft].map((field) =>
    get(image, field),
  );
  const bought = purchaseAreaOf(image, table);
  const meter = returnAreaOf(image, table);
  const price = priceOf(image, table);
  const parametersBad =
    meterCeiling === undefined || alarm === undefined || overdraft === undefined || !isSealed(image, table.parameters);
  if (parametersBad || bought === null || meter === "bad" || price === "bad") {
    return { ok: false, problem: "badChecksum", identity };
  }
  // Spread last: Node 20 takes microseconds for each name that an object gets after a spread, and this is read often.
  const facts = {
    count: bought.count,
    gas: amountOf(unit, gasOf(table, bought, meter)),
    boughtOn: bought.boughtOn,
    returned: meter === "never" ? null : meter,
    meterCeiling,
    alarm,
    overdraft,
    price,
    keyVersion: keyVersionOf(image, table),
    ...identity,
  };
  return { ok: true, facts };
}

/** `before` with purchase number n + 1 of this quantity. Identity must be sound; the purchase area may be torn. */
function withPurchase(
  table: OpenTable,
  unit: Unit,
  before: Uint8Array,
  purchase: PurchaseOnCard,
  value: number,
): Uint8Array {
  const found = identityOf(before, table);
  if (found?.unit !== unit) throw new Error(`not an image of ${layoutName(table, unit)}`);
  if (found.identity.role === "tool") throw new Error("no purchase goes on a tool card");
  const image = before.slice();
  if (purchase.price !== undefined || purchase.keyVersion !== undefined) {
    const known = priceOf(before, table);
    const price = purchase.price ?? (known === "bad" ? null : known);
    putPrice(image, table, price, purchase.keyVersion ?? keyVersionOf(before, table));
  }
  putPurchase(image, table, {
    count: purchase.countBefore + 1,
    amount: value,
    // From the meter's word or the books, never from the card's own total: that may be torn, or ours already.
    total: purchase.totalBefore + value,
    boughtOn: purchase.boughtOn,
  });
  return image;
}

function format(table: OpenTable, unit: Unit, card: NewCard): Uint8Array {
  if (card.role === "blank") throw new Error("a formatted card has a role; a blank one is not formatted");
  const image = new Uint8Array(table.imageBytes).fill(0xff);
  image.set(table.head, 0);
  const { fields: identity } = table.identity;
  put(image, identity.magic, true);
  put(image, identity.version, openVersion);
  put(image, identity.role, card.role);
  put(image, identity.unit, unit);
  put(image, identity.replacement, card.replacement);
  put(image, identity.areaCode, card.areaCode);
  put(image, identity.cardNumber, card.cardNumber);
  put(image, identity.reserved, null);
  const { fields: parameters } = table.parameters;
  put(image, parameters.meterCeiling, card.meterCeiling);
  put(image, parameters.alarm, card.alarm ?? 0);
  put(image, parameters.overdraft, card.overdraft ?? 0);
  put(image, parameters.reserved, null);
  for (const area of [table.identity, table.parameters]) seal(image, area);
  putPrice(image, table, card.price ?? null, card.keyVersion ?? 0);
  putPurchase(image, table, { count: card.count, amount: 0, total: card.totalCredited, boughtOn: null });
  putFreshReturn(image, table, card.count, card.totalCredited);
  return image;
}

/** Class C: the amount comes off the card with the meter's own area. */
function meterImage(table: OpenTable, image: Uint8Array, word: MeterWord): Uint8Array {
  const written = image.slice();
  const bought = purchaseAreaOf(image, table);
  if (table.cardClass === "C" && bought !== null) putPurchase(written, table, { ...bought, amount: 0, total: 0 });
  putReturn(written, table, word);
  return written;
}

function consumed(table: OpenTable, unit: Unit, image: Uint8Array, purchase: PurchaseOnCard): boolean {
  if (identityOf(image, table)?.unit !== unit) return false;
  const meter = returnAreaOf(image, table);
  if (meter === "bad" || meter === "never") return false;
  const credited = meter.totalCredited - purchase.totalBefore;
  return meter.count === purchase.countBefore + 1 && credited === quantity(unit, purchase.amount);
}

function byClass(table: OpenTable, unit: Unit): LayoutClass {
  const refundImage: RefundImage = (before, purchase, options) => {
    const image = withPurchase(table, unit, before, purchase, 0);
    if (options?.blankReturn === true) putFreshReturn(image, table, purchase.countBefore, purchase.totalBefore);
    return image;
  };
  switch (table.cardClass) {
    case "A":
    case "B":
      return { cardClass: table.cardClass, meterAcceptsZero: true, refundImage };
    case "C":
      return { cardClass: "C", meterAcceptsZero: false, refundImage: null };
  }
}

/**
 * The driver of an open reference layout by volume (litres) or by money (fen).
 *
 * Programmer's errors throw: an image of another layout or length handed to `purchaseImage`, an amount of the other
 * kind, an amount, total or count that does not fit. What a card holds never throws.
 */
export function openDriver(table: OpenTable, unit: Unit): LayoutDriver {
  return {
    ...byClass(table, unit),
    name: layoutName(table, unit),
    chip: table.chip,
    unit,
    checksums: "plain",
    secretChange: table.cardClass === "A" ? "eachWrite" : "onRefund",
    imageBytes: table.imageBytes,
    areas: {
      written: [table.price, table.purchase],
      purchase: table.purchase,
      commit: table.commit,
      returned: table.returned,
    },
    application: table.application,
    identify(image) {
      // Asked of every layout in turn: what is quickly told first.
      if (get(image, table.identity.fields.unit) !== unit) return null;
      const found = identityOf(image, table);
      return found?.unit === unit ? found.identity : null;
    },
    read: (image) => read(table, unit, image),
    purchaseArea: (image) => purchaseAreaOf(image, table),
    returnArea: (image) => returnAreaOf(image, table),
    purchaseImage(before, purchase) {
      const value = quantity(unit, purchase.amount);
      // An amount of 0 is the refund image; a purchase that looked like one could be refunded and delivered.
      if (value === 0) throw new RangeError("a purchase of nothing");
      return withPurchase(table, unit, before, purchase, value);
    },
    consumed: (image, purchase) => consumed(table, unit, image, purchase),
    format: (card) => format(table, unit, card),
    meterImage: (image, word) => meterImage(table, image, word),
  };
}
