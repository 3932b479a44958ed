-- A maker's cards of an old system are believed between two instants (protocol, "What each insertion does", 4).
-- opened_by: who decided it.
create table adoption_window (
  id text primary key,
  unit_id text not null,
  layout text not null,
  from_at bigint not null,
  until_at bigint not null,
  purchases_most integer not null,
  credited_most bigint not null,
  opened_by jsonb not null,
  opened_at bigint not null
);
create index adoption_window_unit on adoption_window (unit_id, until_at);

-- What the meter is told to charge by the card that this script writes; null: nothing new.
alter table card_write add column price jsonb;
