/**
 * The one statement that commits a batch of transitions (purchase-protocol, "Commit").
 *
 * It reads its items from JSON, locks the rows they guard in one fixed order, compares versions, and writes only what
 * belongs to items that passed. Why that is right although all its parts see the snapshot of its start:
 * - Rows that exist are locked first; a lock that had to wait gives the row as it is now, so the comparison is with
 *   the newest version, and nobody can change it before this statement ends.
 * - Rows, events and keys that do not exist yet can be made by another server meanwhile. Then the plain insert fails on
 *   the primary key and with it the whole statement; run again, its new snapshot shows the row and the item is stale
 *   or a replay. So nothing is ever half written, and no `on conflict` hides a loser.
 * - Items of a batch share no row (transition.ts, `keys`), so each passes or fails by itself.
 */
import type { CommitResult } from "./port.ts";
import { tableList } from "./tables.ts";
import type { Checked } from "./transition.ts";

/** `committed`: an event with this id is in the log. */
export type Verdict = CommitResult | { kind: "committed" };

type Columns = Readonly<Record<string, string>>;

/** What the items want of one table, and the locked rows as they are. */
const lockingOf = (kind: string, name: string, parameter: number): string => `
want_${kind} as materialized (
  select * from json_to_recordset($${parameter}::json) as t(i integer, id text, expected integer, state jsonb)),
have_${kind} as materialized (
  select id, version from ${name} where id = any($${parameter + 1}::text[]) order by id for update),`;

function writingOf(kind: string, name: string, columns: Columns): string {
  const values = Object.values(columns).map((expression) => expression.replace("state->>", "w.state->>"));
  const sets = Object.keys(columns).map((column, index) => `${column} = ${values[index]}`);
  return `
put_${kind} as (
  update ${name} as t set version = w.expected + 1, state = w.state, ${sets.join(", ")}
  from want_${kind} w join passed using (i)
  where t.id = w.id and t.version = w.expected and w.expected > 0 and w.state is not null),
new_${kind} as (
  insert into ${name} (id, version, state, ${Object.keys(columns).join(", ")})
  select w.id, 1, w.state, ${values.join(", ")}
  from want_${kind} w join passed using (i) where w.expected = 0 and w.state is not null),`;
}

const staleOf = (kind: string): string => `
  select w.i from want_${kind} w left join have_${kind} h on h.id = w.id where coalesce(h.version, 0) <> w.expected`;

/**
 * Parameters: items, postings, added tasks, dropped tasks, ledger lane, event ids, idempotency keys, then per aggregate
 * table its list and the ids in it. Look-ups go by `= any(array)`, which can only be answered through the index: a join
 * would be planned as a walk through the whole table while that is small, and the plan is kept when it has grown.
 */
const firstTable = 8;

