/** Fields that many resources share, and how instants are written outside: RFC 3339. */
import type { Instant } from "@citygas/core";
import { type TSchema, Type } from "typebox";

export const Uuid = Type.String({ format: "uuid" });
export const Name = Type.String({ minLength: 1, maxLength: 100 });
export const Serial = Type.String({
  pattern: "^[0-9A-Za-z-]{3,40}$",
  description: "the number under the barcode on its face",
});
export const Fen = Type.Integer({ description: "fen" });
export const PositiveFen = Type.Integer({ minimum: 1, maximum: 10_000_000_000, description: "fen" });
export const Litre = Type.Integer({ minimum: 0, description: "litres (1 m³ = 1000)" });
export const Time = Type.String({ format: "date-time", maxLength: 40, description: "RFC 3339" });
export const DayText = Type.String({
  pattern: "^[1-9]\\d{3}-\\d{2}-\\d{2}$",
  description: "YYYY-MM-DD, Asia/Shanghai",
});
export const CustomerKind = Type.Union([Type.Literal("residential"), Type.Literal("nonResidential")]);
export const orNull = <T extends TSchema>(schema: T) => Type.Union([schema, Type.Null()]);

export const timeText = (at: Instant): string => new Date(at).toISOString();
export const timeTextOrNull = (at: Instant | null): string | null => (at === null ? null : timeText(at));
/** The text has passed the `date-time` format. */
export const instantOf = (text: string): Instant => Date.parse(text);
