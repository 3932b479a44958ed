/** Work for people, and the repair of the task list. */
import { finalStates, type Id, type Instant } from "@citygas/core";
import type { Pool } from "pg";

export interface StaffTask {
  id: Id;
  kind: string;
  ref: Id;
  doc: object;
  createdAt: Instant;
}

export interface TaskRows {
  /** Adding one that is there opens it again where it was closed. */
  addStaffTask(task: StaffTask): Promise<void>;
  /**
   * Puts back the task of every state that has lost its own (I12), at most `limit` of each kind.
   * @returns how many were missing.
   */
  restoreTasks(now: Instant, limit: number): Promise<number>;
}

/** Spelled out, so that the small indexes on what is not over are used: this is asked every half minute. */
const over = finalStates.map((state) => `'${state}'`).join(", ");

const lost = `
with missing as (
  (select 'purchaseDue' as kind, p.id as ref, coalesce(p.due_at, $1::bigint) as due_at from purchase p
   where p.status not in (${over}) and not exists (select 1 from task t where t.kind = 'purchaseDue' and t.ref = p.id)
   order by p.id limit $2)
  union all
  (select case a.status when 'created' then 'attemptSubmit' when 'reversing' then 'attemptReverse' else 'attemptQuery' end,
     a.id, $1::bigint from attempt a
   where a.status in ('created', 'submitted', 'pending', 'reversing') and jsonb_typeof(a.state->'lateSuccess') <> 'object'
     and not exists (select 1 from task t where t.ref = a.id
       and t.kind in ('attemptSubmit', 'attemptQuery', 'attemptClose', 'attemptReverse'))
   order by a.id limit $2)
  union all
  (select 'lateRefund', a.id, $1::bigint from attempt a
   where a.state->'lateSuccess'->>'refunded' = 'false' and a.state->'lateSuccess'->>'stuck' = 'false'
     and not exists (select 1 from task t where t.kind = 'lateRefund' and t.ref = a.id)
   order by a.id limit $2)
  union all
  (select distinct 'meterAsk', p.meter_id, $1::bigint from purchase p
   where p.status not in (${over}) and p.status in ('paid', 'issued', 'unknown') and p.card_id is null
     and not exists (select 1 from task t where t.kind = 'meterAsk' and t.ref = p.meter_id)
   order by p.meter_id limit $2))
insert into task (kind, ref, due_at, attempt, lease, lease_until)
select kind, ref, due_at, 0, null, null from missing on conflict (kind, ref) do nothing`;

export function sqlTaskRows(db: Pool): TaskRows {
  return {
    async addStaffTask({ id, kind, ref, doc, createdAt }) {
      await db.query(
        `insert into staff_task (id, kind, ref, doc, created_at) values ($1, $2, $3, $4, $5)
         on conflict (id) do update set created_at = excluded.created_at, doc = excluded.doc, closed_at = null,
           closed_by = null, words = null, alarm_at = null
         where staff_task.closed_at is not null`,
        [id, kind, ref, JSON.stringify(doc), createdAt],
      );
    },
    async restoreTasks(now, limit) {
      const done = await db.query(lost, [now, limit]);
      return done.rowCount ?? 0;
    },
  };
}