function statement(): string {
  const locking = tableList.map(({ kind, table }, index) => lockingOf(kind, table.name, firstTable + 2 * index));
  const writing = tableList.map(({ kind, table }) => writingOf(kind, table.name, table.columns));
  return `with
item as materialized (
  select * from json_to_recordset($1::json) as t(i integer, event_id text, at bigint, subject_kind text,
    subject_id text, seq integer, event jsonb, key text, fingerprint text)),
known_event as materialized (
  select event_id from event where event_id = any($6::text[])),
known_key as materialized (
  select key, fingerprint, subject_id from idempotency where key = any($7::text[])),
${locking.join("")}
stale as materialized (${tableList.map(({ kind }) => staleOf(kind)).join("\n  union all")}),
passed as materialized (
  select * from item where i not in (select i from stale)
  and event_id not in (select event_id from known_event)
  and (key is null or key not in (select key from known_key))),
${writing.join("")}
new_event as (
  insert into event (event_id, subject_kind, subject_id, seq, at, event)
  select event_id, subject_kind, subject_id, seq, at, event from passed),
new_key as (
  insert into idempotency (key, fingerprint, subject_id, event_id, at)
  select key, fingerprint, subject_id, event_id, at from passed where key is not null),
line as materialized (
  select p.event_id, l.seq, l.account, l.commodity, l.amount, p.at
  from json_to_recordset($2::json) as l(i integer, seq integer, account text, commodity text, amount bigint)
  join passed p using (i)),
new_posting as (
  insert into posting (event_id, seq, account, commodity, amount, at)
  select event_id, seq, account, commodity, amount, at from line),
balance as (
  insert into ledger_balance (account, commodity, lane, amount)
  select account, commodity, $5::text, sum(amount)::bigint from line group by account, commodity
  order by account, commodity
  on conflict (account, commodity, lane) do update set amount = ledger_balance.amount + excluded.amount),
asked as (
  insert into task (kind, ref, due_at, attempt, lease, lease_until)
  select a.kind, a.ref, a.due_at, 0, null, null
  from json_to_recordset($3::json) as a(i integer, kind text, ref text, due_at bigint) join passed using (i)
  order by a.kind, a.ref
  on conflict (kind, ref) do update
    set due_at = excluded.due_at, attempt = 0, lease = null, lease_until = null),
dropped as (
  delete from task t using json_to_recordset($4::json) as d(i integer, kind text, ref text), passed p
  where p.i = d.i and t.kind = d.kind and t.ref = d.ref)
select item.i, passed.i is not null as done, e.event_id is not null as committed, k.subject_id, k.fingerprint
from item left join passed using (i)
  left join known_event e on e.event_id = item.event_id
  left join known_key k on k.key = item.key`;
}

export const batchStatement = { name: "commit-batch", text: statement() };

export interface BatchRow {
  i: number;
  done: boolean;
  committed: boolean;
  subject_id: string | null;
  fingerprint: string | null;
}

/** The statement's parameters. `i` ties the lists together. */
export function batchParameters(batch: readonly Checked[], lane: string): (string | string[])[] {
  const items = batch.map(({ transition: t, seq }, i) => ({
    i,
    event_id: t.eventId,
    at: t.at,
    subject_kind: t.subject.kind,
    subject_id: t.subject.id,
    seq,
    event: t.event,
    key: t.idempotency?.key,
    fingerprint: t.idempotency?.fingerprint,
  }));
  const lines = batch.flatMap(({ transition }, i) => transition.postings.map((line, seq) => ({ i, seq, ...line })));
  const asked = batch.flatMap(({ add }, i) => add.map(({ kind, ref, dueAt }) => ({ i, kind, ref, due_at: dueAt })));
  const dropped = batch.flatMap(({ drop }, i) => drop.map(({ kind, ref }) => ({ i, kind, ref })));
  const lists = new Map<string, { i: number; id: string; expected: number; state?: unknown }[]>(
    tableList.map(({ kind }) => [kind, []]),
  );
  for (const [i, { writes, guards }] of batch.entries()) {
    for (const { kind, id, expected, state } of writes) lists.get(kind)?.push({ i, id, expected, state });
    for (const { kind, id, expected } of guards) lists.get(kind)?.push({ i, id, expected });
  }
  return [
    JSON.stringify(items),
    JSON.stringify(lines),
    JSON.stringify(asked),
    JSON.stringify(dropped),
    lane,
    items.map(({ event_id }) => event_id),
    items.flatMap(({ key }) => key ?? []),
    ...tableList.flatMap(({ kind }) => {
      const list = lists.get(kind) ?? [];
      return [JSON.stringify(list), list.map(({ id }) => id)];
    }),
  ];
}

/** @throws when the answer doesn't cover the batch: the statement is broken. */
export function verdicts(batch: readonly Checked[], rows: readonly BatchRow[]): Verdict[] {
  const byItem = new Map(rows.map((row) => [row.i, row]));
  return batch.map(({ transition }, i): Verdict => {
    const row = byItem.get(i);
    if (row === undefined) throw new Error(`no answer for event ${transition.eventId}`);
    if (row.done) return { kind: "done" };
    if (row.committed) return { kind: "committed" };
    if (row.subject_id !== null) {
      const sameRequest = row.fingerprint === transition.idempotency?.fingerprint;
      return { kind: "replay", subjectId: row.subject_id, sameRequest };
    }
    return { kind: "stale" };
  });
}
