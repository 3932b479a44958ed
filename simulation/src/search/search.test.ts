/** Every state of a small world: nothing over-credited, never two open purchases, and always a way to the end. */
import { purchaseTable } from "@citygas/core";
import { expect, inject, it } from "vitest";
import { patch } from "../sabotage/sabotage.ts";
import { search } from "./search.ts";
import { sizes } from "./sizes.ts";

const [smallest, withRefunds] = sizes;
if (smallest === undefined || withRefunds === undefined) throw new Error("no worlds to search");

it("one purchase, a kiosk and a desk, torn writes and lost messages: all states are safe and lead to an end", () => {
  const found = search(smallest, 200_000);
  expect(found).toMatchObject({ complete: true, violation: null, deadEnds: 0 });
  expect(found.states).toBeGreaterThan(1_000);
});

it("finds the way on which a refund by timer pays for gas that is on the card", () => {
  const { gaveUp } = purchaseTable.paid;
  const undo = patch(purchaseTable.issued, {
    due: (p, _e, now, s) => gaveUp?.(p, { type: "gaveUp", reason: "timeout" }, now, s) ?? null,
  });
  try {
    const found = search(smallest, 200_000);
    expect(found.violation?.text).toMatch(/^I2/);
    expect(found.violation?.way.length).toBeGreaterThan(3);
  } finally {
    undo();
  }
});

it.runIf(inject("long")).each(sizes)("$name: no hole as far as a million states", ({ name: _, ...size }) => {
  expect(search(size, 1_000_000)).toMatchObject({ violation: null, deadEnds: 0 });
});
