import { bytesOf } from "./area.ts";
import { classRules } from "./class-rules.ts";
import { sameBytes } from "./hex.ts";
import type { ImageClass, LayoutDriver, PurchaseOnCard } from "./layout.ts";

/**
 * What is this image, seen against a script that was issued? (purchase-protocol, "What each insertion does", step 1.)
 *
 * | answer | when | what it allows |
 * | --- | --- | --- |
 * | consumed | the meter took count n+1 and its total rose by this amount; asked first, whatever else the card says | delivered |
 * | written | the written areas are those of `after` | delivered |
 * | unwritten | the written areas are those of `before`, and are sound | write, or refund |
 * | refundImage | they are those of `refundAfter`, and the meter's total has not moved | refund |
 * | refundUnread | they are, beside a return area with a wrong checksum | the meter says it anew at its next insertion |
 * | torn | every byte is old, new, or a byte caught while it was erased or programmed | write |
 * | other | anything else | a person decides |
 *
 * The areas are judged one by one, because they have different writers. Between issue and this reading the card may
 * have been in its meter, which rewrites the return area even when it credits nothing (index, battery, an error
 * code). That tells nothing about the purchase as long as accepted count and total stand where they stood. If they
 * moved in any other way than by this purchase, the books and the card disagree and only a person can say why.
 *
 * A return area with a wrong checksum (the meter's own write was torn) says nothing. With the whole purchase on the
 * card that does not matter: it is delivered whether or not the meter already took it. With less of it on the card, it
 * may be written where writing it once more can't be credited twice (classes A and B): `torn`, never `unwritten`, since
 * nobody said what the meter did. Beside the whole refund image it is `refundUnread`: put into the meter once more, the card
 * comes out with a return area that can be read. In all other cases it is `other`.
 *
 * A refund image may blank the return area, which is then what its script writes first: half blank is torn, and so is a
 * blank one beside the old purchase.
 *
 * `before` may itself be a torn image (a resumed write): if nothing was written since, the card is still `torn`, not
 * `unwritten`, since `unwritten` is what a refund stands on.
 */
export function classify(
  layout: LayoutDriver,
  now: Uint8Array,
  before: Uint8Array,
  after: Uint8Array,
  refundAfter: Uint8Array | null,
  purchase: PurchaseOnCard,
): ImageClass {
  for (const known of [before, after, ...(refundAfter ? [refundAfter] : [])]) {
    if (known.length !== layout.imageBytes) throw new Error(`a stored image has ${layout.imageBytes} bytes`);
  }
  if (now.length !== layout.imageBytes) return "other";
  if (isSameAccountsCard(layout, now, before) && layout.consumed(now, purchase)) return "consumed";
  if (!sameElsewhere(layout, now, before)) return "other";

  const [found, old, wanted] = [written(layout, now), written(layout, before), written(layout, after)];
  // Where no image proves a refund, none is one, whatever the caller hands in.
  const proves = classRules[layout.cardClass].refundImage !== "none";
  const refund = refundAfter && proves ? written(layout, refundAfter) : null;
  const meter =
    refundAfter && isBlanking(layout, now, before, refundAfter)
      ? "blanking"
      : meterSince(layout, now, before, purchase);

  if (sameBytes(found, wanted)) return meter === "moved" || meter === "tookZero" ? "other" : "written";
  if (refund && sameBytes(found, refund)) {
    if (meter === "unreadable") return "refundUnread";
    return meter === "moved" ? "other" : "refundImage";
  }
  const idempotent = classRules[layout.cardClass].finish === "anyReader";
  if (meter === "moved" || meter === "tookZero" || (meter === "unreadable" && !idempotent)) return "other";
  const sound = layout.purchaseArea(now);
  // A price area half written is torn as well, though the purchase area has not been touched yet.
  if (sameBytes(found, old)) return meter === "still" && layout.read(now).ok ? "unwritten" : "torn";
  // Sound, but none of the images we know, and not the old count: somebody else wrote this card.
  if (sound && sound.count !== purchase.countBefore) return "other";
  return mayBeTorn(found, old, refund ? [wanted, refund] : [wanted]) ? "torn" : "other";
}

/** All that a sale writes, one area behind the other. */
function written({ areas }: LayoutDriver, image: Uint8Array): Uint8Array {
  const all = new Uint8Array(areas.written.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const area of areas.written) {
    all.set(bytesOf(image, area), at);
    at += area.length;
  }
  return all;
}

/** A card of the same account, or a replacement of it: its meter is the same meter. */
function isSameAccountsCard(layout: LayoutDriver, now: Uint8Array, before: Uint8Array): boolean {
  const [here, there] = [layout.identify(now), layout.identify(before)];
  if (here === null || there === null) return false;
  return here.cardNumber === there.cardNumber && here.areaCode === there.areaCode;
}

/** Everything that neither a purchase nor the meter writes is as it was. */
function sameElsewhere(layout: LayoutDriver, now: Uint8Array, before: Uint8Array): boolean {
  const mayDiffer = [...layout.areas.written, layout.areas.returned];
  return now.every(
    (byte, at) => byte === before[at] || mayDiffer.some(({ offset, length }) => at >= offset && at < offset + length),
  );
}

/** A refund that blanks the return area begins with it: is it blank, or on the way there? */
function isBlanking(layout: LayoutDriver, now: Uint8Array, before: Uint8Array, refundAfter: Uint8Array): boolean {
  const [here, old, blank] = [now, before, refundAfter].map((image) => bytesOf(image, layout.areas.returned));
  if (!here || !old || !blank || sameBytes(old, blank) || sameBytes(here, old)) return false;
  return sameBytes(here, blank) || (layout.returnArea(now) === "bad" && mayBeTorn(here, old, [blank]));
}

/** What the meter did since `before`, as far as the return area tells. `tookZero`: count n+1 taken, nothing credited. */
function meterSince(
  layout: LayoutDriver,
  now: Uint8Array,
  before: Uint8Array,
  purchase: PurchaseOnCard,
): "still" | "tookZero" | "unreadable" | "moved" {
  if (sameBytes(bytesOf(now, layout.areas.returned), bytesOf(before, layout.areas.returned))) return "still";
  const here = layout.returnArea(now);
  if (here === "bad") return "unreadable";
  if (here === "never") return "moved";
  const there = layout.returnArea(before);
  const known = there === "bad" || there === "never" ? null : there;
  // A card's first time in a meter: the books' count and total stand in for those of the return area.
  const count = known?.count ?? purchase.countBefore;
  const total = known?.totalCredited ?? purchase.totalBefore;
  if (here.totalCredited !== total) return "moved";
  if (here.count === count) return "still";
  return here.count === purchase.countBefore + 1 ? "tookZero" : "moved";
}

/**
 * Could power have gone while `old` was being turned into one of `targets`? A byte goes up to FF and comes down to its
 * new value, and each bit on its own: while erasing it holds all one-bits of the old byte, while programming all
 * one-bits of the new one. A byte that no target changes must be as it was.
 */
function mayBeTorn(found: Uint8Array, old: Uint8Array, targets: readonly Uint8Array[]): boolean {
  return found.every((byte, at) => {
    const was = old[at] ?? 0;
    if (byte === was) return true;
    const changed = targets.map((target) => target[at] ?? 0).filter((value) => value !== was);
    if (changed.length === 0) return false;
    return [was, ...changed].some((value) => (byte & value) === value);
  });
}
