/** Every state of a small world: nothing over-credited, never two open purchases, and always a way to the end. */
import { purchaseTable } from "@citygas/core";
import { type LayoutFacts, openBMoney } from "@citygas/gascard";
import { expect, inject, it } from "vitest";
import { patch } from "../sabotage/sabotage.ts";
import { linkSizes, searchLink } from "./link.ts";
import { search } from "./search.ts";
import { sizes } from "./sizes.ts";

const whole = { complete: true, violation: null, deadEnds: 0 };
const sizeOf = (name: string) => {
  const found = sizes.find((size) => size.name === name);
  if (found === undefined) throw new Error(`no world ${name}`);
  return found;
};

it.each(["A, one purchase", "B, one purchase", "C, one purchase"])(
  "%s: all states are safe and lead to an end",
  (name) => {
    const found = search({ ...sizeOf(name), cuts: "one" }, 200_000);
    expect(found).toMatchObject(whole);
    expect(found.states).toBeGreaterThan(500);
  },
);

it.each(linkSizes)("$name: all states are safe and lead to an end", (size) => {
  expect(searchLink(size, 100_000)).toMatchObject({ ...whole, manual: 0 });
});

const [, threeRecharges = { name: "", recharges: [] }] = linkSizes;

it("finds the second credit where a recharge that was not answered is paid back", () => {
  const { gaveUp } = purchaseTable.paid;
  const undo = patch(purchaseTable.issued, {
    due: (p, _e, now, s) => gaveUp?.(p, { type: "gaveUp", reason: "timeout" }, now, s) ?? null,
  });
  try {
    expect(searchLink(threeRecharges, 100_000).violation?.text).toMatch(/^I2/);
  } finally {
    undo();
  }
});

it("finds the delivery without gas where a recharge counts as taken when its time is over", () => {
  const { cardSettled } = purchaseTable.issued;
  const undo = patch(purchaseTable.issued, {
    due: (p, _e, now, s) => {
      const script = { id: "k" } as NonNullable<typeof p.script>;
      return cardSettled?.({ ...p, script }, { type: "cardSettled", as: "consumed", scriptId: "k" }, now, s) ?? null;
    },
  });
  try {
    expect(searchLink(threeRecharges, 100_000).violation?.text).toMatch(/^I1/);
  } finally {
    undo();
  }
});

it("finds the dead end where a recharge that was not answered is never sent again", () => {
  const undo = patch(purchaseTable.unknown, { rechargeSent: () => null });
  try {
    expect(searchLink(threeRecharges, 100_000).deadEnds).toBeGreaterThan(0);
  } finally {
    undo();
  }
});

it("finds the way on which a refund by timer pays for gas that is on the card", () => {
  const { gaveUp } = purchaseTable.paid;
  const undo = patch(purchaseTable.issued, {
    due: (p, _e, now, s) => gaveUp?.(p, { type: "gaveUp", reason: "timeout" }, now, s) ?? null,
  });
  try {
    const found = search(sizeOf("B, one purchase"), 200_000);
    expect(found.violation?.text).toMatch(/^I2/);
    expect(found.violation?.way.length).toBeGreaterThan(3);
  } finally {
    undo();
  }
});

it("finds the dead end where a purchase that was not heard of is never looked at again", () => {
  const undo = patch(purchaseTable.unknown, { scriptIssued: () => null, cardSettled: () => null });
  try {
    expect(search(sizeOf("B, one purchase"), 200_000).deadEnds).toBeGreaterThan(0);
  } finally {
    undo();
  }
});

it("finds that a write without a result is left to people, though the card tells what became of it", () => {
  const { cardDisagrees } = purchaseTable.issued;
  const undo = patch(purchaseTable.issued, {
    scriptEnded: (p, { scriptId }, now, s) =>
      cardDisagrees?.(p, { type: "cardDisagrees", scriptId, image: "" }, now, s) ?? null,
  });
  try {
    expect(search(sizeOf("B, one purchase"), 200_000).violation?.text).toMatch(/^I1/);
  } finally {
    undo();
  }
});

it("finds the second credit where a replacement gives a number of its own to what the lost card may still bring", () => {
  const { purchaseImage } = openBMoney;
  const undo = patch<LayoutFacts>(openBMoney, {
    purchaseImage: (before, purchase) =>
      openBMoney.identify(before)?.replacement === 0
        ? purchaseImage(before, purchase)
        : purchaseImage(before, { ...purchase, countBefore: purchase.countBefore + 1 }),
  });
  try {
    expect(search(sizeOf("B, one purchase, refunds, replacement"), 200_000).violation?.text).toMatch(/^I2/);
  } finally {
    undo();
  }
});

it.runIf(inject("long")).each(sizes)("$name: complete, and no hole (npm run test:long)", ({ name: _, ...size }) => {
  expect(search(size, 20_000_000)).toMatchObject(whole);
});
