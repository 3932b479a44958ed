import { bytesOf } from "../area.ts";
import { classRules } from "../class-rules.ts";
import { classify } from "../classify.ts";
import { sameBytes } from "../hex.ts";
import type { ImageClass, LayoutDriver } from "../layout.ts";
import { plannedWrites, resumeImages } from "../plan.ts";
import { type Check, demand, type OnTrial, same } from "./checks.ts";
import { intoMeter, type MeterState } from "./meter.ts";
import type { Sale } from "./sales.ts";
import { cutImages, type Masks } from "./tears.ts";

/** What a driver must hold to wherever the card is pulled. */
export const tornChecks: readonly Check[] = [
  { name: "the commit field decides", run: commitDecides },
  { name: "pulled at every point of a sale, and of the write that resumes it", run: tornSale },
  { name: "pulled at every point of a refund", run: tornRefund },
  { name: "pulled at every point of the meter's own write", run: tornMeter },
];

/** The old areas with the new commit field, and the new ones with the old: neither is a purchase. */
function commitDecides({ layout, sales, visit }: OnTrial): void {
  const { commit, purchase } = layout.areas;
  for (const { what, before, after } of sales) {
    const known = [layout.purchaseArea(before), layout.purchaseArea(after)];
    for (const [most, last] of [
      [before, after],
      [after, before],
    ] as const) {
      visit();
      const image = before.slice();
      image.set(bytesOf(most, purchase), purchase.offset);
      image.set(bytesOf(last, commit), commit.offset);
      const found = layout.purchaseArea(image);
      demand(found === null || known.some((area) => same(area, found)), () => `${what}: half a purchase is believed`);
    }
  }
}

/** A script that was out, the meter's state when it was made, and what the card can be left with. */
interface Attempt {
  readonly sale: Sale;
  readonly before: Uint8Array;
  readonly after: Uint8Array;
}

const cutsOf = (layout: LayoutDriver, { before, after }: Attempt, masks: Masks): Uint8Array[] =>
  cutImages(layout.chip, before, after, plannedWrites(layout, before, after), masks);

function tornSale(on: OnTrial): void {
  const { layout, sales, masks } = on;
  const resumes = classRules[layout.cardClass].finish === "anyReader";
  for (const sale of sales) {
    const attempt = { sale, before: sale.before, after: sale.after };
    for (const torn of cutsOf(layout, attempt, masks.first)) {
      // The card goes on as it is, or its owner tries it in the meter first.
      const tried = seen(on, attempt, torn);
      if (!resumes) continue;
      if (!sameBytes(torn, sale.after)) resumed(on, sale, torn);
      if (tried !== null && !sameBytes(tried, torn)) resumed(on, sale, tried);
    }
    repeated(on, sale);
  }
}

/** Finished from here, pulled at every point again; whatever happens, the meter credits the purchase once. */
function resumed(on: OnTrial, sale: Sale, now: Uint8Array): void {
  const { layout, masks, visit } = on;
  const images = resumeImages(layout, now, sale.after);
  if (sameBytes(images.before, images.after)) return;
  const attempt = { sale, ...images };
  for (const torn of cutsOf(layout, attempt, masks.second)) seen(on, attempt, torn);
  visit();
  const finished = intoMeter(layout, sale.meter, images.after);
  demand(finished.credited === sale.value, () => `${sale.what}: finished, and the meter credits ${finished.credited}`);
}

/** The same card once more, and a copy made before the meter saw it. */
function repeated({ layout, visit }: OnTrial, { what, after, meter, value }: Sale): void {
  visit();
  const first = intoMeter(layout, meter, after);
  const again = intoMeter(layout, first.meter, first.image);
  demand(again.credited === 0, () => `${what}: the card is credited again`);
  const copy = intoMeter(layout, first.meter, after);
  const wanted = classRules[layout.cardClass].repeated === "creditedAgain" ? value : 0;
  demand(
    copy.credited === wanted,
    () => `${what}: a copy is credited ${copy.credited}; class ${layout.cardClass} means ${wanted}`,
  );
}

/**
 * One torn card: read, and tried in the meter. Answers the card as the meter leaves it, or null when the meter took the
 * purchase: then nothing is left to write.
 */
function seen(on: OnTrial, attempt: Attempt, torn: Uint8Array): Uint8Array | null {
  const { layout, visit } = on;
  const { sale } = attempt;
  visit();
  neverHalf(layout, sale, torn);
  const expected = expectedClass(layout, attempt, torn);
  const found = classOf(layout, attempt, torn);
  demand(found === expected, () => `${sale.what}: ${expected} is taken for ${found}`);
  visit();
  const tried = intoMeter(layout, sale.meter, torn);
  const whole = expected === "written";
  demand(
    tried.credited === (whole ? sale.value : 0),
    () => `${sale.what}: ${expected}, and the meter credits ${tried.credited}`,
  );
  const then = classOf(layout, attempt, tried.image);
  const wanted = whole ? "consumed" : expected;
  demand(then === wanted, () => `${sale.what}: ${expected} and then in the meter is taken for ${then}`);
  return whole ? null : tried.image;
}

