/** What one member of the staff may do alone: take a difference, close a day whose differences are all in hand. */
import { type ChannelName, type Day, type Id, mayClose, ok, type Result } from "@citygas/core";
import type { StaffFacts } from "../decisions/types.ts";
import { type Refused, refused } from "../purchases/refused.ts";
import type { ReconciliationContext } from "./context.ts";
import { type DayRow, dayRow, lockDay } from "./days.ts";
import { addNotes, type DifferenceRow, differenceById } from "./differenceRows.ts";
import type { CountRow } from "./schema.ts";

/** A person has it. Again to another one is allowed; what is resolved stays resolved. */
export async function assign(
  rc: ReconciliationContext,
  staff: StaffFacts,
  id: Id,
  to: string,
): Promise<Result<DifferenceRow, Refused>> {
  const { rows } = await rc.db.query<DifferenceRow>(
    `update reconciliation_difference set state = 'assigned', assigned_to = $2
     where id = $1 and state <> 'resolved' returning *`,
    [id, to],
  );
  const [row] = rows;
  if (row === undefined)
    return (await differenceById(rc.db, id)) === undefined ? refused("notFound") : refused("decision.notApplicable");
  await addNotes(rc.db, rc.newId, [
    { differenceId: id, at: rc.now(), actor: staff.id, action: "assigned", doc: { to } },
  ]);
  return ok(row);
}

/** Closed stays closed. Closing a closed day again says so and changes nothing. */
export function closeDay(
  rc: ReconciliationContext,
  staff: StaffFacts,
  channel: ChannelName,
  day: Day,
): Promise<Result<DayRow, Refused>> {
  return rc.heavy.transaction(async (client) => {
    const row = await lockDay(client, channel, day);
    if (row === undefined) return refused("notFound");
    const { rows } = await client.query<{ count: number }>(
      `select count(*)::integer as count from reconciliation_difference
       where channel = $1 and day = $2 and state in ('waiting', 'open')`,
      [channel, day],
    );
    const refusal = mayClose({ state: row.state, undecided: rows[0]?.count ?? 0 });
    if (refusal !== null) return refused(`reconciliation.${refusal}`);
    await client.query(
      `update reconciliation_day set state = 'closed', closed_at = $3, closed_by = $4, next_at = null
       where channel = $1 and day = $2`,
      [channel, day, rc.now(), staff.id],
    );
    const closed = await dayRow(client, channel, day);
    if (closed === undefined) throw new Error(`${channel} ${day} vanished`);
    return ok(closed);
  });
}

export async function countsOfDays(
  rc: ReconciliationContext,
  days: readonly Pick<DayRow, "channel" | "day">[],
): Promise<(day: Pick<DayRow, "channel" | "day">) => CountRow[]> {
  const { rows } = await rc.db.query<CountRow & { channel: string; day: Day }>(
    `select d.channel, d.day, d.comparison, d.class, d.state, count(*)::integer as count
     from reconciliation_difference d
     join unnest($1::text[], $2::text[]) as w(channel, day) on w.channel = d.channel and w.day = d.day
     group by d.channel, d.day, d.comparison, d.class, d.state`,
    [days.map(({ channel }) => channel), days.map(({ day }) => day)],
  );
  return ({ channel, day }) => rows.filter((row) => row.channel === channel && row.day === day);
}
