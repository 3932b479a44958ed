/** SQL of fetched bills. */
import type { ChannelName, Day, Id, Instant } from "@citygas/core";
import type { BillFormat, BillProblem, BillSummary } from "@citygas/gateways";
import type { Pool, PoolClient } from "pg";

export type BillKind = "trade" | "fund" | "bank";
export type BillState = "stored" | "imported" | "refused" | "empty";

export interface BillRow {
  id: Id;
  channel: ChannelName | "bank";
  day: Day;
  kind: BillKind;
  format: BillFormat | null;
  sha256: string;
  size_bytes: number;
  state: BillState;
  problem: BillProblem | null;
  summary: BillSummary | null;
  fetched_at: Instant;
  imported_at: Instant | null;
  number: number | null;
}

type Database = Pool | PoolClient;

/** Adds the row of a fetched file; one with the same bytes for the same day is that row. */
export async function addBill(
  db: Database,
  bill: Pick<BillRow, "id" | "channel" | "day" | "kind" | "format" | "sha256" | "size_bytes" | "state" | "fetched_at">,
): Promise<BillRow> {
  await db.query(
    `insert into bill (id, channel, day, kind, format, sha256, size_bytes, state, fetched_at)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9) on conflict (channel, day, kind, sha256) do nothing`,
    [
      ...[bill.id, bill.channel, bill.day, bill.kind, bill.format, bill.sha256, bill.size_bytes],
      ...[bill.state, bill.fetched_at],
    ],
  );
  const { rows } = await db.query<BillRow>(
    "select * from bill where channel = $1 and day = $2 and kind = $3 and sha256 = $4",
    [bill.channel, bill.day, bill.kind, bill.sha256],
  );
  const [row] = rows;
  if (row === undefined) throw new Error(`bill ${bill.id} vanished`);
  return row;
}

export async function billById(db: Database, id: Id): Promise<BillRow | undefined> {
  const { rows } = await db.query<BillRow>("select * from bill where id = $1", [id]);
  return rows[0];
}

/** Of this day, newest first. */
export async function billsOfDay(db: Database, channel: string, day: Day): Promise<BillRow[]> {
  const { rows } = await db.query<BillRow>(
    "select * from bill where channel = $1 and day = $2 order by fetched_at desc, id desc limit 100",
    [channel, day],
  );
  return rows;
}
