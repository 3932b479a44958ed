/** SQL rows of differences, and the notes that tell what happened to them. */
import type {
  ChannelName,
  Comparison,
  Day,
  DifferenceClass,
  DifferenceReason,
  DifferenceState,
  Handling,
  Id,
  Instant,
} from "@citygas/core";
import type { Pool, PoolClient } from "pg";

export type DifferenceKind = "payment" | "refund" | "reversed" | "purchase" | "books" | "fund" | "other" | "payout";

export interface DifferenceRow {
  id: Id;
  channel: ChannelName;
  day: Day;
  comparison: Comparison;
  side: "theirs" | "ours" | "both";
  kind: DifferenceKind;
  class: DifferenceClass;
  state: DifferenceState;
  reason: DifferenceReason;
  handling: Handling;
  blocks_refund: boolean;
  out_trade_no: string | null;
  refund_no: string | null;
  transaction_id: string | null;
  theirs_fen: number | null;
  ours_fen: number | null;
  attempt_id: Id | null;
  purchase_id: Id | null;
  at: Instant;
  found_at: Instant;
  judged_at: Instant | null;
  asked_at: Instant | null;
  asked: number;
  answer: object | null;
  assigned_to: string | null;
  resolved_at: Instant | null;
  resolved_by: object | null;
}

type Database = Pool | PoolClient;

export async function differenceById(db: Database, id: Id, lock = false): Promise<DifferenceRow | undefined> {
  const { rows } = await db.query<DifferenceRow>(
    `select * from reconciliation_difference where id = $1${lock ? " for update" : ""}`,
    [id],
  );
  return rows[0];
}

/** theirs − ours, with the direction of the kind: what is more out there is positive. */
export function effectFen({
  kind,
  theirs_fen,
  ours_fen,
}: Pick<DifferenceRow, "kind" | "theirs_fen" | "ours_fen">): number {
  const more = (theirs_fen ?? 0) - (ours_fen ?? 0);
  return kind === "refund" || kind === "reversed" ? 0 - more : more;
}
/** The same in SQL, over the row `d`. */
export const effectSql = `(coalesce(d.theirs_fen, 0) - coalesce(d.ours_fen, 0)) *
  case when d.kind in ('refund', 'reversed') then -1 else 1 end`;

export interface Note {
  differenceId: Id;
  at: Instant;
  /** A member of the staff, or `system`. */
  actor: string;
  action: string;
  doc: object;
}

export async function addNotes(db: Database, newId: () => Id, notes: readonly Note[]): Promise<void> {
  if (notes.length === 0) return;
  await db.query(
    `insert into reconciliation_note (id, difference_id, at, actor, action, doc)
     select * from unnest($1::text[], $2::text[], $3::bigint[], $4::text[], $5::text[], $6::jsonb[])`,
    [
      notes.map(newId),
      notes.map(({ differenceId }) => differenceId),
      notes.map(({ at }) => at),
      notes.map(({ actor }) => actor),
      notes.map(({ action }) => action),
      notes.map(({ doc }) => JSON.stringify(doc)),
    ],
  );
}
