-- Prepay, payments at a counter, money paid out another way: what purchases and attempts know since, for those stored before.

update purchase set state = state || '{"yielding": false}'::jsonb where not state ? 'yielding';
update purchase
  set state = jsonb_set(state, '{refund}', '{"why": null, "paidOut": null}'::jsonb || (state->'refund'))
  where jsonb_typeof(state->'refund') = 'object' and not (state->'refund') ? 'paidOut';

update attempt
  set state = '{"prepayId": null, "closeWanted": false, "closeCalls": 0, "drawerId": null, "endedAt": null}'::jsonb || state
  where not state ? 'prepayId';
update attempt
  set state = jsonb_set(state, '{lateSuccess}', '{"paidOut": null}'::jsonb || (state->'lateSuccess'))
  where jsonb_typeof(state->'lateSuccess') = 'object' and not (state->'lateSuccess') ? 'paidOut';
