import { bytesOf } from "../area.ts";
import { chips } from "../chips/chips.ts";
import { sameBytes } from "../hex.ts";
import type { CardRole, LayoutDriver, PurchaseOnCard } from "../layout.ts";
import { type Check, demand, inside, type OnTrial, same } from "./checks.ts";
import { intoMeter } from "./meter.ts";
import { account, amountOf, type Sale } from "./sales.ts";

/** What can be told of a driver without tearing anything. */
export const shapeChecks: readonly Check[] = [
  { name: "areas lie apart and in order", run: ({ layout, visit }) => areasInOrder(layout, visit) },
  { name: "a formatted card reads as it was formatted", run: formatted },
  { name: "a purchase reads as it was written", run: roundTrip },
  { name: "the number of a new secret stands on the card", run: secretNumbered },
  { name: "a sale writes its own areas and nothing else", run: writesItsOwn },
  { name: "the identity stays what it was", run: identityStays },
  { name: "what is no sale is refused", run: noSale },
];

function areasInOrder(layout: LayoutDriver, visit: () => void): void {
  const { imageBytes, chip, areas, application } = layout;
  const { written, purchase, commit, returned } = areas;
  visit();
  const { memoryBytes, readable } = chips[chip];
  demand(imageBytes === (memoryBytes ?? imageBytes), () => `an image of a ${chip} has ${memoryBytes} bytes`);
  demand((chip === "cpu") === (application !== null), () => "a CPU card, and no other, has an application");
  const end = purchase.offset + purchase.length;
  demand(
    same(written.at(-1), purchase) || sameRange(written.at(-1), purchase),
    () => "the purchase area is written last",
  );
  demand(commit.length > 0 && commit.offset > purchase.offset, () => "something stands before the commit field");
  demand(commit.offset + commit.length === end, () => "the commit field ends the purchase area");
  const ranges = [...written, returned];
  for (const [index, range] of ranges.entries()) {
    demand(range.offset >= 0 && range.offset + range.length <= imageBytes, () => "an area outside the image");
    const covers = application?.files ?? readable;
    const covered = covers.some((part) => inside(range.offset, part) && inside(range.offset + range.length - 1, part));
    demand(covered, () => "an area that a probe does not read");
    for (const other of ranges.slice(index + 1)) {
      const apart = range.offset + range.length <= other.offset || other.offset + other.length <= range.offset;
      demand(apart, () => "areas of two writers overlap");
    }
  }
}

const sameRange = (a: { offset: number; length: number } | undefined, b: { offset: number; length: number }): boolean =>
  a?.offset === b.offset && a.length === b.length;

function formatted({ layout, visit }: OnTrial): void {
  const roles: readonly CardRole[] = ["user", "opening", "tool"];
  for (const role of roles) {
    for (const replacement of [0, 1, 3]) {
      visit();
      const card = { ...account, role, replacement, count: 3, totalCredited: 70_000 };
      const image = layout.format(card);
      demand(image.length === layout.imageBytes, () => `an image of ${image.length} bytes`);
      const identity = { layout: layout.name, cardNumber: card.cardNumber, areaCode: card.areaCode, role, replacement };
      const found = layout.identify(image);
      demand(found !== null, () => `a formatted ${role} card is not known`);
      for (const [name, value] of Object.entries(identity)) {
        demand(
          Object.entries(found).some(([key, has]) => key === name && has === value),
          () => `${role} card: another ${name}`,
        );
      }
      const result = layout.read(image);
      demand(result.ok, () => `a formatted ${role} card reads as ${result.ok ? "" : result.problem}`);
      const { facts } = result;
      demand(facts.returned === null, () => "a formatted card has been in a meter");
      demand(facts.count === card.count, () => "another count than the card was formatted with");
      demand(same(facts.gas, amountOf(layout, 0)), () => "a formatted card holds gas");
      demand(layout.returnArea(image) === "never", () => "the return area of a formatted card is not `never`");
    }
  }
}

function roundTrip({ layout, sales, visit }: OnTrial): void {
  for (const sale of sales) {
    visit();
    const { what, purchase, after, value } = sale;
    const read = layout.read(after);
    demand(read.ok, () => `${what}: reads as ${read.ok ? "" : read.problem}`);
    const { facts } = read;
    demand(facts.count === purchase.countBefore + 1, () => `${what}: another count`);
    demand(facts.boughtOn === purchase.boughtOn, () => `${what}: another day`);
    demand(same(facts.gas, amountOf(layout, value)), () => `${what}: another amount`);
    const area = layout.purchaseArea(after);
    demand(area !== null && area.amount === value, () => `${what}: the purchase area says something else`);
    if (layout.cardClass === "A") {
      demand(
        area.total === purchase.totalBefore + value,
        () => `${what}: the total is not the one before and the amount`,
      );
    } else demand(area.total === null, () => "only class A carries a total");
    loaded(layout, sale);
  }
}

