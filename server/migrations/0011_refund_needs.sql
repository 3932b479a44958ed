-- What a card's secret is known of, and what a purchase's refund needs: as new cards and purchases begin.
update card set state = state || '{"secret": {"version": 0, "pending": null, "onPhone": false}}'
  where state->'secret' is null;
update purchase
  set state = state || '{"replaced": false, "refundTried": false, "refundNeeds": "image", "awaitsMeter": false}'
  where state->'refundNeeds' is null;
