-- The one order in which card sessions open and card scripts are made, over all servers. Sessions from before have no
-- place in it: their images count for nothing any more, and the card is read anew.
create sequence card_turn as bigint;
alter table card_session add column turn bigint;
