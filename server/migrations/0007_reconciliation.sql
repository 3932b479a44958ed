-- Reconciliation (对账): bills as they were fetched, their lines, days, and what differs.
-- Instants are bigint milliseconds since the epoch, days "YYYY-MM-DD" in Asia/Shanghai, money is integer fen.

-- Copies out of `state`, so that a day's payments are found and joined without reading it.
alter table attempt add column amount_fen bigint;
alter table attempt add column paid_at bigint;
update attempt set amount_fen = (state->>'amountFen')::bigint, paid_at = (state->>'paidAt')::bigint;
alter table purchase add column paid_at bigint;
alter table purchase add column paid_attempt_id text;
alter table purchase add column refund_no text;
alter table purchase add column refund_fen bigint;
alter table purchase add column refunded_at bigint;
update purchase set
  paid_at = (state->>'paidAt')::bigint,
  paid_attempt_id = state->>'paidAttemptId',
  refund_no = state->'refund'->>'no',
  refund_fen = (state->'refund'->>'amountFen')::bigint,
  refunded_at = (state->'refund'->>'refundedAt')::bigint;
-- Holds all that the comparison with a bill needs, so that the table itself is not read.
create index attempt_paid on attempt (channel, paid_at) include (out_trade_no, amount_fen) where paid_at is not null;
create index purchase_paid on purchase (paid_at) where paid_at is not null;
create index purchase_refunded on purchase (refunded_at) where refunded_at is not null;
create index purchase_refund_no on purchase (refund_no) where refund_no is not null;

-- One fetched file, kept unchanged under its hash in the data folder. `empty`: the gateway says that nothing happened;
-- `refused`: the file was not believed, `problem` says why, and no line of it was imported.
create table bill (
  id text primary key,
  channel text not null,
  day text not null,
  kind text not null check (kind in ('trade', 'fund', 'bank')),
  format text,
  sha256 text not null,
  size_bytes bigint not null,
  state text not null check (state in ('stored', 'imported', 'refused', 'empty')),
  problem jsonb,
  summary jsonb,
  fetched_at bigint not null,
  imported_at bigint,
  unique (channel, day, kind, sha256)
);

-- `bill` counts bills as they are imported: eight bytes instead of an id in each of a million lines.
create table bill_line (
  bill bigint not null,
  line integer not null,
  kind text not null,
  out_trade_no text,
  refund_no text,
  transaction_id text not null,
  amount_fen bigint not null,
  fee_fen bigint not null,
  at bigint not null,
  party text,
  primary key (bill, line)
);
alter table bill add column number bigint unique;

-- A day of a channel: due → imported → compared → closed. `next_at`: when something is to be done for it by itself, by
-- whichever server takes the lease first. `run` counts comparisons.
create table reconciliation_day (
  channel text not null,
  day text not null,
  state text not null check (state in ('due', 'imported', 'compared', 'closed')),
  next_at bigint,
  lease text,
  lease_until bigint,
  tries integer not null default 0,
  answer jsonb,
  trade_bill_id text,
  fund_bill_id text,
  run integer not null default 0,
  figures jsonb,
  compared_at bigint,
  closed_at bigint,
  closed_by text,
  primary key (channel, day)
);
create index reconciliation_day_next on reconciliation_day (next_at) where next_at is not null;

-- What stands on one side only, or differs. theirs_fen, ours_fen: positive, null where the side has nothing.
-- judged_at null: found, and not looked at yet.
create table reconciliation_difference (
  id text primary key,
  channel text not null,
  day text not null,
  comparison text not null,
  side text not null check (side in ('theirs', 'ours', 'both')),
  kind text not null,
  class text not null,
  state text not null check (state in ('waiting', 'open', 'assigned', 'resolved')),
  reason text not null,
  handling text not null,
  blocks_refund boolean not null,
  out_trade_no text,
  refund_no text,
  transaction_id text,
  theirs_fen bigint,
  ours_fen bigint,
  attempt_id text,
  purchase_id text,
  at bigint not null,
  seen_run integer not null,
  found_at bigint not null,
  judged_at bigint,
  asked_at bigint,
  asked integer not null default 0,
  answer jsonb,
  assigned_to text,
  resolved_at bigint,
  resolved_by jsonb
);
create index reconciliation_difference_day on reconciliation_difference (channel, day, id);
create index reconciliation_difference_order on reconciliation_difference (channel, out_trade_no);
create index reconciliation_difference_open on reconciliation_difference (channel, id) where state <> 'resolved';

-- What happened to a difference, in order. Never edited.
create table reconciliation_note (
  id text primary key,
  difference_id text not null,
  at bigint not null,
  actor text not null,
  action text not null,
  doc jsonb not null
);
create index reconciliation_note_difference on reconciliation_note (difference_id, at);

-- The ledger entries that reconciliation made, so that they are told from the business' own.
create table reconciliation_entry (
  event_id text primary key,
  channel text not null,
  day text not null,
  kind text not null,
  amount_fen bigint not null,
  at bigint not null
);
create index reconciliation_entry_day on reconciliation_entry (channel, day);

-- Order numbers of other terminals on our merchant numbers.
create table reconciliation_ignore (
  channel text not null,
  prefix text not null,
  note text not null,
  added_at bigint not null,
  added_by jsonb not null,
  primary key (channel, prefix)
);

-- Money that came to the company's bank account; `difference_id` names the payout that it is.
create table bank_credit (
  id text primary key,
  bill_id text not null,
  unit_id text not null,
  day text not null,
  reference text not null,
  party text not null,
  amount_fen bigint not null,
  payout_id text
);
create index bank_credit_open on bank_credit (payout_id, day);
