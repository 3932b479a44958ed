-- Registration: names, addresses, devices, tariffs, terminals, people's work. Plain rows, not guarded by versions.
-- Instants are bigint milliseconds since the epoch, money is integer fen, gas integer litres.

-- 缴费单位. settings: the company's switches and its merchant references (never secrets).
create table company_unit (
  id text primary key,
  name text not null,
  company_name text not null,
  hotline text not null,
  settings jsonb not null
);

create table holder (
  id text primary key,
  name text not null,
  kind text not null check (kind in ('person', 'organisation')),
  phone text,
  persons integer not null default 0,
  document jsonb not null
);

create table address (
  id text primary key,
  district text not null,
  community text not null,
  building text not null,
  unit text not null,
  room text not null,
  full_text text not null
);

-- id = account id; number = 用户号. household: what about it matters for the price.
create table account_registration (
  id text primary key,
  number text not null unique,
  unit_id text not null,
  holder_id text not null,
  address_id text not null,
  customer_kind text not null,
  tariff_id text,
  household jsonb not null,
  opened_at bigint not null
);
create index account_registration_unit on account_registration (unit_id, number);
create index account_registration_holder on account_registration (holder_id);

-- id = meter id. ceiling: most it takes, in litres or fen as `counts` says. old_indexes: of meters it replaced.
create table meter_registration (
  id text primary key,
  kind text not null check (kind in ('ordinary', 'ic', 'iot')),
  settlement text not null check (settlement in ('meter', 'centre')),
  counts text not null check (counts in ('volume', 'money')),
  serial text not null unique,
  account_id text,
  model text not null,
  ceiling bigint,
  installed_at bigint,
  old_indexes jsonb not null
);
create index meter_registration_account on meter_registration (account_id);

create table controller (
  id text primary key,
  kind text not null check (kind in ('ic', 'iot')),
  serial text not null unique,
  meter_id text,
  account_id text,
  replaced_at bigint,
  index_l bigint
);
create index controller_meter on controller (meter_id);
create index controller_account on controller (account_id);

create table tariff (
  id text primary key,
  unit_id text not null,
  name text not null,
  customer_kind text not null
);

-- Never edited: a new price is a new version.
create table tariff_version (
  id text primary key,
  tariff_id text not null,
  effective_from bigint not null,
  doc jsonb not null,
  unique (tariff_id, effective_from)
);

create table deduction_rule (
  id text primary key,
  unit_id text not null,
  effective_from bigint not null,
  effective_until bigint,
  doc jsonb not null
);
create index deduction_rule_unit on deduction_rule (unit_id);

-- settled_by: the purchase that paid it.
create table debt (
  id text primary key,
  account_id text not null,
  amount_fen bigint not null,
  kind text not null,
  created_at bigint not null,
  settled_by text
);
create index debt_account on debt (account_id);

create table terminal (
  id text primary key,
  unit_id text not null,
  name text not null,
  kind text not null check (kind in ('kiosk', 'desk', 'phone')),
  public_key text not null,
  paired_at bigint not null,
  revoked_at bigint,
  last_seen_at bigint
);

-- One-time, stored as a hash only.
create table pairing_code (
  hash text primary key,
  terminal_id text not null,
  expires_at bigint not null,
  used_at bigint
);

create table card_session (
  id text primary key,
  terminal_id text not null,
  power_up_id text not null,
  reader text not null,
  atr text,
  card_id text,
  account_id text,
  created_at bigint not null,
  ended_at bigint,
  doc jsonb not null
);
create index card_session_terminal on card_session (terminal_id, created_at);
create index card_session_card on card_session (card_id, created_at);

-- id = script id. before and after: images as lower-case hex.
create table card_write (
  id text primary key,
  purchase_id text not null,
  card_id text not null,
  terminal_id text not null,
  kind text not null,
  before text not null,
  after text not null,
  issued_at bigint not null,
  report jsonb,
  reported_at bigint
);
create index card_write_purchase on card_write (purchase_id);
create index card_write_card on card_write (card_id, issued_at);

-- What only people can decide.
create table staff_task (
  id text primary key,
  kind text not null,
  ref text not null,
  doc jsonb not null,
  created_at bigint not null,
  closed_at bigint
);
create index staff_task_ref on staff_task (ref);
create index staff_task_age on staff_task (closed_at, created_at);

create table notice (
  id text primary key,
  kind text not null,
  account_id text,
  doc jsonb not null,
  created_at bigint not null,
  sent_at bigint
);
create index notice_account on notice (account_id, created_at);

-- A chain per writer: each row's hash covers its content and the row before it.
create table audit (
  chain text not null,
  seq bigint not null,
  at bigint not null,
  actor text not null,
  action text not null,
  subject text not null,
  doc jsonb not null,
  previous_hash text not null,
  hash text not null,
  primary key (chain, seq)
);
create index audit_subject on audit (subject, at);
