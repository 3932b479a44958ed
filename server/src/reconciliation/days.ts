/** SQL of the days of channels: which are due, who works on one, what came of it. */
import { addDays, type ChannelName, type Day, dayOf, daysDue, type Id, type Instant } from "@citygas/core";
import type { Pool, PoolClient } from "pg";
import type { Figures } from "./compare.ts";

export type DayState = "due" | "imported" | "compared" | "closed";

/** What the last round came to. `fresh`: bills are to be fetched although there are some. */
export interface DayAnswer {
  fresh?: boolean;
  trade?: string;
  fund?: string;
  why?: string;
}

export interface DayRow {
  channel: ChannelName;
  day: Day;
  state: DayState;
  next_at: Instant | null;
  lease: Id | null;
  lease_until: Instant | null;
  tries: number;
  answer: DayAnswer | null;
  trade_bill_id: Id | null;
  fund_bill_id: Id | null;
  run: number;
  figures: Figures | null;
  compared_at: Instant | null;
  closed_at: Instant | null;
  closed_by: string | null;
}

type Database = Pool | PoolClient;

/** Makes the rows of days whose bills are due; one that is there stays as it is. */
export async function openDueDays(db: Pool, channels: readonly ChannelName[], now: Instant): Promise<void> {
  for (const channel of channels) {
    const { rows } = await db.query<{ last: Day | null; first_at: Instant | null }>(
      `select (select max(day) from reconciliation_day where channel = $1) as last,
         (select min(paid_at) from attempt where channel = $1 and paid_at is not null) as first_at`,
      [channel],
    );
    const { last = null, first_at = null } = rows[0] ?? {};
    const after = last ?? (first_at === null ? null : addDays(dayOf(first_at), -1));
    for (const day of daysDue(after, now)) await openDay(db, channel, day, now);
  }
}

export async function openDay(db: Database, channel: ChannelName, day: Day, nextAt: Instant): Promise<void> {
  await db.query(
    `insert into reconciliation_day (channel, day, state, next_at) values ($1, $2, 'due', $3)
     on conflict (channel, day) do nothing`,
    [channel, day, nextAt],
  );
}

const leaseMs = 15 * 60_000;

/** The oldest day that is due, for this lease only; undefined: none. A claimant that dies lets the lease lapse. */
export async function claimDay(db: Pool, now: Instant, lease: Id): Promise<DayRow | undefined> {
  const { rows } = await db.query<DayRow>(
    `update reconciliation_day set lease = $2, lease_until = $3, tries = tries + 1
     where (channel, day) in (
       select channel, day from reconciliation_day
       where next_at <= $1 and (lease_until is null or lease_until <= $1)
       order by day, channel limit 1 for update skip locked)
     returning *`,
    [now, lease, now + leaseMs],
  );
  return rows[0];
}

/** Gives the day back; does nothing when someone else has claimed it since. `nextAt` null: nothing more by itself. */
export async function releaseDay(
  db: Pool,
  row: Pick<DayRow, "channel" | "day" | "lease">,
  nextAt: Instant | null,
  answer: DayAnswer,
): Promise<void> {
  await db.query(
    `update reconciliation_day set lease = null, lease_until = null, next_at = $4, answer = $5
     where channel = $1 and day = $2 and lease = $3`,
    [row.channel, row.day, row.lease, nextAt, JSON.stringify(answer)],
  );
}

/** Somebody wants the bill fetched anew, now. A closed day stays closed. @returns whether it is asked for. */
export async function askForDay(db: Database, channel: ChannelName, day: Day, now: Instant): Promise<boolean> {
  await openDay(db, channel, day, now);
  const { rowCount } = await db.query(
    `update reconciliation_day set state = 'due', next_at = $3, lease_until = null, answer = '{"fresh": true}'
     where channel = $1 and day = $2 and state <> 'closed'`,
    [channel, day, now],
  );
  return (rowCount ?? 0) > 0;
}

export async function setBills(
  db: Database,
  row: Pick<DayRow, "channel" | "day">,
  bills: { trade: Id; fund: Id | null },
): Promise<void> {
  await db.query(
    `update reconciliation_day set state = 'imported', trade_bill_id = $3, fund_bill_id = $4
     where channel = $1 and day = $2 and state <> 'closed'`,
    [row.channel, row.day, bills.trade, bills.fund],
  );
}

export async function lockDay(client: PoolClient, channel: ChannelName, day: Day): Promise<DayRow | undefined> {
  const { rows } = await client.query<DayRow>(
    "select * from reconciliation_day where channel = $1 and day = $2 for update",
    [channel, day],
  );
  return rows[0];
}

export async function dayRow(db: Database, channel: string, day: Day): Promise<DayRow | undefined> {
  const { rows } = await db.query<DayRow>("select * from reconciliation_day where channel = $1 and day = $2", [
    channel,
    day,
  ]);
  return rows[0];
}

/** When each of these days was last compared; those that never were are left out. */
export async function comparedTimes(
  db: Database,
  channel: ChannelName,
  days: readonly Day[],
): Promise<Map<Day, Instant>> {
  const { rows } = await db.query<{ day: Day; compared_at: Instant }>(
    "select day, compared_at from reconciliation_day where channel = $1 and day = any($2) and compared_at is not null",
    [channel, days],
  );
  return new Map(rows.map((row) => [row.day, row.compared_at]));
}
