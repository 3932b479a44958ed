import type { LayoutDriver, PurchaseArea } from "../layout.ts";

/**
 * A meter of each class, as pure as can be: what it keeps, and what it makes of a card. It knows a layout only by what the
 * driver declares, so it is the counterpart against which a driver's promises are tried.
 */
export interface MeterState {
  /** Last count it took. */
  readonly count: number;
  /** Σ of what it was ever credited with, in the card's own commodity. */
  readonly total: number;
}

export interface MeterVisit {
  readonly meter: MeterState;
  /** The card as it comes out. */
  readonly image: Uint8Array;
  readonly credited: number;
}

/** The card goes in, all the way, and comes out after the beep. */
export function intoMeter(layout: LayoutDriver, meter: MeterState, image: Uint8Array): MeterVisit {
  if (layout.identify(image) === null) return { meter, image, credited: 0 };
  const bought = layout.purchaseArea(image);
  const next = bought === null ? meter : taken(layout, meter, bought);
  return {
    meter: next,
    image: written(layout, next, image, bought === null ? 1 : 0),
    credited: next.total - meter.total,
  };
}

/** The return area as this meter writes it; a class C meter also takes the amount out. */
export function written(layout: LayoutDriver, meter: MeterState, image: Uint8Array, errorCode: number): Uint8Array {
  return layout.meterImage(image, {
    count: meter.count,
    totalCredited: meter.total,
    registerL: 31_480,
    remaining: 3_520,
    valve: "open",
    batteryLow: false,
    errorCode,
  });
}

/** The rule of the class. A card that is not for now leaves the meter as it is. */
function taken({ cardClass }: LayoutDriver, meter: MeterState, bought: NonNullable<PurchaseArea>): MeterState {
  switch (cardClass) {
    case "A":
      if (bought.total === null || bought.total < meter.total) return meter;
      return { count: bought.count, total: bought.total };
    case "B":
      return bought.count === meter.count + 1 ? { count: bought.count, total: meter.total + bought.amount } : meter;
    case "C":
      return bought.amount > 0 ? { count: bought.count, total: meter.total + bought.amount } : meter;
  }
}
