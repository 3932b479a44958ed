-- The orders that a bill names twice are told while it is read, so that nobody looks for them among a million lines.
alter table bill_line add column repeated boolean;
update bill_line l set repeated = true where exists (
  select 1 from bill_line f where f.bill = l.bill and f.line < l.line and f.kind = l.kind
    and f.out_trade_no = l.out_trade_no and f.refund_no is not distinct from l.refund_no);
-- The few lines that are compared one by one.
create index bill_line_special on bill_line (bill, kind) where kind <> 'payment' or repeated;
-- With the attempt's id it holds all that sums up what was booked, so that the attempts themselves are not read.
create index attempt_paid_day on attempt (channel, paid_at) include (id, out_trade_no, amount_fen)
  where paid_at is not null;
drop index attempt_paid;
