/** A tariff version as it comes in; core/src/tariff/types.ts says what each field means. */
import { Type } from "typebox";
import { DayText, Name, orNull } from "./fields.ts";

const L = Type.Integer({ minimum: 0, description: "litres" });
const PriceE4 = Type.Integer({ minimum: 0, description: "1/10,000 yuan per m³" });
const MonthDay = Type.Object({
  month: Type.Integer({ minimum: 1, maximum: 12 }),
  day: Type.Integer({ minimum: 1, maximum: 31 }),
});
const Tier = Type.Object({ uptoL: orNull(L), priceE4: PriceE4 });
const Tiers = Type.Array(Tier, { minItems: 1, maxItems: 10 });

const Cycle = Type.Union([
  Type.Object({ kind: Type.Literal("calendarYear") }),
  Type.Object({ kind: Type.Literal("yearFrom"), ...MonthDay.properties }),
  Type.Object({ kind: Type.Literal("month") }),
]);

export const PricingSchema = Type.Union([
  Type.Object({
    kind: Type.Literal("tiered"),
    cycle: Cycle,
    tiers: Tiers,
    heating: orNull(Type.Object({ from: MonthDay, to: MonthDay, quotaL: L, priceE4: PriceE4 })),
  }),
  Type.Object({
    kind: Type.Literal("flat"),
    priceE4: PriceE4,
    seasons: Type.Array(Type.Object({ from: MonthDay, to: MonthDay, priceE4: PriceE4 }), { maxItems: 12 }),
  }),
  Type.Object({ kind: Type.Literal("meter"), tableE4: Tiers }),
]);

/** Everything of a version but its ids and its instant. */
export const versionFields = {
  name: Name,
  pricing: PricingSchema,
  household: Type.Optional(
    orNull(
      Type.Object({
        basePersons: Type.Integer({ minimum: 1, maximum: 99 }),
        extraPerPersonL: Type.Array(L, { maxItems: 10 }),
      }),
    ),
  ),
  lowIncomeFreeL: Type.Optional(L),
  limits: Type.Optional(
    Type.Object({
      perPurchaseFen: orNull(Type.Integer({ minimum: 0 })),
      perPurchaseL: orNull(L),
      beforeChange: orNull(Type.Object({ fromDay: DayText, volumeL: L })),
    }),
  ),
};
