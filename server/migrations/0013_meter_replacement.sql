-- 换表: what took the meter's place, and when; index_l: its own index when it was mounted, null where nobody wrote it down.
alter table meter_registration add column index_l bigint;
alter table meter_registration add column replaced_at bigint;
alter table meter_registration add column replaced_by text;
