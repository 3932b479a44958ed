-- People of the staff, what two of them decide, cashiers' drawers, and the progress of tasks and notices.
-- Instants are bigint milliseconds since the epoch, money is integer fen.

create table staff (
  id text primary key,
  name text not null,
  roles jsonb not null,
  created_at bigint not null,
  disabled_at bigint
);

-- Bearer tokens: `id` stands in the token in the clear, of its secret half only the hash is kept. A signed-in session is
-- such a token with an end.
create table staff_token (
  id text primary key,
  staff_id text not null,
  hash text not null,
  created_at bigint not null,
  expires_at bigint,
  revoked_at bigint
);
create index staff_token_staff on staff_token (staff_id);

-- proposed → confirmed → done | failed, or → rejected | withdrawn. open_key: one undecided proposal per kind and thing.
-- A confirmed one is carried out at next_at, again and again until it is done or refused.
create table proposal (
  id text primary key,
  kind text not null,
  ref text not null,
  doc jsonb not null,
  evidence text not null,
  fingerprint text not null,
  maker_id text not null,
  made_at bigint not null,
  state text not null check (state in ('proposed', 'confirmed', 'done', 'failed', 'rejected', 'withdrawn')),
  open_key text unique,
  checker_id text,
  decided_at bigint,
  words text,
  tries integer not null default 0,
  next_at bigint,
  done_at bigint,
  outcome jsonb
);
create index proposal_made on proposal (made_at, id);
create index proposal_ref on proposal (ref);
create index proposal_next on proposal (next_at);

-- The cash in it is the ledger's `drawer:ID`; whether it is open, and whose, stands in the log of the account `id`.
create table drawer (
  id text primary key,
  unit_id text not null,
  name text not null,
  created_at bigint not null,
  unique (unit_id, name)
);

-- closed_by: a member of the staff, or null where its cause was gone. alarm_at: when its age is next an alarm.
alter table staff_task add column closed_by text;
alter table staff_task add column words text;
alter table staff_task add column alarm_at bigint;
create index staff_task_made on staff_task (created_at, id);

-- due_at: when it is next tried; null once it was sent or given up (`failed` says why).
alter table notice add column purchase_id text;
alter table notice add column due_at bigint;
alter table notice add column tries integer not null default 0;
alter table notice add column failed text;
create index notice_due on notice (due_at);
create index notice_purchase on notice (purchase_id);
