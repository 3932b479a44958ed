/** What the API says of days and differences. */
import { type Comparison, comparisons, differenceClasses, differenceReasons, differenceStates } from "@citygas/core";
import { type Static, Type } from "typebox";
import { Fen, orNull, timeText, timeTextOrNull } from "../registration/fields.ts";
import type { BillRow } from "./billRows.ts";
import type { Figures } from "./compare.ts";
import type { DayRow } from "./days.ts";
import type { DifferenceRow } from "./differenceRows.ts";

const oneOf = <T extends string>(values: readonly T[]) =>
  Type.Unsafe<T>(Type.Union(values.map((value) => Type.Literal(value))));
const Count = Type.Integer({ minimum: 0 });
const Text = Type.String();

export const channelNames = ["wechat", "alipay", "acquirer", "cash", "pos", "test"] as const;
export const Channel = oneOf(channelNames);
export const ClassField = oneOf(differenceClasses);
export const StateField = oneOf(differenceStates);
export const ComparisonField = oneOf(comparisons);
const DayStateField = oneOf(["due", "imported", "compared", "closed"] as const);

const PerClass = Type.Object(Object.fromEntries(differenceClasses.map((name) => [name, Count])));
/** Differences that are not resolved, by class and by state. */
const OpenCounts = Type.Object({ waiting: Count, open: Count, assigned: Count, resolved: Count, byClass: PerClass });

export const DayView = Type.Object({
  channel: Channel,
  day: Text,
  state: DayStateField,
  nextAt: orNull(Text),
  answer: Type.Unknown({ description: "what the last question for its bill came to" }),
  comparedAt: orNull(Text),
  closedAt: orNull(Text),
  closedBy: orNull(Text),
  billLines: orNull(Count),
  matched: orNull(Count),
  billNetFen: orNull(Fen),
  oursNetFen: orNull(Fen),
  ledgerNetFen: orNull(Fen),
  feeFen: orNull(Fen),
  differences: OpenCounts,
});

const BillView = Type.Object({
  id: Text,
  kind: Text,
  state: Text,
  format: orNull(Text),
  sha256: Text,
  sizeBytes: Type.Integer(),
  fetchedAt: Text,
  problem: Type.Unknown(),
  summary: Type.Unknown(),
});
export const DayDetailView = Type.Object({
  ...DayView.properties,
  bills: Type.Array(BillView),
  comparisons: Type.Array(
    Type.Object({
      comparison: ComparisonField,
      agrees: Type.Boolean({ description: "no difference is open, waiting or assigned" }),
      theirsFen: orNull(Fen),
      oursFen: orNull(Fen),
      differences: OpenCounts,
    }),
  ),
});

export const DifferenceView = Type.Object({
  id: Text,
  channel: Channel,
  day: Text,
  comparison: ComparisonField,
  side: oneOf(["theirs", "ours", "both"] as const),
  kind: Text,
  class: ClassField,
  state: StateField,
  reason: oneOf(differenceReasons),
  handling: Text,
  blocksRefund: Type.Boolean(),
  outTradeNo: orNull(Text),
  refundNo: orNull(Text),
  transactionId: orNull(Text),
  theirsFen: orNull(Fen),
  oursFen: orNull(Fen),
  attemptId: orNull(Text),
  purchaseId: orNull(Text),
  at: Text,
  answer: Type.Unknown({ description: "what the gateway said when it was asked" }),
  assignedTo: orNull(Text),
  resolvedAt: orNull(Text),
  resolvedBy: Type.Unknown(),
});
export const NoteView = Type.Object({ at: Text, actor: Text, action: Text, doc: Type.Unknown() });

export interface CountRow {
  comparison: Comparison;
  class: (typeof differenceClasses)[number];
  state: (typeof differenceStates)[number];
  count: number;
}

export function countsOf(rows: readonly CountRow[]): Static<typeof OpenCounts> {
  const counts = { waiting: 0, open: 0, assigned: 0, resolved: 0 };
  const byClass: Record<string, number> = Object.fromEntries(differenceClasses.map((name) => [name, 0]));
  for (const row of rows) {
    counts[row.state] += row.count;
    if (row.state !== "resolved") byClass[row.class] = (byClass[row.class] ?? 0) + row.count;
  }
  return { ...counts, byClass };
}

export function dayView(row: DayRow, counts: readonly CountRow[]): Static<typeof DayView> {
  const figures = row.figures;
  return {
    channel: row.channel,
    day: row.day,
    state: row.state,
    nextAt: timeTextOrNull(row.next_at),
    answer: row.answer,
    comparedAt: timeTextOrNull(row.compared_at),
    closedAt: timeTextOrNull(row.closed_at),
    closedBy: row.closed_by,
    billLines: figures?.billLines ?? null,
    matched: figures?.matched ?? null,
    billNetFen: figures?.billNetFen ?? null,
    oursNetFen: figures?.oursNetFen ?? null,
    ledgerNetFen: figures?.ledgerNetFen ?? null,
    feeFen: figures?.feeFen ?? null,
    differences: countsOf(counts),
  };
}

/** The two numbers that each comparison sets against each other. */
function sides(comparison: Comparison, figures: Figures | null): [theirs: number | null, ours: number | null] {
  if (figures === null) return [null, null];
  switch (comparison) {
    case "gateway":
      return [figures.billNetFen, figures.oursNetFen];
    case "delivery":
      return [null, null];
    case "ledger":
      return [figures.bookedNetFen, figures.ledgerNetFen];
    case "payout":
      return [figures.fundNetFen, figures.tradeNetFen];
  }
}

export function dayDetailView(
  row: DayRow,
  counts: readonly CountRow[],
  bills: readonly BillRow[],
): Static<typeof DayDetailView> {
  return {
    ...dayView(row, counts),
    bills: bills.map((bill) => ({
      id: bill.id,
      kind: bill.kind,
      state: bill.state,
      format: bill.format,
      sha256: bill.sha256,
      sizeBytes: bill.size_bytes,
      fetchedAt: timeText(bill.fetched_at),
      problem: bill.problem,
      summary: bill.summary,
    })),
    comparisons: comparisons.map((comparison) => {
      const differences = countsOf(counts.filter((each) => each.comparison === comparison));
      const [theirsFen, oursFen] = sides(comparison, row.figures);
      const undecided = differences.waiting + differences.open + differences.assigned;
      return { comparison, agrees: row.figures !== null && undecided === 0, theirsFen, oursFen, differences };
    }),
  };
}

export const differenceView = (row: DifferenceRow): Static<typeof DifferenceView> => ({
  id: row.id,
  channel: row.channel,
  day: row.day,
  comparison: row.comparison,
  side: row.side,
  kind: row.kind,
  class: row.class,
  state: row.state,
  reason: row.reason,
  handling: row.handling,
  blocksRefund: row.blocks_refund,
  outTradeNo: row.out_trade_no,
  refundNo: row.refund_no,
  transactionId: row.transaction_id,
  theirsFen: row.theirs_fen,
  oursFen: row.ours_fen,
  attemptId: row.attempt_id,
  purchaseId: row.purchase_id,
  at: timeText(row.at),
  answer: row.answer,
  assignedTo: row.assigned_to,
  resolvedAt: timeTextOrNull(row.resolved_at),
  resolvedBy: row.resolved_by,
});
