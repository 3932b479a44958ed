import fc from "fast-check";
import { expect, inject, test } from "vitest";
import { m3, tieredBasis, useAfter, volumeBasis, wholeM3 } from "./fixtures.ts";
import { mostM3, type Priced, priceByVolume, volumeForAmount } from "./price.ts";
import { cycleKey, emptyTierUse } from "./tierCycle.ts";

/** Litres per band: what must not depend on how a purchase is split. */
function byBand(...parts: Priced[]): Record<string, number> {
  const volumes: Record<string, number> = {};
  for (const { because, tier, volumeL } of parts.flatMap((part) => part.lines)) {
    const band = `${because.rule} ${tier}`;
    volumes[band] = (volumes[band] ?? 0) + volumeL;
  }
  return volumes;
}

test("lines add up: to the goods, to the volume, and to what the cycle loses", () => {
  fc.assert(
    fc.property(volumeBasis, wholeM3, (basis, volumeL) => {
      const { lines, goodsFen, tier } = priceByVolume(basis, volumeL);
      expect(lines.reduce((sum, line) => sum + line.amountFen, 0)).toBe(goodsFen);
      expect(lines.reduce((sum, line) => sum + line.volumeL, 0)).toBe(volumeL);
      if (tier !== null) expect(tier.volumeL + tier.heatingL).toBe(volumeL);
      for (const { amountFen, volumeL, unitPriceE4 } of lines) {
        expect(Math.abs(amountFen * 100_000 - volumeL * unitPriceE4)).toBeLessThanOrEqual(50_000);
      }
    }),
    { numRuns: inject("long") ? 100_000 : 500 },
  );
});

test("tiers are contiguous: each line goes on where the one before ended", () => {
  fc.assert(
    fc.property(tieredBasis, wholeM3, (basis, volumeL) => {
      const { lines, tier } = priceByVolume(basis, volumeL);
      const use = basis.tierUse;
      let positionL = use ? use.usedL + use.heldL : 0;
      const startL = positionL;
      let lastTier = 0;
      for (const { because, tier, volumeL } of lines.filter((line) => line.because.rule !== "heating")) {
        expect(because.usedBeforeL).toBe(positionL);
        expect(because.usedAfterL).toBe(positionL + volumeL);
        if (because.tierUptoL !== null) expect(because.usedAfterL).toBeLessThanOrEqual(because.tierUptoL);
        if (because.rule === "tier") expect(tier).toBeGreaterThan(lastTier);
        lastTier = tier;
        positionL = because.usedAfterL;
      }
      expect(positionL - startL).toBe(tier?.volumeL);
    }),
    { numRuns: inject("long") ? 100_000 : 500 },
  );
});

test("two purchases use the same bands as one of both", () => {
  fc.assert(
    fc.property(tieredBasis, wholeM3, wholeM3, (basis, firstL, secondL) => {
      const { pricing } = basis.version;
      if (pricing.kind !== "tiered") throw new Error("tiered wanted");
      const whole = priceByVolume(basis, firstL + secondL);
      const first = priceByVolume(basis, firstL);
      const use = basis.tierUse ?? emptyTierUse(cycleKey(pricing.cycle, basis.at));
      const tierUse = useAfter(use, first.tier ?? { volumeL: 0, heatingL: 0 });
      const second = priceByVolume({ ...basis, tierUse }, secondL);
      expect(byBand(first, second)).toEqual(byBand(whole));
      // Rounding is per line, so each line that the split adds may move the total by a fen.
      const lines = first.lines.length + second.lines.length;
      expect(Math.abs(first.goodsFen + second.goodsFen - whole.goodsFen)).toBeLessThanOrEqual(lines);
    }),
    { numRuns: inject("long") ? 200_000 : 500 },
  );
});

test("more gas never costs less", () => {
  fc.assert(
    fc.property(volumeBasis, wholeM3, fc.integer({ min: 1, max: 50_000 }), (basis, volumeL, moreL) => {
      const [less, more] = [priceByVolume(basis, volumeL), priceByVolume(basis, volumeL + moreL)];
      expect(more.goodsFen).toBeGreaterThanOrEqual(less.goodsFen);
    }),
    { numRuns: inject("long") ? 1_000_000 : 500 },
  );
});

test("volumeForAmount is affordable, whole, and one m³ more is not", () => {
  fc.assert(
    fc.property(volumeBasis, fc.integer({ min: 0, max: 1_000_000 }), (basis, amountFen) => {
      const volumeL = volumeForAmount(basis, amountFen);
      expect(volumeL % 1000).toBe(0);
      expect(priceByVolume(basis, volumeL).goodsFen).toBeLessThanOrEqual(amountFen);
      if (volumeL < m3(mostM3)) expect(priceByVolume(basis, volumeL + 1000).goodsFen).toBeGreaterThan(amountFen);
    }),
    { numRuns: inject("long") ? 200_000 : 500 },
  );
});