const classOf = (layout: LayoutDriver, { before, after, sale }: Attempt, image: Uint8Array): ImageClass =>
  classify(layout, image, before, after, null, sale.purchase);

function expectedClass(layout: LayoutDriver, { before, after }: Attempt, image: Uint8Array): ImageClass {
  if (sameBytes(image, after)) return "written";
  return sameBytes(image, before) && layout.purchaseArea(before) !== null && layout.read(before).ok
    ? "unwritten"
    : "torn";
}

/** A reader and a meter see the purchase before, the purchase after, or nothing they could believe. */
function neverHalf(layout: LayoutDriver, { what, before, after }: Sale, torn: Uint8Array): void {
  demand(same(layout.identify(torn), layout.identify(before)), () => `${what}: a torn card is another card`);
  const area = layout.purchaseArea(torn);
  const known = [before, after].map((image) => layout.purchaseArea(image));
  demand(area === null || known.some((each) => same(each, area)), () => `${what}: half a purchase is believed`);
  const read = layout.read(torn);
  demand(
    read.ok || read.problem === "badChecksum",
    () => `${what}: a torn card reads as ${read.ok ? "" : read.problem}`,
  );
}

function tornRefund(on: OnTrial): void {
  const { layout, sales, masks, visit } = on;
  const proves = classRules[layout.cardClass].refundImage !== "none";
  const { refundImage } = layout;
  if (refundImage === null) return;
  for (const sale of sales) {
    const { what, before, after, purchase, meter } = sale;
    const refund = refundImage(before, purchase);
    const total = layout.purchaseArea(refund)?.total ?? null;
    demand(layout.cardClass !== "A" || total === purchase.totalBefore, () => `${what}: a refund changes the total`);
    for (const torn of cutImages(layout.chip, before, refund, plannedWrites(layout, before, refund), masks.first)) {
      visit();
      const tried = intoMeter(layout, meter, torn);
      demand(tried.credited === 0, () => `${what}: a refund credits ${tried.credited}`);
      for (const image of [torn, tried.image]) {
        const found = classify(layout, image, before, after, refund, purchase);
        const proven = sameBytes(torn, refund) && proves;
        demand(
          (found === "refundImage") === proven,
          () => `${what}: a refund that is ${proven ? "" : "not "}on the card is ${found}`,
        );
      }
      if (!sameBytes(torn, refund) && classRules[layout.cardClass].finish === "anyReader") {
        const finished = intoMeter(layout, meter, resumeImages(layout, torn, after).after);
        demand(finished.credited === sale.value, () => `${what}: a refund given up can't be sold again`);
      }
    }
    refundStays(layout, meter, refund, sale);
  }
}

/** After the refund image no card of this purchase is credited any more, where the class says so. */
function refundStays(layout: LayoutDriver, meter: MeterState, refund: Uint8Array, { what, after, value }: Sale): void {
  const tookZero = intoMeter(layout, meter, refund);
  if (layout.meterAcceptsZero) {
    const count = layout.purchaseArea(refund)?.count;
    demand(tookZero.meter.count === count, () => `${what}: the meter does not take the number of a refund`);
  }
  const late = intoMeter(layout, tookZero.meter, after);
  // Only class B's meter refuses what was refunded; on class A the new secret keeps it from being written.
  if (layout.cardClass === "B")
    demand(late.credited === 0, () => `${what}: refunded, and credited ${late.credited} of ${value}`);
}

function tornMeter({ layout, sales, masks, visit }: OnTrial): void {
  for (const sale of sales) {
    const { what, before, after, purchase, meter } = sale;
    const visited = intoMeter(layout, meter, after);
    const writes = layout.cardClass === "C" ? [layout.areas.purchase, layout.areas.returned] : [layout.areas.returned];
    for (const torn of cutImages(layout.chip, after, visited.image, writes, masks.first)) {
      visit();
      const found = classify(layout, torn, before, after, null, purchase);
      if (sameBytes(torn, visited.image))
        demand(found === "consumed", () => `${what}: in the meter, taken for ${found}`);
      else
        demand(mayBe(layout, torn, after).includes(found), () => `${what}: half out of the meter, taken for ${found}`);
      // The meter has counted before it wrote the first byte of its area: the card in again credits nothing more.
      if (layout.cardClass === "C") continue;
      const again = intoMeter(layout, visited.meter, torn);
      demand(again.credited === 0, () => `${what}: credited again after a torn return area`);
    }
  }
}

/** With the whole purchase still on the card it is delivered either way; else a person looks. Never unwritten, never torn. */
function mayBe(layout: LayoutDriver, torn: Uint8Array, after: Uint8Array): readonly ImageClass[] {
  const { purchase } = layout.areas;
  if (sameBytes(bytesOf(torn, purchase), bytesOf(after, purchase))) return ["written", "consumed"];
  return layout.cardClass === "C" ? ["other", "torn", "consumed"] : ["other", "consumed"];
}
