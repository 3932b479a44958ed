-- What servers share besides rows of business: secrets they made (the first one's stays), and marks such as the demo's.
create table server_value (
  name text primary key,
  value text not null
);

-- A terminal is registered before it is paired.
alter table terminal alter column public_key drop not null;
alter table terminal alter column paired_at drop not null;
create index pairing_code_terminal on pairing_code (terminal_id);

-- Signed requests seen lately: a second one with the same nonce is a replay.
create table terminal_nonce (
  terminal_id text not null,
  nonce text not null,
  expires_at bigint not null,
  primary key (terminal_id, nonce)
);

-- The meter's index when the controller was mounted and when it came off; `index_l` is the controller's own.
alter table controller add column mounted_at bigint;
alter table controller add column meter_index_l bigint;
alter table controller add column replaced_by text;