/** Once in the meter: nothing left on the card, and the meter's word is read as it was said. */
function loaded(layout: LayoutDriver, { what, after, meter, value }: Sale): void {
  const visited = intoMeter(layout, meter, after);
  demand(visited.credited === value, () => `${what}: the meter credits ${visited.credited}`);
  const read = layout.read(visited.image);
  demand(read.ok, () => `${what}: a loaded card reads as ${read.ok ? "" : read.problem}`);
  demand(same(read.facts.gas, amountOf(layout, 0)), () => `${what}: gas on a loaded card`);
  demand(read.facts.returned?.totalCredited === visited.meter.total, () => `${what}: the meter's total is another`);
  demand(read.facts.returned.count === visited.meter.count, () => `${what}: the meter's count is another`);
}

/** Whoever reads the card can tell which secret opens it, if the layout has a place for that at all. */
function secretNumbered({ layout, sales, visit }: OnTrial): void {
  const number = (image: Uint8Array): number | null => {
    const read = layout.read(image);
    return read.ok ? read.facts.keyVersion : null;
  };
  for (const { what, before, purchase } of sales) {
    visit();
    const had = number(before);
    demand(
      had !== null || layout.secretChange === "onRefund",
      () => "a secret that changes with each write has a number",
    );
    if (had === null) continue;
    const given = (had + 7) & 0xff;
    const image = layout.purchaseImage(before, { ...purchase, keyVersion: given });
    demand(number(image) === given, () => `${what}: a new secret's number is not on the card`);
    demand(
      number(layout.purchaseImage(before, purchase)) === had,
      () => `${what}: another number without a new secret`,
    );
  }
}

function writesItsOwn({ layout, sales, visit }: OnTrial): void {
  for (const { what, before, after, purchase } of sales) {
    const untouched = before.slice();
    for (const image of [after, layout.purchaseImage(before, purchase), ...refunds(layout, before, purchase)]) {
      visit();
      demand(sameBytes(before, untouched), () => `${what}: the image handed in was changed`);
      const stray = image.findIndex(
        (byte, at) => byte !== before[at] && !layout.areas.written.some((area) => inside(at, area)),
      );
      demand(stray === -1, () => `${what}: byte ${stray} is in no area that a sale writes`);
      const { commit } = layout.areas;
      demand(
        !sameBytes(bytesOf(image, commit), bytesOf(before, commit)),
        () => `${what}: the commit field stays the same`,
      );
    }
    demand(sameBytes(after, layout.purchaseImage(before, purchase)), () => `${what}: twice the same gives two images`);
  }
}

const refunds = (layout: LayoutDriver, before: Uint8Array, purchase: PurchaseOnCard): Uint8Array[] =>
  layout.refundImage === null ? [] : [layout.refundImage(before, purchase)];

function identityStays({ layout, sales, visit }: OnTrial): void {
  for (const { what, before, after, purchase, meter } of sales) {
    const own = layout.identify(before);
    for (const image of [after, ...refunds(layout, before, purchase), intoMeter(layout, meter, after).image]) {
      visit();
      demand(same(layout.identify(image), own), () => `${what}: another card after the write`);
    }
    // An identity that leans on bytes of the purchase area would not be known on a torn card.
    for (const area of layout.areas.written) {
      for (let at = area.offset; at < area.offset + area.length; at++) {
        visit();
        const torn = after.slice();
        torn[at] = (torn[at] ?? 0) ^ 0xff;
        demand(
          same(layout.identify(torn), own),
          () => `${what}: the identity hangs on byte ${at}, which a sale writes`,
        );
      }
    }
  }
}

function noSale({ layout, sales, visit }: OnTrial): void {
  const [sale] = sales;
  if (sale === undefined) return;
  const { before, purchase, value } = sale;
  const other =
    layout.unit === "volume"
      ? ({ kind: "money", amountFen: value } as const)
      : ({ kind: "volume", volumeL: value } as const);
  const tool = layout.format({ ...account, role: "tool" });
  const refused: [string, () => unknown][] = [
    ["a purchase of nothing", () => layout.purchaseImage(before, { ...purchase, amount: amountOf(layout, 0) })],
    ["an amount of the other kind", () => layout.purchaseImage(before, { ...purchase, amount: other })],
    ["a purchase on a tool card", () => layout.purchaseImage(tool, purchase)],
  ];
  for (const [what, write] of refused) {
    visit();
    demand(throws(write), () => `${what} is written`);
  }
}

function throws(act: () => unknown): boolean {
  try {
    act();
    return false;
  } catch {
    return true;
  }
}
