-- Holds all that the comparison of a day's deliveries needs, so that the purchases themselves are not read.
create index purchase_paid_day on purchase (paid_at) include (id, status, paid_attempt_id) where paid_at is not null;
drop index purchase_paid;
