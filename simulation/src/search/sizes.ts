import type { Size } from "./state.ts";

const plain: Omit<Size, "cardClass"> = {
  purchases: 1,
  late: false,
  meterTorn: false,
  refunds: false,
  replacement: false,
  cuts: "three",
};
const named = (name: string, cardClass: Size["cardClass"], more: Partial<Size> = {}): Size & { name: string } => ({
  name: `${cardClass}, ${name}`,
  cardClass,
  ...plain,
  ...more,
});
const two: Partial<Size> = { purchases: 2, late: true, cuts: "one" };

/** Each class from the smallest on. Class A and C take nothing back by a card here. */
export const sizes: readonly (Size & { name: string })[] = [
  named("one purchase", "A"),
  named("one purchase", "C"),
  named("two purchases, late messages", "C", { ...two, cuts: "three" }),
  named("one purchase", "B"),
  named("one purchase, refunds", "B", { refunds: true }),
  named("one purchase, refunds, late messages", "B", { refunds: true, late: true }),
  named("one purchase, refunds, torn meter", "B", { refunds: true, meterTorn: true }),
  named("two purchases, late messages, torn meter", "A", { ...two, meterTorn: true }),
  named("two purchases, refunds, late messages", "B", { ...two, refunds: true }),
  named("one purchase, refunds, replacement", "B", { refunds: true, replacement: true, cuts: "one" }),
  named("two purchases, refunds, late messages, torn meter", "B", { ...two, refunds: true, meterTorn: true }),
];

/** Millions of states, a gigabyte for two of them: for a quiet machine, after the others. */
export const largeSizes: typeof sizes = [
  named("two purchases, late messages, replacement", "A", { ...two, replacement: true }),
  named("two purchases, refunds, late messages, replacement", "B", { ...two, refunds: true, replacement: true }),
  named("two purchases, all of it", "A", { ...two, meterTorn: true, replacement: true }),
  named("two purchases, all of it", "B", { ...two, refunds: true, meterTorn: true, replacement: true }),
];
