/** The rules: pure, no I/O, no clock, no randomness. */

export * from "./src/aggregates.ts";
export * from "./src/card/types.ts";
export * from "./src/payment/types.ts";
export * from "./src/purchase/types.ts";
export * from "./src/tariff/types.ts";
export * from "./src/units.ts";
