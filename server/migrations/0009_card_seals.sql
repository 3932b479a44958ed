-- One challenge for each seal of a script: the row is there before the command leaves the centre.
create table card_seal (
  script_id text not null,
  step integer not null,
  challenge text not null,
  sealed_at bigint not null,
  primary key (script_id, step)
);
