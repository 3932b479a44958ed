import { describe, expect, test } from "vitest";
import { takeCard } from "./meter.ts";
import type { Page } from "./pages.ts";
import { factoryMeter, published } from "./published.testkit.ts";

/**
 * Goal: what a meter fresh from the factory does with a card that its predecessor on the wall knew, by the pages of
 * docs/cards. The rules for a swapped meter (docs/decisions/0004) stand on these cases.
 */

/** The meter's own last write on the card was torn. */
function tornReturn(image: Uint8Array, { returned }: Page): Uint8Array {
  const torn = image.slice();
  torn[returned.from] = (torn[returned.from] ?? 0) ^ 0xff;
  return torn;
}

describe.each(published)("$name", (example) => {
  const { page, seen, bought, taken } = example;
  const before = takeCard(factoryMeter(example), seen).meter;
  const old = takeCard(before, bought);
  const fresh = factoryMeter(example);
  const amount = old.meter.totalCredited - before.totalCredited;

  test("the card that came out of the old meter brings nothing twice", () => {
    expect(old.verdict.kind).toBe("credited");
    const { verdict, meter } = takeCard(fresh, taken);
    expect(verdict.kind).toBe("alreadyTaken");
    expect(meter.totalCredited).toBe(old.meter.totalCredited);
  });

  test("a copy from before the old meter took it is credited once more: the fresh meter knows no better", () => {
    expect(amount).toBeGreaterThan(0);
    expect(takeCard(fresh, bought).verdict).toMatchObject({ kind: "credited", amount });
  });

  test("with the old meter's word torn, A credits all that was ever bought, B refuses, C credits what is on it", () => {
    const { verdict } = takeCard(fresh, tornReturn(bought, page));
    const expected = {
      A: { kind: "credited", amount: old.meter.totalCredited },
      B: { kind: "refused", reason: "wrongCount" },
      C: { kind: "credited", amount },
    };
    expect(verdict).toMatchObject(expected[page.cardClass]);
  });
});
