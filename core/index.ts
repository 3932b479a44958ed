/** The rules: pure, no I/O, no clock, no randomness. */

export * from "./src/aggregates.ts";
export * from "./src/calendar.ts";
export * from "./src/card/insertion.ts";
export * from "./src/card/types.ts";
export * from "./src/ledger/postings.ts";
export * from "./src/payment/events.ts";
export * from "./src/payment/machine.ts";
export { lateRefundNo } from "./src/payment/reversing.ts";
export * from "./src/payment/types.ts";
export * from "./src/purchase/advance.ts";
export * from "./src/purchase/compose.ts";
export * from "./src/purchase/machine.ts";
export * from "./src/purchase/types.ts";
export * from "./src/tariff/breakdown.ts";
export * from "./src/tariff/limits.ts";
export { mostM3, type PriceBasis, volumeForAmount } from "./src/tariff/price.ts";
export { litresPerM3 } from "./src/tariff/rounding.ts";
export { cycleKey, cycleRange, emptyTierUse } from "./src/tariff/tierCycle.ts";
export * from "./src/tariff/types.ts";
export * from "./src/tariff/version.ts";
export * from "./src/units.ts";
