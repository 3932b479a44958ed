import type { Size } from "./state.ts";

/** From the smallest on: each adds one kind of trouble. */
export const sizes: readonly (Size & { name: string })[] = [
  { name: "one purchase", purchases: 1, late: false, meterTorn: false, refunds: false },
  { name: "one purchase, refunds at the desk", purchases: 1, late: false, meterTorn: false, refunds: true },
  { name: "one purchase, refunds, late messages", purchases: 1, late: true, meterTorn: false, refunds: true },
  { name: "one purchase, refunds, torn meter", purchases: 1, late: false, meterTorn: true, refunds: true },
  { name: "two purchases", purchases: 2, late: false, meterTorn: false, refunds: false },
  {
    name: "two purchases, refunds, late messages, torn meter",
    purchases: 2,
    late: true,
    meterTorn: true,
    refunds: true,
  },
];
