/** What is told of each event. */
import { type Static, Type } from "typebox";

const Changes = Type.Array(
  Type.Object({
    offset: Type.Integer({ description: "bytes of the chip's main memory" }),
    before: Type.String({ description: "lower-case hex" }),
    after: Type.String({ description: "lower-case hex, as long" }),
  }),
);

export const TrailItemSchema = Type.Object({
  id: Type.String({ description: "the event's" }),
  at: Type.String({ format: "date-time" }),
  purchase: Type.Object({ id: Type.String(), number: Type.String() }),
  account: Type.Union([
    Type.Object({ number: Type.String(), name: Type.String({ description: "masked" }) }),
    Type.Null(),
  ]),
  type: Type.String({ description: "stable name of what happened, such as purchase.confirmed or attempt.paid" }),
  state: Type.String({ description: "the purchase's state after it" }),
  zh: Type.String(),
  en: Type.String(),
  postings: Type.Array(
    Type.Object({
      account: Type.String(),
      commodity: Type.Union([Type.Literal("fen"), Type.Literal("litre"), Type.Literal("meterCredit")]),
      amount: Type.Integer({ description: "debit positive, credit negative" }),
      zh: Type.String({ description: "the account's name" }),
      en: Type.String(),
    }),
  ),
  card: Type.Union([
    Type.Object({ kind: Type.Union([Type.Literal("sale"), Type.Literal("refund")]), changes: Changes }),
    Type.Null(),
  ]),
});

export type TrailItem = Static<typeof TrailItemSchema>;
