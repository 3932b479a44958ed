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
const all: Partial<Size> = { purchases: 2, refunds: true, late: true };

/** From the smallest on: each adds one kind of trouble. Class A and C take nothing back by a card. */
export const sizes: readonly (Size & { name: string })[] = [
  named("one purchase", "B"),
  named("one purchase, refunds", "B", { refunds: true }),
  named("one purchase, refunds, late messages", "B", { refunds: true, late: true }),
  named("one purchase, refunds, torn meter", "B", { refunds: true, meterTorn: true }),
  named("one purchase, refunds, replacement", "B", { refunds: true, replacement: true }),
  named("two purchases, refunds, late messages", "B", all),
  named("two purchases, refunds, late messages, torn meter", "B", { ...all, meterTorn: true }),
  named("two purchases, refunds, late messages, replacement", "B", { ...all, replacement: true, cuts: "one" }),
  named("two purchases, all of it", "B", { ...all, meterTorn: true, replacement: true, cuts: "one" }),
  named("one purchase", "A"),
  named("two purchases, late messages, torn meter", "A", { purchases: 2, late: true, meterTorn: true }),
  named("two purchases, late messages, replacement", "A", { purchases: 2, late: true, replacement: true, cuts: "one" }),
  named("two purchases, all of it", "A", { purchases: 2, late: true, replacement: true, meterTorn: true, cuts: "one" }),
  named("one purchase", "C"),
  named("two purchases, late messages", "C", { purchases: 2, late: true }),
];
