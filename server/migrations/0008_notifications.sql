-- What gateways send by themselves, kept as it came before anything is made of it. `body` is the bytes' base64.
-- `gateway_id` is the gateway's own and null for what was refused; `verdict` is what reading it gave, `result` what came
-- of it. processed_at null: still to be done.
create table notification (
  id text primary key,
  channel text not null,
  gateway_id text,
  received_at bigint not null,
  headers jsonb not null,
  body text not null,
  verdict jsonb not null,
  result text,
  processed_at bigint,
  unique (channel, gateway_id)
);
create index notification_open on notification (processed_at, received_at);
create index notification_received on notification (channel, received_at);

-- Refused ones are kept up to a number per hour, and counted beyond it.
create table notification_refusal (
  channel text not null,
  hour bigint not null,
  count integer not null,
  primary key (channel, hour)
);

-- What purchases and attempts know since, for those stored before.
update attempt set state = '{"payer": null, "oddFen": null}'::jsonb || state where not state ? 'payer';
update attempt
  set state = jsonb_set(state, '{lateSuccess}', '{"failures": 0, "stuck": false, "why": null}'::jsonb || (state->'lateSuccess'))
  where jsonb_typeof(state->'lateSuccess') = 'object' and not (state->'lateSuccess') ? 'stuck';
update purchase
  set state = jsonb_set(state, '{refund}', '{"sentAt": null, "failures": 0}'::jsonb || (state->'refund'))
  where jsonb_typeof(state->'refund') = 'object' and not (state->'refund') ? 'failures';

-- The janitor asks for these every half minute: they are few, among all that is over.
create index purchase_unfinished on purchase (id) where status not in ('delivered', 'refunded', 'void');
create index attempt_unfinished on attempt (id) where status in ('created', 'submitted', 'pending', 'reversing');
create index attempt_late on attempt (id) where state->'lateSuccess'->>'refunded' = 'false';
