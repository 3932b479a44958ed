/** Which table holds which aggregate, and the plain columns kept beside its state for look-ups. */
import { type AggregateKind, type AggregateStates, aggregateKinds } from "@citygas/core";

export interface AggregateTable {
  name: string;
  /** Column → SQL over the row's `state`. */
  columns: Readonly<Record<string, string>>;
}

const text = (field: string): string => `state->>'${field}'`;
const bigint = (field: string): string => `(state->>'${field}')::bigint`;
/** A field one level deeper. Written so that `state->>` stands in it once, as the batch statement expects. */
const inner = (field: string, name: string): string => `(state->>'${field}')::jsonb->>'${name}'`;
/** Only fields that the aggregate has, so that a renamed field is a type error and not a null column. */
function columns<K extends AggregateKind>(
  fields: Readonly<Record<string, [typeof text, keyof AggregateStates[K] & string]>>,
): Record<string, string> {
  return Object.fromEntries(Object.entries(fields).map(([column, [type, field]]) => [column, type(field)]));
}

export const aggregateTables: Readonly<Record<AggregateKind, AggregateTable>> = {
  purchase: {
    name: "purchase",
    columns: columns<"purchase">({
      status: [text, "state"],
      account_id: [text, "accountId"],
      unit_id: [text, "unitId"],
      meter_id: [text, "meterId"],
      card_id: [text, "cardId"],
      number: [text, "number"],
      token: [text, "token"],
      quoted_at: [bigint, "quotedAt"],
      due_at: [bigint, "dueAt"],
      paid_at: [bigint, "paidAt"],
      paid_attempt_id: [text, "paidAttemptId"],
      refund_no: [(field) => inner(field, "no"), "refund"],
      refund_fen: [(field) => `(${inner(field, "amountFen")})::bigint`, "refund"],
      refunded_at: [(field) => `(${inner(field, "refundedAt")})::bigint`, "refund"],
    }),
  },
  attempt: {
    name: "attempt",
    columns: columns<"attempt">({
      status: [text, "state"],
      purchase_id: [text, "purchaseId"],
      channel: [text, "channel"],
      out_trade_no: [text, "outTradeNo"],
      amount_fen: [bigint, "amountFen"],
      paid_at: [bigint, "paidAt"],
    }),
  },
  account: { name: "account", columns: columns<"account">({ unit_id: [text, "unitId"] }) },
  card: {
    name: "card",
    columns: columns<"card">({
      status: [text, "status"],
      card_number: [text, "cardNumber"],
      account_id: [text, "accountId"],
    }),
  },
  meter: { name: "meter", columns: columns<"meter">({ account_id: [text, "accountId"] }) },
  tier: {
    name: "tier_position",
    columns: columns<"tier">({ account_id: [text, "accountId"], cycle_key: [text, "cycleKey"] }),
  },
};

/** In the one order in which every statement locks them. */
export const tableList: readonly { kind: AggregateKind; table: AggregateTable }[] = aggregateKinds.map((kind) => ({
  kind,
  table: aggregateTables[kind],
}));
