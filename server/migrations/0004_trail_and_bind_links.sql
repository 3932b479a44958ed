-- The story of all sales is read in the order of time.
create index event_at on event (at);

-- One-time links of receipts that open binding. Stored as a hash only; one per printed receipt. used_at: bound by it.
create table bind_link (
  hash text primary key,
  account_id text not null,
  purchase_id text not null,
  created_at bigint not null,
  expires_at bigint not null,
  used_at bigint
);
create index bind_link_purchase on bind_link (purchase_id);
