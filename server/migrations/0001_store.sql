-- The guarded aggregates, their event log, the ledger, the tasks: all that the store's one write path writes.
--
-- Portable to every server that speaks PostgreSQL's protocol, distributed ones included: ids are made by the client,
-- nothing runs inside the database but plain statements. Instants are bigint milliseconds since the epoch, money is
-- integer fen, gas integer litres.
--
-- `state` holds the aggregate whole; the plain columns beside it are copies for look-ups, written with it.

create table purchase (
  id text primary key,
  version integer not null,
  state jsonb not null,
  status text not null,
  account_id text not null,
  unit_id text not null,
  meter_id text not null,
  card_id text,
  number text not null unique,
  token text not null unique,
  quoted_at bigint not null,
  due_at bigint
);
create index purchase_account on purchase (account_id, quoted_at);
create index purchase_card on purchase (card_id, quoted_at);

create table attempt (
  id text primary key,
  version integer not null,
  state jsonb not null,
  status text not null,
  purchase_id text not null,
  channel text not null,
  out_trade_no text not null unique
);
create index attempt_purchase on attempt (purchase_id);

create table account (
  id text primary key,
  version integer not null,
  state jsonb not null,
  unit_id text not null
);

-- A replacement card may carry the number of the card it replaces.
create table card (
  id text primary key,
  version integer not null,
  state jsonb not null,
  status text not null,
  card_number text not null,
  account_id text not null
);
create index card_number on card (card_number);
create index card_account on card (account_id);

create table meter (
  id text primary key,
  version integer not null,
  state jsonb not null,
  account_id text not null
);
create index meter_account on meter (account_id);

create table tier_position (
  id text primary key,
  version integer not null,
  state jsonb not null,
  account_id text not null,
  cycle_key text not null,
  unique (account_id, cycle_key)
);

-- The log of each subject: seq is the version that the event made.
create table event (
  event_id text primary key,
  subject_kind text not null,
  subject_id text not null,
  seq integer not null,
  at bigint not null,
  event jsonb not null,
  unique (subject_kind, subject_id, seq)
);

-- Double entry: debit positive, credit negative, each event's postings sum to zero in each commodity.
create table posting (
  event_id text not null,
  seq integer not null,
  account text not null,
  commodity text not null,
  amount bigint not null,
  at bigint not null,
  primary key (event_id, seq)
);
create index posting_account on posting (account, at);

-- Running sums of postings. One row per writer, so that servers and lanes don't queue for the same row: the balance of
-- an account is the sum over its lanes.
create table ledger_balance (
  account text not null,
  commodity text not null,
  lane text not null,
  amount bigint not null,
  primary key (account, commodity, lane)
);

-- What is to be done, asked for in the same statement as the event that asks. Claimed for a while (the lease); a
-- claimant that dies lets the lease lapse.
create table task (
  kind text not null,
  ref text not null,
  due_at bigint not null,
  attempt integer not null,
  lease text,
  lease_until bigint,
  primary key (kind, ref)
);
create index task_due on task (due_at);

-- Kept for ever. A table of its own, keyed by the key alone: so it stays unique where tables are spread over machines.
create table idempotency (
  key text primary key,
  fingerprint text not null,
  subject_id text not null,
  event_id text not null,
  at bigint not null
);
